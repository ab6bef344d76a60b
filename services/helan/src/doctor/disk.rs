//! The disk under the data directory: is it a local one, has it room, and does it keep what it was told to keep?

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use helan_log::LogUrl;

use super::{Examined, Finding};
use crate::backup::unfinished;

const MIB: u64 = 1 << 20;
/// Less than this is full within minutes of load.
const FULL: u64 = 256 * MIB;
/// Less than this, or than a tenth, asks for attention.
const TIGHT: u64 = 2048 * MIB;
/// A disk that takes longer to sync holds up every acknowledgement.
const SLOW: Duration = Duration::from_millis(100);

pub(super) fn check(examined: &Examined) -> Vec<Finding> {
    let dir = &examined.data_dir;
    let lake = (examined.lake.scheme() == "file").then(|| examined.lake.to_file_path().ok()).flatten();
    let embedded = LogUrl::directory(&examined.log_url);
    let used: Vec<PathBuf> = embedded.into_iter().chain(lake).collect();
    if used.is_empty() {
        return vec![Finding::ok(
            "data_directory",
            "日志与数据湖都不在本机",
            "neither the log nor the lake lies on this machine",
        )];
    }
    if !dir.is_dir() {
        return vec![absent(dir)];
    }
    let half = used.iter().chain([dir]).find_map(|path| unfinished::marked(path));
    let mut findings = vec![match half {
        Some(half) => unrestored(&half),
        None => Finding::ok("data_directory", dir.display().to_string(), dir.display().to_string()),
    }];
    // Log and lake may lie on other disks than the directory that holds the rest.
    let mut seen = Vec::new();
    for place in used.iter().map(|path| existing(path)) {
        let disk = fs::metadata(&place).map(|metadata| metadata.dev()).ok();
        if seen.contains(&disk) {
            continue;
        }
        seen.push(disk);
        let kind = helan_log::embedded::file_system(&place).map_err(|error| error.to_string());
        findings.push(file_system(&place, kind));
        findings.push(match rustix::fs::statvfs(&place) {
            Ok(space) => room(&place, space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize),
            Err(error) => failed("disk_space", &place, &error.into()),
        });
        findings.push(match probe(&place) {
            Ok(took) => synced(&place, took),
            Err(error) => failed("disk_sync", &place, &error),
        });
    }
    findings
}

fn absent(dir: &Path) -> Finding {
    let dir = dir.display();
    Finding::warn(
        "data_directory",
        (format!("{dir} 尚不存在"), format!("{dir} is not there yet")),
        (
            "首次启动 helan up 会创建；若应已有数据，请检查 --data-dir",
            "the first start of helan up makes it; if there should be data, look at --data-dir",
        ),
    )
}

/// A restore that runs or was killed: what is there reads like a whole lake with fewer reports.
fn unrestored(dir: &Path) -> Finding {
    let (dir, mark) = (dir.display(), unfinished::MARK);
    Finding::fail(
        "data_directory",
        (
            format!("{dir} 的恢复尚未完成（有文件 {mark}）"),
            format!("the restore of {dir} is not finished (file {mark})"),
        ),
        (
            "等 helan restore 结束；若已中断，请用同一备份再运行一次",
            "wait until helan restore ends; if it was killed, run it again",
        ),
    )
}

/// The path, or the nearest directory above it that exists.
fn existing(path: &Path) -> PathBuf {
    let found = path.ancestors().find(|ancestor| ancestor.is_dir()).unwrap_or(Path::new("/"));
    // Without a slash at its end.
    found.components().collect()
}

/// Judges a file system by what kind it is.
fn file_system(place: &Path, kind: Result<helan_log::embedded::FileSystem, String>) -> Finding {
    use helan_log::embedded::FileSystem;
    let shown = place.display();
    match kind {
        Ok(FileSystem::Local) => {
            Finding::ok("file_system", format!("{shown}：本地磁盘"), format!("{shown}: a local disk"))
        }
        Ok(FileSystem::Memory) => Finding::warn(
            "file_system",
            (format!("{shown} 在内存中（tmpfs）"), format!("{shown} lies in memory (tmpfs)")),
            ("重启后数据全失；改用磁盘", "all is gone after a restart; choose a disk"),
        ),
        Ok(FileSystem::Network(name)) => Finding::fail(
            "file_system",
            (format!("{shown} 在网络文件系统 {name} 上"), format!("{shown} lies on the network file system {name}")),
            (
                "锁与落盘在其上不可靠，会丢记录；改用本地磁盘，或改用 Kafka 与对象存储",
                "locks and syncs do not keep their promise there and records get lost; choose a local disk, or Kafka \
                 and an object store",
            ),
        ),
        Err(error) => Finding::fail(
            "file_system",
            (format!("{shown}：{error}"), format!("{shown}: {error}")),
            ("检查路径与权限", "look at the path and its permissions"),
        ),
    }
}

