//! `helan`: one binary, one subcommand a role.

// `println!` and `eprintln!` panic when their reader has gone: see `say`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod allocator;
mod args;
mod backup;
mod commands;
mod connect;
mod doctor;
#[cfg(test)]
mod documented;
mod errors;
mod fronts;
mod help;
mod https;
mod lang;
mod listeners;
mod maintenance;
mod operate;
mod outcomes;
mod own;
mod paths;
mod quota;
mod requests;
mod say;
mod schedule;
mod serve;
mod settings;
mod shell;
mod show;
mod soundness;
mod tables;

use helan_runtime::telemetry::Telemetry;

use crate::args::Command;
use crate::say::note;

/// What services log unless told otherwise. Delta's kernel logs as errors what its caller handles.
const SERVICE_LOGS: &str = "info,buoyant_kernel=off,deltalake_core=warn";
/// Time that threads have to end after everything was done, or was given up.
const LAST_MOMENT: std::time::Duration = std::time::Duration::from_secs(1);
/// What commands log unless told otherwise.
/// What fails in a query is told as its answer.
const COMMAND_LOGS: &str = "warn,buoyant_kernel=off,helan_query::desk=off";

fn main() -> std::process::ExitCode {
    allocator::set();
    let (cli, resolved) = settings::parse();
    let lang = lang::Lang::resolve(cli.global.lang);
    lang.speak();
    let default_filter = if cli.command.is_service() { SERVICE_LOGS } else { COMMAND_LOGS };
    let filter = cli.global.log_filter.as_deref().unwrap_or(default_filter);
    let telemetry = match Telemetry::start(cli.global.log_format, filter, &resolved.role) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            note!("helan: {error:#}");
            return std::process::ExitCode::from(2);
        }
    };
    if resolved.asked {
        say::write(format_args!("{}", resolved.table(lang)));
        // A role goes on to say what its settings amount to.
        if !cli.command.is_service() {
            return std::process::ExitCode::SUCCESS;
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Planning nested views recurses deeply, and more so in builds that are not optimised.
        .thread_stack_size(16 * 1024 * 1024)
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(async {
                tokio::spawn(run(cli.command, lang)).await.unwrap_or_else(|error| Err(anyhow::anyhow!("{error}")))
            });
            // What still blocks now was given its time.
            runtime.shutdown_timeout(LAST_MOMENT);
            outcome
        }
        Err(error) => Err(error.into()),
    };
    telemetry.finish();
    match outcome {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => std::process::ExitCode::SUCCESS,
        // It has said why already.
        Err(error) if error.is::<commands::Ended>() => {
            let ended = error.downcast_ref::<commands::Ended>();
            ended.map_or(std::process::ExitCode::FAILURE, |ended| std::process::ExitCode::from(ended.0))
        }
        Err(error) => {
            note!("helan: {}", say::why(&error, lang));
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, lang: lang::Lang) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => commands::demo::run(args, lang).await,
        Command::Up(args) => commands::roles::up(args, lang).await,
        Command::Ingest(args) => commands::roles::ingest(args, lang).await,
        Command::Aggregate(args) => commands::roles::aggregate(args, lang).await,
        Command::Query(args) => commands::roles::query(args, lang).await,
        Command::Send(args) => commands::send::run(args, lang).await,
        Command::Rollup(args) => commands::rollup::run(args, lang).await,
        Command::Explain(args) => commands::explain::run(args, lang).await,
        Command::Export(args) => commands::export::run(args, lang).await,
        Command::Release(args) => commands::release::run(args, lang).await,
        Command::Maintain(args) => commands::maintain::run(args, lang).await,
        Command::Validate(args) => commands::validate::run(args, lang).await,
        Command::Sql(args) => commands::sql::run(args, lang).await,
        Command::Backup(args) => commands::backup::backup(args, lang).await,
        Command::Adopt(args) => commands::adopt::run(args, lang).await,
        Command::Rebuild(args) => commands::rebuild::run(args, lang).await,
        Command::Restore(args) => commands::backup::restore_into(args, lang).await,
        Command::Health(args) => commands::health::run(args).await,
        Command::Doctor(args) => commands::doctor::run(args, lang).await,
        Command::Load(args) => commands::load::run(args, lang).await,
        Command::Catalog(args) => commands::catalog::run(args, lang).await,
        Command::Credential(args) => commands::credential::run(args, lang),
        Command::Completion { shell } => commands::completion(shell),
    }
}

/// The system's number of a pipe that nobody reads.
const EPIPE: i32 = 32;

/// A reader that closed its end, such as `head`, is no failure of ours.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    // What writes CSV keeps an error's text alone.
    let told = std::io::Error::from_raw_os_error(EPIPE).to_string();
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
            || cause.to_string().ends_with(&told)
    })
}
