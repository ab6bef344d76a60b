//! A small region with everything that the rules speak of, in variants.

use jiff::civil::Date;

/// What differs between catalogs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variant {
    /// How county A2 lies: 0 in A; 1 moves to B in 2018; 2 the move is known from June 2019 only; 3 only within A.
    pub(crate) move_a2: u8,
    /// Target T1 asks 1.4 instead of 1.3, known from June 2019.
    pub(crate) raised: bool,
    /// Denominator of the density: 0 same end, 1 previous end, 2 mean.
    pub(crate) date: u8,
    /// Whose reports go first: 0 the office's; 1 the cities'; 2 the cities', known from June 2019 only; 3 neither's.
    pub(crate) first: u8,
    /// Whether shown figures round half to even.
    pub(crate) half_even: bool,
    /// Whether group G has C as a member from 2018 on.
    pub(crate) c_joins: bool,
    /// Whether the catalog declares the two scopes of R&D comparable.
    pub(crate) linked: bool,
    /// The region's R&D is due ten instead of eight months after the year, known from June 2019.
    pub(crate) longer: bool,
    /// The catalog says that R&D has no values below zero.
    pub(crate) bounded: bool,
    /// The park counts in A for jobs, and group H has B for R&D.
    pub(crate) own_trees: bool,
    /// The link between the two scopes of R&D is known from June 2019 only.
    pub(crate) link_later: bool,
    /// B has benchmarks of its own for GDP.
    pub(crate) own_bases: bool,
    /// A mill went over from A to B in 2018: a quarter of A, and so much of the R&D of 2017.
    pub(crate) moved: bool,
    /// Every comparator against every kind of indicator, for the table of cases.
    pub(crate) judged: bool,
}

/// Of the table of cases.
pub(crate) const COMPARATORS: [&str; 5] = [">=", ">", "≈", "=", "<="];

/// A target, as the model reads it.
#[derive(Clone, Debug)]
pub(crate) struct Owed {
    pub(crate) id: &'static str,
    pub(crate) area: &'static str,
    pub(crate) indicator: &'static str,
    /// Text of the value; none = not judged.
    pub(crate) value: Option<&'static str>,
    pub(crate) unit_mult: i32,
    pub(crate) comparator: &'static str,
    pub(crate) alt: Option<&'static str>,
    pub(crate) known_from: Option<Date>,
}

impl Owed {
    pub(crate) fn kind(&self) -> &'static str {
        match (self.indicator, self.comparator) {
            (_, "") => "unquantified",
            ("rd_intensity" | "patent_density", _) => "ratio",
            ("law", _) => "milestone",
            ("fund" | "fields" | "share", _) => "coverage",
            ("jobs", _) => "count",
            _ => "amount",
        }
    }
}

/// The benchmark of values of an indicator, by their periods and by when they were known; to = the first day after.
pub(crate) struct Benchmark {
    pub(crate) id: &'static str,
    /// The one area that it is about.
    pub(crate) area: Option<&'static str>,
    pub(crate) indicator: &'static str,
    pub(crate) periods: (Option<Date>, Option<Date>),
    pub(crate) known: (Option<Date>, Option<Date>),
}

pub(crate) const AREAS: [&str; 8] = ["R", "A", "B", "C", "A1", "A2", "B1", "P"];
pub(crate) const GROUPS: [&str; 3] = ["G", "H", "U"];
/// The items of coverage `fields`.
pub(crate) const ITEMS: [&str; 2] = ["first", "second"];
pub(crate) const SOURCES: [(&str, &str); 4] =
    [("/t/office/1", "office"), ("/t/office/2", "office"), ("/t/city/1", "city"), ("/t/park/1", "park")];

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

/// Since when the catalog knows its corrections.
pub(crate) fn corrected() -> Date {
    day("2019-06-01")
}

/// The indicators of the table of cases, and what is known of each.
const JUDGED: [(&str, i64); 8] = [
    ("rd_intensity", 10),
    ("patent_density", 10),
    ("rd", 10),
    ("jobs", 10),
    ("pat", 10),
    ("share", 10),
    ("gdp", 100),
    ("pop", 10_000),
];

impl Variant {
    /// Which relation holds between two areas on a day for an indicator, as known on another.
    pub(crate) fn parents(&self, child: &str, on: Date, known: Date, indicator: &str) -> Vec<(&'static str, bool)> {
        let moved = day("2018-01-01");
        match child {
            "A" | "B" | "C" => vec![("R", true)],
            "A1" => vec![("A", true)],
            "B1" => vec![("B", true)],
            "P" if self.own_trees && indicator == "jobs" => vec![("A", false), ("A", true)],
            "P" => vec![("A", false)],
            "A2" => match self.move_a2 {
                3 => vec![("A", false)],
                1 if on >= moved => vec![("B", true)],
                // Before it is known, A2 lies in A without end.
                2 if known >= corrected() && on >= moved => vec![("B", true)],
                _ => vec![("A", true)],
            },
            _ => Vec::new(),
        }
    }

