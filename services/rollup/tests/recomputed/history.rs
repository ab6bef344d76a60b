//! Random histories of reports, and the events that they leave in the lake.

use jiff::ToSpan;
use proptest::prelude::*;

use crate::model::parse;
use crate::world::{AREAS, GROUPS, SOURCES, Variant};

/// An event, as the model reads it.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) source: &'static str,
    pub(crate) reporter: &'static str,
    pub(crate) id: String,
    pub(crate) offset: i64,
    /// Area, indicator, period, units of 10⁻¹⁰; none = a withdrawal of `withdraws`.
    pub(crate) report: Option<Report>,
    pub(crate) withdraws: String,
    /// Microseconds since the epoch.
    pub(crate) known: i64,
    pub(crate) recorded: i64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) area: &'static str,
    pub(crate) indicator: &'static str,
    pub(crate) period: String,
    pub(crate) amount: Option<i128>,
    pub(crate) status: &'static str,
    pub(crate) vintage: Option<&'static str>,
    /// The benchmark that the event states; none = the catalog's.
    pub(crate) basis: Option<&'static str>,
    pub(crate) edition: Option<&'static str>,
    /// Whether it is what somebody printed: compared, and never counted.
    pub(crate) printed: bool,
}

/// What happens in one step; numbers choose among what there is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// One report.
    Report(Draw),
    /// A report of so many units, known in good time.
    Exact { area: usize, indicator: usize, period: &'static str, units: i64, estimated: bool },
    /// A table of one edition: R&D of the region's parts and its product, with what is near the rules on sums, and a bit of `left_out` for each that
    /// is not in it.
    Table { edition: usize, left_out: u8, cents: i64, days: i64 },
    /// Reports of parts that fill 2018; a bit of `cuts` for each month but the last: one part ends with it.
    Series { area: usize, indicator: usize, cuts: u16, cents: i64, source: usize, days: i64 },
    /// The report of an earlier step is withdrawn by its source.
    Withdraw { which: usize, days: i64 },
    /// An earlier report is said again under a new id, perhaps with another value or vintage.
    Again { which: usize, add: i64, vintage: usize, edition: usize, days: i64 },
}

/// Of what a report is made.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Draw {
    pub(crate) area: usize,
    pub(crate) indicator: usize,
    pub(crate) period: usize,
    pub(crate) cents: i64,
    pub(crate) vintage: usize,
    pub(crate) source: usize,
    pub(crate) days: i64,
    pub(crate) back: i64,
    pub(crate) missing: bool,
    pub(crate) stated: bool,
    pub(crate) edition: usize,
    pub(crate) printed: bool,
}

/// A case: a catalog, a history, an order of rows, and the moments to ask as of.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) variant: Variant,
    pub(crate) steps: Vec<Step>,
    pub(crate) order: u64,
    /// Days after 2017-01-01.
    pub(crate) as_of: i64,
    pub(crate) recorded: Option<i64>,
}

/// What is reported; the third coverage, of items, is counted and never reported.
pub(crate) const INDICATORS: [&str; 11] =
    ["rd", "gdp", "pop", "pat", "jobs", "law", "fund", "first", "second", "share", "lab"];
/// What is computed, and printed now and then.
pub(crate) const RATIOS: [&str; 2] = ["rd_intensity", "patent_density"];
/// Done or not.
const DONE: [&str; 4] = ["law", "fund", "first", "second"];
const PERIODS: [&str; 24] = [
    "2018",
    "2018",
    "2018",
    "2017",
    "2017",
    "2018-Q1",
    "2018-Q2",
    "2018-01-01/P3M",
    "2018-01-01/P6M",
    "2018-01-01/P12M",
    "2018-03",
    "2018-12",
    "2017-12",
    "2018-11",
    "2018-10-01/P3M",
    "2018-S1",
    "2018-S2",
    "2018-S2",
    "2018-Q3",
    "2018-Q4",
    "2018-01-01/P9M",
    "2018-04-01/P9M",
    "2018-02-01/P59D",
    "2018-01",
];
/// Editions with the year in which they came out; the first says nothing of an edition.
pub(crate) const EDITIONS: [(Option<&str>, u16); 4] =
    [(None, 0), (Some("e1"), 2021), (Some("e3"), 2020), (Some("e2"), 2022)];
