//! Official figures of 31 provinces, sent by 31 reporters through HTTP in two editions, come out digit for digit.
//!
//! The figures are not part of the repository: `HELAN_PANEL` names the file, `tests/run panel` runs this. Without it the
//! test says that it was skipped.

use std::collections::BTreeMap;
use std::io::Write;

use crate::harness::{Deployment, repository};

const NATION: &str = "100000";
/// The bulletin of 2018: R&D, and GDP as first released.
const FIRST: &str = "2019-08-30";
/// The yearbook of 2020, which names no day: the end of its year. GDP after the fourth economic census.
const REVISED: &str = "2020-12-31";

/// One row of the file, by column.
type Row = BTreeMap<String, String>;

#[tokio::test(flavor = "multi_thread")]
async fn official_intensities_of_31_provinces_come_out() {
    let Some(panel) = panel() else { return };
    let helan = Deployment::up(Some(&repository().join("tests/catalogs/china-2018"))).await;
    send(&helan, &panel).await;
    println!("{} rows of the panel are in the lake", panel.len());

    revised_intensities(&helan, &panel);
    first_release(&helan, &panel);
    between_the_releases(&helan, &panel);
    totals(&helan, &panel);
    growth(&helan, &panel);
    explained(&helan);
}

/// The rows of 2012 to 2019; none where the file is not named.
fn panel() -> Option<Vec<Row>> {
    let Some(path) = std::env::var_os("HELAN_PANEL") else {
        // Straight to the terminal: what a passing test prints is not shown.
        let _ = writeln!(
            std::io::stderr(),
            "\nSKIPPED china_panel: HELAN_PANEL names no file; the official figures were not checked"
        );
        return None;
    };
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("HELAN_PANEL={}: {error}", path.display()));
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let rows = reader.deserialize().map(|row: Result<Row, _>| row.expect("a row of the panel"));
    let rows: Vec<Row> = rows.filter(|row| (2012..=2019).contains(&year(row))).collect();
    assert_eq!(rows.len(), 32 * 8, "31 provinces and the nation, 2012 to 2019");
    Some(rows)
}

/// Everything by the reporter that owns it, each edition as a submission of its own.
async fn send(helan: &Deployment, panel: &[Row]) {
    let sources = std::fs::read_to_string(repository().join("tests/catalogs/china-2018/scopes.csv")).expect("scopes");
    let mut waiting = Vec::new();
    for line in sources.lines().skip(1) {
        let [reporter, area, _] = line.splitn(3, ',').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let token = helan.token(reporter);
        for csv in editions(panel, area) {
            let path = format!("/v1/submissions?source=/cn/{reporter}");
            let (status, answer) = helan.post(&path, &token, "text/csv", csv).await;
            assert_eq!(status, 202, "{reporter}: {answer:#}");
            waiting.push((token.clone(), answer["submission"].as_str().expect("a submission id").to_owned()));
        }
    }
    for (token, submission) in waiting {
        assert_eq!(helan.receipt(&token, &submission).await["state"], "accepted");
    }
}

/// An area's reports: what came first, and what came after the census.
fn editions(panel: &[Row], area: &str) -> [String; 2] {
    let heading = "ref_area,indicator,time_period,value,unit,unit_mult,vintage,basis,published_at\n";
    let (mut first, mut revised) = (heading.to_owned(), heading.to_owned());
    for row in panel.iter().filter(|row| row["adcode"] == area) {
        let year = year(row);
        // Yearbooks name no day: what each of them brought was known at the end of its year at the latest.
        let published = if year == 2018 { FIRST.to_owned() } else { format!("{}-12-31", year + 1) };
        let rd = &row["rd_yearbook_10k_yuan"];
        first += &format!("{area},rd_expenditure,{year},{rd},CNY,4,final,,{published}\n");
        let gdp = &row["gdp_first_release_100m_yuan"];
        if !gdp.is_empty() {
            first += &format!("{area},gdp,{year},{gdp},CNY,8,preliminary,economic-census-3,{FIRST}\n");
        }
        if let Some(gdp) = revised_gdp(row) {
            revised += &format!("{area},gdp,{year},{gdp},CNY,8,census-revised,economic-census-4,{REVISED}\n");
        }
    }
    [first, revised]
}