    pub(crate) fn members(&self, group: &str, on: Date, indicator: &str) -> Vec<&'static str> {
        match group {
            "G" if self.c_joins && on >= day("2018-01-01") => vec!["A", "B", "C"],
            "G" | "U" => vec!["A", "B"],
            "H" if self.own_trees && indicator == "rd" => vec!["A", "P", "B"],
            "H" => vec!["A", "P"],
            _ => Vec::new(),
        }
    }

    pub(crate) fn precedence(&self, reporter: &str, known: Date) -> i32 {
        let office_first = self.first == 0 || (self.first == 2 && known < corrected());
        match (reporter, office_first) {
            ("office", _) if self.first == 3 => 5,
            ("office", true) => 1,
            ("office", false) => 9,
            ("city", _) => 5,
            _ => 7,
        }
    }

    pub(crate) fn bases(&self) -> Vec<Benchmark> {
        let (end, told) = (Some(day("2018-01-01")), Some(day("2019-03-01")));
        let benchmark = |id, indicator, periods, known| Benchmark { id, area: None, indicator, periods, known };
        let mut rows = vec![
            benchmark("census-a", "gdp", (None, end), (None, told)),
            benchmark("census-b", "gdp", (None, end), (told, None)),
            benchmark("census-b", "gdp", (end, None), (None, None)),
            benchmark("scope-a", "rd", (None, end), (None, None)),
            benchmark("scope-b", "rd", (end, None), (None, None)),
        ];
        if self.own_bases {
            rows.push(Benchmark { area: Some("B"), ..benchmark("census-a", "gdp", (None, None), (None, told)) });
            rows.push(Benchmark { area: Some("B"), ..benchmark("census-b", "gdp", (end, None), (told, None)) });
        }
        rows
    }

    /// Whether the catalog declares the two scopes of R&D comparable, as known on a day.
    pub(crate) fn is_linked(&self, known: Date) -> bool {
        self.linked && (!self.link_later || known >= corrected())
    }

    /// Last days on which what an area or group owes is in time, by indicator: for the year 2018.
    pub(crate) fn due(&self, area: &str, indicators: &[&str], known: Date) -> Option<Date> {
        let all = [
            ("R", "rd", if self.longer && known >= corrected() { "2019-10-31" } else { "2019-08-31" }),
            ("R", "gdp", "2019-02-28"),
            ("B", "jobs", "2019-01-15"),
            ("A", "fund", "2019-04-30"),
            ("R", "second", "2019-05-31"),
        ];
        let mine = all.iter().filter(|(place, indicator, _)| *place == area && indicators.contains(indicator));
        mine.map(|(.., last)| day(last)).max()
    }

    pub(crate) fn targets(&self) -> Vec<Owed> {
        let owed = |id, area, indicator, value, unit_mult, comparator, alt| Owed {
            id,
            area,
            indicator,
            value,
            unit_mult,
            comparator,
            alt,
            known_from: None,
        };
        let members = if self.c_joins { "3" } else { "2" };
        let mut out = vec![
            owed("T1", "R", "rd_intensity", Some("1.3"), 0, ">=", Some(">")),
            owed("T2", "R", "rd", Some("5"), 2, ">=", None),
            owed("T3", "A", "rd", Some("200"), 0, "≈", None),
            owed("T4", "B", "jobs", Some("40"), 0, ">=", None),
            owed("T5", "R", "law", Some("1"), 0, "started", None),
            owed("T6", "G", "rd", Some("300"), 0, ">=", None),
            owed("T7", "U", "rd", Some("50"), 0, ">=", None),
            owed("T8", "R", "patent_density", Some("3.8"), 0, ">", Some(">=")),
            owed("T9", "R", "jobs", None, 0, "", None),
            owed("T10", "B", "gdp", Some("100"), 0, ">=", None),
            owed("T11", "C", "jobs", Some("10"), 0, "<=", None),
            owed("T12", "A", "rd_intensity", Some("1.25"), 0, "≈", None),
            // k of n: members of a group, items of an area, items for each member, a milestone of a group, a percentage.
            owed("T13", "G", "fund", Some(members), 0, "all", None),
            owed("T14", "U", "fund", Some("1"), 0, ">=", None),
            owed("T15", "H", "fund", None, 0, "all", None),
            owed("T16", "R", "fields", Some("2"), 0, "all", None),
            owed("T17", "H", "fields", Some("1"), 0, ">=", None),
            owed("T18", "H", "law", Some("1"), 0, "done", None),
            owed("T19", "A", "share", Some("60"), 0, ">=", None),
        ];
        for (indicator, known) in JUDGED.iter().filter(|_| self.judged) {
            // A coverage is at least so much, or all.
            let allowed = if *indicator == "share" { 1 } else { COMPARATORS.len() };
            for (at, comparator) in COMPARATORS.into_iter().enumerate().take(allowed) {
                for (level, target) in [known / 2, *known, known * 2].into_iter().enumerate() {
                    let id: &'static str = format!("J-{indicator}-{at}-{level}").leak();
                    out.push(owed(id, "A", indicator, Some(target.to_string().leak()), 0, comparator, None));
                }
            }
        }
        if self.raised {
            out.push(Owed { value: Some("1.4"), known_from: Some(corrected()), ..out[0].clone() });
        }
        out
    }
}