const VINTAGES: [Option<&str>; 4] = [None, Some("preliminary"), Some("revised"), Some("final")];
pub(crate) const DAY: i64 = 86_400_000_000;
/// 2017-01-01T00:00:00Z.
pub(crate) const START: i64 = 1_483_228_800_000_000;

pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let flags = prop::array::uniform9(any::<bool>());
    let variant = ((0..4_u8, any::<bool>(), 0..3_u8, 0..4_u8), flags).prop_map(
        |(
            (move_a2, raised, date, first),
            [half_even, c_joins, linked, longer, bounded, own_trees, link_later, own_bases, moved],
        )| Variant {
            move_a2,
            raised,
            date,
            first,
            half_even,
            c_joins,
            linked,
            longer,
            bounded,
            own_trees,
            link_later,
            own_bases,
            moved,
            judged: false,
        },
    );
    let report = (
        (0..AREAS.len() + GROUPS.len(), 0..INDICATORS.len(), 0..PERIODS.len()),
        (-50..60_000_i64, 0..VINTAGES.len(), 0..SOURCES.len()),
        (
            0..1200_i64,
            0..200_i64,
            prop::bool::weighted(0.08),
            prop::bool::weighted(0.1),
            (0..EDITIONS.len(), prop::bool::weighted(0.1)),
        ),
    )
        .prop_map(
            |(
                (area, indicator, period),
                (cents, vintage, source),
                (days, back, missing, stated, (edition, printed)),
            )| {
                Step::Report(Draw {
                    area,
                    indicator,
                    period,
                    cents,
                    vintage,
                    source,
                    days,
                    back,
                    missing,
                    stated,
                    edition,
                    printed,
                })
            },
        );
    let series = (
        0..AREAS.len(),
        prop::sample::select(vec![0_usize, 1, 4]),
        // All months, all quarters, or any other cut.
        prop_oneof![Just(0x7ff_u16), Just(0b001_0010_0100), Just(0b000_0010_0000), 0..0x800_u16],
        0..9_000_i64,
        0..SOURCES.len(),
        0..1200_i64,
    )
        .prop_map(|(area, indicator, cuts, cents, source, days)| Step::Series {
            area,
            indicator,
            cuts,
            cents,
            source,
            days,
        });
    let withdraw = (0..1000_usize, 0..1200_i64).prop_map(|(which, days)| Step::Withdraw { which, days });
    let again = (0..1000_usize, -30..30_i64, 0..VINTAGES.len(), 0..EDITIONS.len(), 0..1200_i64)
        .prop_map(|(which, add, vintage, edition, days)| Step::Again { which, add, vintage, edition, days });
    let table = (0..EDITIONS.len(), any::<u8>(), 1..60_000_i64, 0..1200_i64).prop_map(
        // Mostly complete, or nearly so.
        |(edition, left_out, cents, days)| {
            let left_out = left_out & left_out.rotate_left(3);
            Step::Table { edition, left_out, cents, days }
        },
    );
    let step = prop_oneof![12 => report, 4 => series, 2 => withdraw, 4 => again, 6 => table];
    (
        variant,
        prop::collection::vec(step, 1..90),
        any::<u64>(),
        200..1500_i64,
        prop::option::weighted(0.3, 200..1500_i64),
    )
        .prop_map(|(variant, steps, order, as_of, recorded)| Case { variant, steps, order, as_of, recorded })
}

impl Case {
    /// T and R, microseconds since the epoch.
    pub(crate) fn moments(&self) -> (i64, Option<i64>) {
        (START + self.as_of * DAY, self.recorded.map(|days| START + days * DAY))
    }

