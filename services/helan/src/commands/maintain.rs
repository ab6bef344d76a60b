//! `helan maintain`: one round of maintenance over every table of the lake.

use helan_lake::{Lake, maintain};

use crate::args::MaintainArgs;
use crate::show;

pub(crate) async fn run(args: MaintainArgs) -> anyhow::Result<()> {
    let lake = Lake::open(&args.place.lake()?).await?;
    let options =
        maintain::Options { orphan_age_ms: args.orphan_age.as_millis() as i64, ..maintain::Options::default() };
    let mut table = show::new_table();
    table.set_header(["table", "files", "into", "rows", "checkpoint", "log entries", "orphans", ""].map(show::heading));
    for (name, report) in maintain::run(&lake, &options).await? {
        table.add_row([
            name.to_owned(),
            report.files_before.to_string(),
            report.files_after.to_string(),
            report.rows.to_string(),
            report.checkpoint.map(|version| version.to_string()).unwrap_or_default(),
            report.logs_deleted.to_string(),
            report.orphans_deleted.to_string(),
            if report.backed_off { "left to another maintenance" } else { "" }.to_owned(),
        ]);
    }
    println!("{table}");
    Ok(())
}