/// GDP after the census, in 100 million yuan. The file gives none for the nation, but its R&D and its intensity, from
/// which GDP follows to the digit in which it is published; 2019's intensity is rounded too far for that.
fn revised_gdp(row: &Row) -> Option<String> {
    if row["adcode"] != NATION {
        return Some(row["gdp_revised_100m_yuan"].clone());
    }
    let gdp = number(&row["rd_yearbook_10k_yuan"]) / number(&row["intensity_yearbook2020ed_pct"]) / 100.0;
    (year(row) < 2019).then(|| format!("{gdp:.1}"))
}

fn revised_intensities(helan: &Deployment, panel: &[Row]) {
    let answered = values(helan, "select ref_area || ' ' || time_period, value from rd_intensity");
    let mut worst = 0.0_f64;
    let mut right = 0;
    for row in panel.iter().filter(|row| row["adcode"] != NATION) {
        let official = number(&row["intensity_yearbook2021ed_pct"]);
        let distance = (answered[&format!("{} {}", row["adcode"], row["year"])] - official).abs();
        worst = worst.max(distance);
        right += usize::from(distance < 0.000_03);
    }
    println!("{right} of 248 provincial intensities 2012-2019 within 0.00003 points; the farthest is {worst:.9} away");
    assert_eq!(right, 248);
    for row in panel.iter().filter(|row| row["adcode"] == NATION && year(row) < 2019) {
        let official = number(&row["intensity_yearbook2021ed_pct"]);
        assert!((answered[&format!("{NATION} {}", row["year"])] - official).abs() < 0.000_03, "{row:?}");
    }
}

fn first_release(helan: &Deployment, panel: &[Row]) {
    let sql = format!(
        "select ref_area, round(value, 2) from rd_intensity_as_of('{FIRST}') where time_period = '2018' and value is not null"
    );
    let answered = values(helan, &sql);
    let provinces = panel.iter().filter(|row| row["adcode"] != NATION && row["year"] == "2018");
    let right = provinces.filter(|row| answered[&row["adcode"]] == number(&row["intensity_first_release_pct"])).count();
    println!("{right} of 31 provincial intensities of 2018 as first released, at two decimals");
    assert_eq!((right, answered.len()), (31, 31));
}

/// On any day between the releases the answer is what was known then.
fn between_the_releases(helan: &Deployment, panel: &[Row]) {
    let of_ningxia = panel.iter().find(|row| row["adcode"] == "640000" && row["year"] == "2018").expect("a row");
    let rd = number(&of_ningxia["rd_yearbook_10k_yuan"]) / 100.0;
    let (first, revised) =
        (rd / number(&of_ningxia["gdp_first_release_100m_yuan"]), rd / number(&of_ningxia["gdp_revised_100m_yuan"]));
    let days = [
        ("2019-08-29", None),
        (FIRST, Some(first)),
        ("2019-11-22", Some(first)),
        ("2020-02-29", Some(first)),
        ("2020-12-30", Some(first)),
        (REVISED, Some(revised)),
        ("2023-06-30", Some(revised)),
    ];
    let questions: Vec<_> = days
        .iter()
        .map(|(day, _)| {
            format!(
                "select '{day}' as day, value from rd_intensity_as_of('{day}') \
                 where ref_area = '640000' and time_period = '2018' and value is not null"
            )
        })
        .collect();
    let answered = values(helan, &questions.join(" union all "));
    for (day, expected) in days {
        let value = answered.get(day).copied();
        let same = match (value, expected) {
            (Some(value), Some(expected)) => (value - expected).abs() < 1e-9,
            (None, None) => true,
            _ => false,
        };
        assert!(same, "as of {day}: {value:?}, not {expected:?}");
    }
}