    /// The events in the order of the log.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for step in &self.steps {
            let at = events.len();
            match *step {
                Step::Report(draw) => {
                    let (cents, missing) = (draw.cents, draw.missing);
                    // Of a ratio too somebody may have printed what it came to.
                    let indicator = if draw.printed && cents % 3 == 0 {
                        RATIOS[draw.indicator % 2]
                    } else {
                        INDICATORS[draw.indicator]
                    };
                    let amount = if DONE.contains(&indicator) {
                        i128::from(cents % 2 == 0) * 10_i128.pow(10)
                    } else {
                        i128::from(cents) * 10_i128.pow(8)
                    };
                    let report = Report {
                        area: place(draw.area),
                        indicator,
                        period: PERIODS[draw.period].to_owned(),
                        amount: (!missing).then_some(amount),
                        status: match cents.unsigned_abs() as usize {
                            some if missing => ["M", "Q", "L"][some % 3],
                            some if some % 7 == 3 => "E",
                            _ => "A",
                        },
                        vintage: VINTAGES[draw.vintage],
                        basis: draw.stated.then(|| stated_basis(indicator)).flatten(),
                        edition: EDITIONS[draw.edition].0,
                        printed: draw.printed,
                    };
                    events.push(event(at, draw.source, Some(report), draw.days, draw.back));
                }
                Step::Exact { area, indicator, period, units, estimated } => {
                    let report = Report {
                        area: AREAS[area],
                        indicator: INDICATORS[indicator],
                        period: period.to_owned(),
                        amount: Some(i128::from(units) * 10_i128.pow(10)),
                        status: if estimated { "E" } else { "A" },
                        ..Report::default()
                    };
                    events.push(event(at, 0, Some(report), 800, 0));
                }
                Step::Series { area, indicator, cuts, cents, source, days } => {
                    let ends: Vec<u16> = (1..12).filter(|month| cuts & (1 << (month - 1)) != 0).chain([12]).collect();
                    let firsts = std::iter::once(1).chain(ends.iter().map(|end| end + 1));
                    let mut names: Vec<String> = firsts
                        .zip(&ends)
                        .map(|(first, end)| part_of_2018(first, end + 1 - first, cents % 4 == 0))
                        .collect();
                    // Now and then one of them in two pieces that do not meet at a month's end.
                    if cents % 3 == 0 {
                        let cut = parse(&names.remove(cents as usize % names.len()));
                        let days = cut.start.until(cut.end).expect("days").get_days() + 1;
                        let next = cut.start.checked_add(15.days()).expect("a day");
                        names.extend([format!("{}/P15D", cut.start), format!("{next}/P{}D", days - 15)]);
                    }
                    for (more, period) in names.into_iter().enumerate() {
                        let report = Report {
                            area: AREAS[area],
                            indicator: INDICATORS[indicator],
                            period,
                            amount: Some((i128::from(cents) + more as i128) * 10_i128.pow(8)),
                            status: "A",
                            ..Report::default()
                        };
                        events.push(event(at + more, source, Some(report), days, 0));
                    }
                }
                Step::Table { edition, left_out, cents, days } => {
                    let cells = [
                        ("A", "rd"),
                        ("B", "rd"),
                        ("B", "gdp"),
                        ("C", "rd"),
                        ("R", "gdp"),
                        ("G", "gdp"),
                        ("B", "lab"),
                        ("G", "lab"),
                    ];
                    let told = cells.into_iter().enumerate().filter(|(bit, _)| left_out & (1 << bit) == 0);
                    for (more, (_, (area, indicator))) in told.enumerate() {
                        let report = Report {
                            area,
                            indicator,
                            period: "2018".to_owned(),
                            // Of the part that is next to nothing some say that there is none.
                            amount: match indicator {
                                "lab" if cents % 2 == 0 => None,
                                "lab" => Some(10_i128.pow(8)),
                                _ => Some((i128::from(cents) + more as i128) * 10_i128.pow(8)),
                            },
                            status: match indicator {
                                "lab" if cents % 2 == 0 => ["M", "Q", "L"][cents as usize % 3],
                                _ => "A",
                            },
                            edition: EDITIONS[edition].0,
                            ..Report::default()
                        };
                        events.push(event(at + more, 0, Some(report), days, 0));
                    }
                }
                Step::Withdraw { which, days } => {
                    let reports: Vec<&Event> = events.iter().filter(|event| event.report.is_some()).collect();
                    if let Some(earlier) = reports.get(which % reports.len().max(1)) {
                        let source =
                            SOURCES.iter().position(|(source, _)| *source == earlier.source).expect("a source of ours");
                        let withdraws = earlier.id.clone();
                        events.push(Event { withdraws, ..event(at, source, None, days, 0) });
                    }
                }
                Step::Again { which, add, vintage, edition, days } => {
                    let reports: Vec<&Event> = events.iter().filter(|event| event.report.is_some()).collect();
                    if let Some(earlier) = reports.get(which % reports.len().max(1)) {
                        let source =
                            SOURCES.iter().position(|(source, _)| *source == earlier.source).expect("a source of ours");
                        let mut report = earlier.report.clone().expect("a report");
                        (report.vintage, report.edition) = (VINTAGES[vintage], EDITIONS[edition].0);
                        report.printed |= add % 5 == 0;
                        if !DONE.contains(&report.indicator) {
                            report.amount = report.amount.map(|amount| amount + i128::from(add) * 10_i128.pow(8));
                        }
                        events.push(event(at, source, Some(report), days, 0));
                    }
                }
            }
        }
        events
    }

    /// The rows of `events` as CSV for the test rows' reader, in an order of their own.
    pub(crate) fn csv(&self, events: &[Event]) -> String {
        let mut lines: Vec<String> = events.iter().map(line).collect();
        // A small generator of our own, so that the order shrinks with the case.
        let mut state = self.order | 1;
        for at in (1..lines.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            lines.swap(at, (state >> 33) as usize % (at + 1));
        }
        let head = "source,id,ref_area,indicator,time_period,value,obs_status,vintage,basis,edition,role,known,recorded,offset,withdraws\n";
        format!("{head}{}", lines.concat())
    }
}

