//! The threads on which questions are worked out.

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
use tokio::runtime::{Builder, Runtime};

/// Their priority, of 99: a quarter is some ten steps of niceness, so that any other thread gets some eight times their share
/// of a processor.
const BEHIND: u8 = 25;

/// So many of them. They give way to the other threads of the process: reports are taken first, however many questions are
/// worked out beside them.
///
/// # Errors
/// If they cannot be started.
pub(super) fn behind_others(count: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(count)
        .thread_name("helan-sql")
        // Planning nested views recurses deeply, and more so in builds that are not optimised.
        .thread_stack_size(16 * 1024 * 1024)
        .on_thread_start(|| {
            let priority = ThreadPriorityValue::try_from(BEHIND).map(ThreadPriority::Crossplatform);
            match priority.map(set_current_thread_priority) {
                Ok(Ok(())) => {}
                other => tracing::debug!(error = ?other, "questions have the priority of everything else"),
            }
        })
        .enable_all()
        .build()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Niceness of the thread that asks: the 19th field of its `stat`, the 17th behind its name.
    fn niceness() -> i32 {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").expect("the thread's own state");
        let (_, behind_name) = stat.rsplit_once(") ").expect("a name");
        behind_name.split(' ').nth(16).and_then(|field| field.parse().ok()).expect("a number")
    }

    #[test]
    fn questions_give_way_to_what_else_the_process_does() {
        let threads = behind_others(2).expect("threads");
        let of_question = threads.block_on(threads.spawn(async { niceness() })).expect("ran");
        let of_files = threads.block_on(threads.spawn_blocking(niceness)).expect("ran");
        let least = 9.max(niceness());
        assert!(of_question >= least && of_files >= least, "{of_question}, {of_files}");
    }
}
