//! The feed that the examples measure with.

use helan_log::{Envelope, NewRecord};
use helan_schemas::topics;

pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A submission of events of about 320 bytes, from one of five sources.
pub(crate) fn record(number: usize, events: usize) -> NewRecord {
    let source = format!("https://stats.example.cn/feeds/{}", number % 5);
    let texts: Vec<_> = (0..events).map(|index| event(&source, number * events + index)).collect();
    let envelope = Envelope {
        content_type: topics::CONTENT_TYPE_BATCH.to_owned(),
        reporter: "stats-yinchuan".to_owned(),
        submission: format!("{number:032x}"),
        received_at: 1_560_000_000_000_000 + number as i64,
        catalog: "0".repeat(64),
    };
    NewRecord { topic: topics::CITY.into(), key: source, envelope, value: format!("[{}]", texts.join(",")).into() }
}

/// One event, as JSON.
pub(crate) fn event(source: &str, number: usize) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{number:026}","source":"{source}","type":"helan.observation.reported.v1","data":{{"ref_area":"640{:03}","indicator":"rd_expenditure","time_period":"2018-{:02}","value":"{number}.25","unit":"CNY","unit_mult":4,"obs_status":"A","vintage":"preliminary","prepared_by":"王","note":"月报"}}}}"#,
        100 + number % 27,
        1 + number % 12
    )
}

/// User and system time of this process.
pub(crate) fn cpu_seconds() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| -> Outcome<f64> { Ok(fields.get(at).ok_or("no such field")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