/// R&D of the provinces adds up to the nation's; their GDP does not, and the difference is a line of its own.
fn totals(helan: &Deployment, panel: &[Row]) {
    let sql = format!(
        "select indicator || ' ' || time_period, residual from area_values \
         where ref_area = '{NATION}' and reported is not null and children_reported = 31"
    );
    let residuals = values(helan, &sql);
    for year in 2012..=2019 {
        let residual = residuals[&format!("rd_expenditure {year}")];
        // Figures are published in 10,000 yuan with at most one decimal: 31 roundings are all that may lie between.
        assert!(residual.abs() <= 31.0 * 1_000.0, "R&D {year}: {residual} yuan between the nation and its provinces");
    }
    assert_eq!(residuals["rd_expenditure 2018"], 0.0);
    let of_2018 = |row: &&Row| row["year"] == "2018";
    let provinces = panel.iter().filter(of_2018).filter(|row| row["adcode"] != NATION);
    let sum: f64 = provinces.map(|row| number(&row["gdp_revised_100m_yuan"])).sum();
    let nation = panel.iter().filter(of_2018).find(|row| row["adcode"] == NATION).and_then(revised_gdp);
    let expected = number(&nation.expect("the nation's GDP of 2018")) - sum;
    let residual = residuals["gdp 2018"] / 1e8;
    println!("GDP 2018: the nation less its provinces is {residual:.1} (100 million yuan)");
    assert!((residual - expected).abs() < 0.05, "{residual} is not {expected}");
    assert!(residual > 5_000.0);
}

/// From 2018 to 2019 on one benchmark; the first release of 2018 under the census's 2019 is refused, with a reason.
fn growth(helan: &Deployment, panel: &[Row]) {
    let asked = "from changes where indicator = 'rd_intensity' and from_period = '2018' and to_period = '2019' \
                 and ref_area <> '100000'";
    let answered = values(helan, &format!("select ref_area, difference {asked} and is_current"));
    let official = |area: &str, year: &str| {
        let row = panel.iter().find(|row| row["adcode"] == area && row["year"] == year).expect("a row");
        number(&row["intensity_yearbook2021ed_pct"])
    };
    assert_eq!(answered.len(), 31);
    for (area, difference) in &answered {
        let expected = official(area, "2019") - official(area, "2018");
        assert!((difference - expected).abs() < 0.000_06, "{area}: {difference}, not {expected}");
    }
    println!("Ningxia 2018 to 2019: {:.2} points", answered["640000"]);
    let mixed = format!(
        "select count(*), count(difference), count(reason_zh), min(reason_code) {asked} and from_vintage = 'final / preliminary'"
    );
    assert_eq!(helan.sql(&mixed), ["31,0,31,basis_differs"]);
}

/// A national total is taken apart down to every province's report; how long that takes is printed.
fn explained(helan: &Deployment) {
    helan.run(&["rollup", "--period", "2018", "--publish"]);
    for (indicator, provinces) in [("rd_expenditure", 31), ("rd_intensity", 62)] {
        let started = std::time::Instant::now();
        let tree = helan.run(&["explain", "latest", NATION, indicator, "2018"]);
        println!("explained {indicator} of the nation in {:.1} s", started.elapsed().as_secs_f64());
        assert!(tree.contains("agrees with the published figure"), "{tree}");
        assert_eq!(tree.lines().filter(|line| line.contains("cross-check: ")).count(), provinces, "{tree}");
    }
}

fn values(helan: &Deployment, sql: &str) -> BTreeMap<String, f64> {
    let rows = helan.sql(sql).into_iter().filter_map(|line| {
        let (key, value) = line.rsplit_once(',').expect("two columns");
        value.parse().ok().map(|value| (key.to_owned(), value))
    });
    rows.collect()
}

fn year(row: &Row) -> i32 {
    row["year"].parse().expect("a year")
}

fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}