/// Judges the room that is left.
fn room(place: &Path, free: u64, total: u64) -> Finding {
    let shown = place.display();
    let percent = free * 100 / total.max(1);
    let (free_mib, total_mib) = (free / MIB, total / MIB);
    let zh = format!("{shown}：剩余 {free_mib} MiB，共 {total_mib} MiB（{percent}%）");
    let en = format!("{shown}: {free_mib} MiB of {total_mib} MiB free ({percent} %)");
    let advice = (
        "运行 helan maintain，或扩大磁盘；写满后所有报送都会得到 503",
        "run helan maintain, or enlarge the disk; once it is full every report is answered 503",
    );
    if free < FULL {
        Finding::fail("disk_space", (zh, en), advice)
    } else if free < TIGHT || percent < 10 {
        Finding::warn("disk_space", (zh, en), advice)
    } else {
        Finding::ok("disk_space", zh, en)
    }
}

/// Writes a small file as the lake's commits are written (staged, synced, linked to its own name, which must fail the
/// second time), and deletes it. Returns the time of one sync.
fn probe(dir: &Path) -> io::Result<Duration> {
    let staged = dir.join(format!(".helan-doctor-{}#1", std::process::id()));
    let named = dir.join(format!(".helan-doctor-{}", std::process::id()));
    let outcome = (|| {
        let mut file = File::create(&staged)?;
        file.write_all(&[0x68; 4096])?;
        let started = Instant::now();
        file.sync_all()?;
        let took = started.elapsed();
        fs::hard_link(&staged, &named)?;
        File::open(dir)?.sync_all()?;
        match fs::hard_link(&staged, &named) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => {
                return Err(io::Error::other("a name could be taken twice: two commits would overwrite each other"));
            }
        }
        if fs::read(&named)? != [0x68; 4096] {
            return Err(io::Error::other("what was written was not read back"));
        }
        Ok(took)
    })();
    for path in [&staged, &named] {
        let _ = fs::remove_file(path);
    }
    outcome
}

fn synced(place: &Path, took: Duration) -> Finding {
    let (shown, ms) = (place.display(), took.as_secs_f64() * 1000.0);
    let (zh, en) = (format!("{shown}：一次落盘 {ms:.1} 毫秒"), format!("{shown}: one sync takes {ms:.1} ms"));
    if took > SLOW {
        let advice = (
            "磁盘过慢，每次确认都要等它；换更快的磁盘，或查明谁在占用",
            "too slow: every acknowledgement waits for it; use a faster disk, or find out what else uses it",
        );
        return Finding::warn("disk_sync", (zh, en), advice);
    }
    Finding::ok("disk_sync", zh, en)
}

fn failed(check: &'static str, place: &Path, error: &io::Error) -> Finding {
    let shown = place.display();
    Finding::fail(
        check,
        (format!("{shown}：{error}"), format!("{shown}: {error}")),
        ("检查运行用户对该目录的读写权限及磁盘状态", "look at what the service's user may do there, and at the disk"),
    )
}

#[cfg(test)]
mod tests {
    use helan_log::embedded::FileSystem;

    use super::super::Outcome::{Fail, Ok as Fine, Warn};
    use super::*;

    #[test]
    fn file_systems_are_judged_by_kind() {
        let judge = |kind| file_system(Path::new("/d"), kind).outcome;
        assert_eq!(judge(Ok(FileSystem::Local)), Fine);
        assert_eq!(judge(Ok(FileSystem::Memory)), Warn);
        assert_eq!(judge(Ok(FileSystem::Network("NFS"))), Fail);
        assert_eq!(judge(Err("gone".to_owned())), Fail);
    }

    #[test]
    fn room_is_judged_by_bytes_and_by_share() {
        let judge = |free_mib: u64, total_mib: u64| room(Path::new("/d"), free_mib * MIB, total_mib * MIB).outcome;
        assert_eq!(judge(100_000, 200_000), Fine);
        assert_eq!(judge(100_000, 2_000_000), Warn, "5 %");
        assert_eq!(judge(1_000, 2_000), Warn, "1 GiB");
        assert_eq!(judge(100, 2_000), Fail);
        assert_eq!(judge(0, 0), Fail);
    }

    #[test]
    fn a_directory_is_written_synced_and_left_as_it_was() {
        let dir = tempfile::tempdir().expect("a directory");
        let took = probe(dir.path()).expect("a sound directory");
        assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 0);
        assert_eq!(synced(dir.path(), took.min(SLOW)).outcome, Fine);
        assert_eq!(synced(dir.path(), SLOW * 2).outcome, Warn);
        // Nobody may write there, not even root.
        let error = probe(Path::new("/proc")).expect_err("not writable");
        assert_eq!(failed("disk_sync", Path::new("/proc"), &error).outcome, Fail);
    }

    #[test]
    fn a_missing_directory_is_told_and_its_parent_examined() {
        assert_eq!(absent(Path::new("/nonexistent")).outcome, Warn);
        assert_eq!(existing(Path::new("/nonexistent/lake")), Path::new("/"));
    }
}