/// A benchmark that an event may state against the catalog's.
fn stated_basis(indicator: &str) -> Option<&'static str> {
    match indicator {
        "gdp" => Some("census-a"),
        "rd" => Some("scope-b"),
        _ => None,
    }
}

/// The name of so many months from a month on: the calendar's where it has one, or a range.
fn part_of_2018(first: u16, months: u16, range: bool) -> String {
    match months {
        1 if !range => format!("2018-{first:02}"),
        3 if !range && first % 3 == 1 => format!("2018-Q{}", first / 3 + 1),
        6 if !range && first % 6 == 1 => format!("2018-S{}", first / 6 + 1),
        _ => format!("2018-{first:02}-01/P{months}M"),
    }
}

fn place(at: usize) -> &'static str {
    AREAS.get(at).copied().unwrap_or_else(|| GROUPS[at - AREAS.len()])
}

fn event(at: usize, source: usize, report: Option<Report>, days: i64, back: i64) -> Event {
    let (source, reporter) = SOURCES[source];
    let recorded = START + days * DAY + at as i64 * 1_000_000;
    let known = recorded - back * DAY;
    Event {
        source,
        reporter,
        id: format!("e{at:04}"),
        offset: at as i64,
        report,
        withdraws: String::new(),
        known,
        recorded,
    }
}

fn line(event: &Event) -> String {
    let moment = |time: i64| jiff::Timestamp::from_microsecond(time).expect("in range").to_string();
    let blank = Report::default();
    let report = event.report.as_ref().unwrap_or(&blank);
    format!(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
        event.source,
        event.id,
        report.area,
        report.indicator,
        report.period,
        report.amount.map_or_else(String::new, helan_rollup::decimal_text),
        report.status,
        report.vintage.unwrap_or_default(),
        report.basis.unwrap_or_default(),
        report.edition.unwrap_or_default(),
        if report.printed { "printed" } else { "" },
        moment(event.known),
        moment(event.recorded),
        event.offset,
        event.withdraws,
    )
}
