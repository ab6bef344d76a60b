//! One table of cases: what is judged of a whole, a part, an earlier day and an estimate, by comparator and by kind of
//! indicator, in the views and in the other path alike.

use std::collections::BTreeMap;

use helan_query::Session;
use helan_schemas::tables::Table;

use crate::agrees::{Views, differences_in};
use crate::asking::rows;
use crate::history::{Case, DAY, INDICATORS, START, Step};
use crate::world::{AREAS, COMPARATORS, Variant};

/// By indicator, state of what is above the line and below it: the verdicts against ≥, >, ≈, = and ≤ where the target is
/// half of what is known, the same, and twice as much. M met, X missed, p partial, n not reported, a not assessable, - not
/// asked of the indicator; then the comparators for which a share of the target is told, in each of the three.
///
/// A value without a line below it stands in the state above; `rd?` is R&D of a catalog that allows values below zero.
const TABLE: &str = "
rd_intensity patent_density | whole estimated | whole estimated | MMMXX MXMMM XXXXM | FFFF-
rd_intensity patent_density | area            | whole estimated | MMppp Mpppp ppppp | FF---
rd_intensity                | time            | whole estimated | MMppp Mpppp ppppp | FF---
patent_density              | time            | whole estimated | ppppp ppppp ppppp | -----
rd_intensity patent_density | whole estimated area time | time  | ppppp ppppp ppppp | -----
rd_intensity patent_density | whole estimated area time | none  | aaaaa aaaaa aaaaa | -----
rd jobs pat                 | whole estimated | *               | MMMXX MXMMM XXXXM | FFFF-
rd jobs pat                 | area            | *               | MMppp Mpppp ppppp | FF---
rd jobs                     | time            | *               | MMppp Mpppp ppppp | FF---
pat                         | time            | *               | ppppp ppppp ppppp | -----
rd?                         | whole estimated | *               | MMMXX MXMMM XXXXM | FFFF-
rd?                         | area time       | *               | ppppp ppppp ppppp | -----
share                       | whole estimated | *               | M---- M---- X---- | F----
share                       | time            | *               | p---- p---- p---- | -----
gdp pop                     | *               | whole estimated | MMMXX MXMMM XXXXM | FFFF-
gdp pop                     | *               | time            | ppppp ppppp ppppp | -----
gdp pop                     | *               | none            | nnnnn nnnnn nnnnn | -----
";
const ABOVE: [&str; 4] = ["whole", "estimated", "area", "time"];
const BELOW: [&str; 4] = ["whole", "estimated", "time", "none"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_never_judged_as_the_whole() {
    let mut wrong = Vec::new();
    for bounded in [true, false] {
        for above in ABOVE {
            for below in BELOW.iter().filter(|below| bounded || **below == "whole") {
                wrong.extend(judged(above, below, bounded).await);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn judged(above: &str, below: &str, bounded: bool) -> Vec<String> {
    let variant = Variant { linked: true, bounded, judged: true, ..Variant::default() };
    let mut steps = Vec::new();
    for (indicator, units) in [("rd", 10), ("jobs", 10), ("pat", 10), ("share", 10)] {
        steps.extend(report(indicator, units, above));
    }
    for (indicator, units) in [("gdp", 100), ("pop", 10_000)] {
        steps.extend(report(indicator, units, below));
    }
    let case = Case { variant, steps, order: 7, as_of: 1400, recorded: None };
    let mut wrong: Vec<String> = differences_in(&case, &case.variant, Views::Judged).await;
    let batch = crate::support::events(&case.csv(&case.events()));
    let tables = BTreeMap::from([(Table::Events, vec![batch])]);
    let session = Session::in_memory(case.variant.catalog(), tables, START + 2000 * DAY).expect("a session");
    let found = rows(
        &session,
        "select target_id, indicator, verdict, fulfilment is not null as told, estimated from quota_fulfilment where target_id like 'J-%'",
        case.moments().0,
        None,
    )
    .await;
    let mut by_id: BTreeMap<String, _> = found.into_iter().map(|row| (row["target_id"].clone(), row)).collect();
    for line in TABLE.lines().filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [indicators, numerators, denominators, verdicts, told] = cells[..] else { panic!("{line}") };
        let holds = |states: &str, state: &str| states == "*" || states.split(' ').any(|named| named == state);
        if !holds(numerators, above) || !holds(denominators, below) {
            continue;
        }
        for named in indicators.split_whitespace() {
            let indicator = named.trim_end_matches('?');
            if indicator == "rd" && bounded == named.ends_with('?') || (indicator == "rd_intensity" && !bounded) {
                continue;
            }
            for (level, expected) in verdicts.split_whitespace().enumerate() {
                for (at, letter) in expected.chars().enumerate().filter(|(_, letter)| *letter != '-') {
                    let id = format!("J-{indicator}-{at}-{level}");
                    let Some(row) = by_id.remove(&id) else {
                        wrong.push(format!("{id}: no row, or two lines of the table"));
                        continue;
                    };
                    let want = match letter {
                        'M' => "met",
                        'X' => "missed",
                        'p' => "partial",
                        'n' => "not_reported",
                        _ => "not_assessable",
                    };
                    let want_told = told.as_bytes()[at] == b'F';
                    let rests = match indicator {
                        "rd_intensity" | "patent_density" => above == "estimated" || below == "estimated",
                        "gdp" | "pop" => below == "estimated",
                        _ => above == "estimated",
                    };
                    let want = (want.to_owned(), want_told.to_string(), rests.to_string());
                    let have = (row["verdict"].clone(), row["told"].clone(), row["estimated"].clone());
                    if have != want {
                        wrong.push(format!(
                            "{above} over {below}, {indicator} {} target {level}: {have:?}, by the table {want:?}",
                            COMPARATORS[at]
                        ));
                    }
                }
            }
        }
    }
    by_id.retain(|_, row| {
        let indicator = row["indicator"].as_str();
        let asked = indicator != "rd_intensity" || bounded;
        asked && !matches!((indicator, above), ("share", "area"))
    });
    wrong.extend(by_id.keys().map(|id| format!("{above} over {below}: {id} is in no line of the table")));
    wrong
}

/// The report that puts an indicator of area A into a state; all of what is known is the same number of units.
fn report(indicator: &str, units: i64, state: &str) -> Option<Step> {
    let flow = matches!(indicator, "rd" | "jobs" | "gdp");
    let (area, period) = match state {
        "none" => return None,
        "area" if indicator == "share" => return None,
        "area" => ("A1", "2018"),
        "time" if flow => ("A", "2018-01-01/P6M"),
        "time" => ("A", "2018-Q2"),
        _ => ("A", "2018"),
    };
    let indicator = INDICATORS.iter().position(|known| *known == indicator).expect("an indicator");
    let area = AREAS.iter().position(|known| *known == area).expect("an area");
    Some(Step::Exact { area, indicator, period, units, estimated: state == "estimated" })
}
