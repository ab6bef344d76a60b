//! A small region with everything that the rules speak of, in variants.

use std::collections::BTreeMap;
use std::sync::Arc;

use helan_schemas::catalog::Catalog;
use jiff::civil::Date;

/// What differs between catalogs.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    /// How county A2 lies: 0 in A; 1 moves to B in 2018; 2 the move is known from June 2019 only; 3 only within A.
    pub(crate) move_a2: u8,
    /// Target T1 asks 1.4 instead of 1.3, known from June 2019.
    pub(crate) raised: bool,
    /// Denominator of the density: 0 same end, 1 previous end, 2 mean.
    pub(crate) date: u8,
    /// Whether the office's reports go before the cities'.
    pub(crate) office_first: bool,
    /// Whether shown figures round half to even.
    pub(crate) half_even: bool,
    /// Whether group G has C as a member from 2018 on.
    pub(crate) c_joins: bool,
}

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

pub(crate) const AREAS: [&str; 8] = ["R", "A", "B", "C", "A1", "A2", "B1", "P"];
pub(crate) const GROUPS: [&str; 3] = ["G", "H", "U"];
pub(crate) const SOURCES: [(&str, &str); 4] =
    [("/t/office/1", "office"), ("/t/office/2", "office"), ("/t/city/1", "city"), ("/t/park/1", "park")];

pub(crate) fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

impl Variant {
    /// Which relation holds between two areas on a day, as known on another.
    pub(crate) fn parents(&self, child: &str, on: Date, known: Date) -> Vec<(&'static str, bool)> {
        let moved = day("2018-01-01");
        match child {
            "A" | "B" | "C" => vec![("R", true)],
            "A1" => vec![("A", true)],
            "B1" => vec![("B", true)],
            "P" => vec![("A", false)],
            "A2" => match self.move_a2 {
                3 => vec![("A", false)],
                1 if on >= moved => vec![("B", true)],
                // Before it is known, A2 lies in A without end.
                2 if known >= day("2019-06-01") && on >= moved => vec![("B", true)],
                _ => vec![("A", true)],
            },
            _ => Vec::new(),
        }
    }

    pub(crate) fn members(&self, group: &str, on: Date) -> Vec<&'static str> {
        match group {
            "G" if self.c_joins && on >= day("2018-01-01") => vec!["A", "B", "C"],
            "G" | "U" => vec!["A", "B"],
            "H" => vec!["A", "P"],
            _ => Vec::new(),
        }
    }

    pub(crate) fn precedence(&self, reporter: &str) -> i32 {
        match (reporter, self.office_first) {
            ("office", true) => 1,
            ("office", false) => 9,
            ("city", _) => 5,
            _ => 7,
        }
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
        let mut out = vec![
            owed("T1", "R", "rd_intensity", Some("1.3"), 0, ">=", Some(">")),
            owed("T2", "R", "rd", Some("5"), 2, ">=", None),
            owed("T3", "A", "rd", Some("200"), 0, "≈", None),
            owed("T4", "B", "jobs", Some("40"), 0, ">=", None),
            owed("T5", "R", "law", Some("1"), 0, "done", None),
            owed("T6", "G", "rd", Some("300"), 0, ">=", None),
            owed("T7", "U", "rd", Some("50"), 0, ">=", None),
            owed("T8", "R", "patent_density", Some("3.8"), 0, ">", Some(">=")),
            owed("T9", "R", "jobs", None, 0, "", None),
            owed("T10", "B", "gdp", Some("100"), 0, ">=", None),
            owed("T11", "C", "jobs", Some("10"), 0, "<=", None),
            owed("T12", "A", "rd_intensity", Some("1.25"), 0, "≈", None),
        ];
        if self.raised {
            out.push(Owed { value: Some("1.4"), known_from: Some(day("2019-06-01")), ..out[0].clone() });
        }
        out
    }

    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        let mut files = BTreeMap::new();
        let mut put = |name: &str, text: String| files.insert(name.to_owned(), text);
        let rounding = if self.half_even { "half_even" } else { "half_up" };
        put(
            "catalog.toml",
            format!(
                "id = \"test\"\nname_zh = \"t\"\nname_en = \"t\"\nregion = \"R\"\ntime_zone = \"Asia/Shanghai\"\n\
                 default_period = \"2018\"\nrounding = \"{rounding}\"\n"
            ),
        );
        let areas: String = AREAS.iter().map(|code| format!("{code},local,x,{code},{code},,,,\n")).collect();
        put("areas.csv", format!("code,scheme,level,name_zh,name_en,valid_from,valid_to,known_from,note\n{areas}"));
        let a2 = match self.move_a2 {
            1 => "A2,A,part_of,,2018-01-01,,\nA2,B,part_of,2018-01-01,,,\n",
            2 => "A2,A,part_of,,,,\nA2,A,part_of,,2018-01-01,2019-06-01,\nA2,B,part_of,2018-01-01,,2019-06-01,\n",
            3 => "A2,A,within,,,,\n",
            _ => "A2,A,part_of,,,,\n",
        };
        put(
            "relations.csv",
            format!(
                "child,parent,relation,valid_from,valid_to,known_from,note\nA,R,part_of,,,,\nB,R,part_of,,,,\n\
                 C,R,part_of,,,,\nA1,A,part_of,,,,\nB1,B,part_of,,,,\nP,A,within,,,,\n{a2}"
            ),
        );
        put(
            "groups.csv",
            "group_id,name_zh,name_en,membership,overlap,valid_from,valid_to,known_from,note\nG,G,G,listed,known,,,,\n\
             H,H,H,listed,known,,,,\nU,U,U,listed,unknown,,,,\n"
                .to_owned(),
        );
        let joins = if self.c_joins { "G,C,2018-01-01,,\n" } else { "" };
        put(
            "group_members.csv",
            format!(
                "group_id,member,valid_from,valid_to,known_from\nG,A,,,\nG,B,,,\nH,A,,,\nH,P,,,\nU,A,,,\nU,B,,,\n{joins}"
            ),
        );
        let date = ["same_end", "previous_end", "mean"][usize::from(self.date)];
        put(
            "indicators.csv",
            format!(
                "indicator,name_zh,name_en,kind,unit,unit_zh,unit_en,over_areas,over_time,numerator,denominator,factor,\
                 denominator_date,decimals,attribution,min,max,coverage_by,member_of,note\n\
                 rd,rd,rd,flow,CNY,y,y,additive,sum,,,,,2,operation,,,,,\n\
                 gdp,gdp,gdp,flow,CNY,y,y,own_value,sum,,,,,2,operation,,,,,\n\
                 pop,pop,pop,stock,PERSON,p,p,own_value,last,,,,,0,residence,,,,,\n\
                 pat,pat,pat,stock,PATENT,p,p,additive,last,,,,,0,registration,,,,,\n\
                 jobs,jobs,jobs,count,ITEM,i,i,additive,sum,,,,,0,registration,0,100000,,,\n\
                 law,law,law,milestone,BOOL,b,b,none,last,,,,,0,none,0,1,,,\n\
                 rd_intensity,r,r,ratio,PERCENT,%,%,none,none,rd,gdp,100,same_end,2,none,,,,,\n\
                 patent_density,d,d,ratio,PP10000,d,d,none,none,pat,pop,10000,{date},2,none,,,,,\n"
            ),
        );
        put("bases.csv", "basis,indicator,name_zh,name_en,period_from,period_to,known_from,known_to,note\n".to_owned());
        put("bounds.csv", "indicator,ref_area,min,max,note\n".to_owned());
        let targets: String = self.targets().iter().map(target_line).collect();
        put(
            "targets.csv",
            format!(
                "target_id,kind,name_zh,name_en,ref_area,indicator,unit_text,target_value,unit_mult,comparator,\
                 alt_comparator,tolerance,strength,time_period,parent,same_as,section,phrase,verb,valid_from,valid_to,\
                 known_from,note\n{targets}"
            ),
        );
        let reporters: String = ["office", "city", "park"]
            .iter()
            .map(|name| format!("{name},{name},{name},city,{},true,true,,,\n", self.precedence(name)))
            .collect();
        put(
            "reporters.csv",
            format!(
                "reporter,name_zh,name_en,kind,precedence,may_back_date,may_estimate,valid_from,valid_to,note\n{reporters}"
            ),
        );
        let sources: String =
            SOURCES.iter().map(|(source, reporter)| format!("{source},{reporter},false,\n")).collect();
        put("sources.csv", format!("source,reporter,demo,note\n{sources}"));
        put("scopes.csv", "reporter,ref_area,indicator\noffice,*,*\ncity,*,*\npark,*,*\n".to_owned());
        put(
            "obligations.csv",
            "obligation,reporter,ref_area,indicator,frequency,due_after,first_period,last_period\n\
             rd,office,R,rd,A,P8M,2018,2018\ngdp,office,R,gdp,A,P2M,2018,2018\njobs,city,B,jobs,Q,P15D,2018-Q1,2018-Q4\n"
                .to_owned(),
        );
        Arc::new(Catalog::from_files(files).unwrap_or_else(|problems| {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }))
    }
}

fn target_line(owed: &Owed) -> String {
    let kind = match (owed.indicator, owed.value) {
        (_, None) => "unquantified",
        ("rd_intensity" | "patent_density", _) => "ratio",
        ("law", _) => "milestone",
        ("jobs", _) => "count",
        _ => "amount",
    };
    let strength = if owed.value.is_some() { "hard" } else { "report_only" };
    format!(
        "{},{kind},n,n,{},{},u,{},{},{},{},,{strength},2018,,,s,p,v,,,{},\n",
        owed.id,
        owed.area,
        owed.indicator,
        owed.value.unwrap_or_default(),
        owed.unit_mult,
        owed.comparator,
        owed.alt.unwrap_or_default(),
        owed.known_from.map_or_else(String::new, |day| day.to_string()),
    )
}

/// Last days on which what an area or group owes is in time, by indicator: for the year 2018.
pub(crate) fn due(area: &str, indicators: &[&str]) -> Option<Date> {
    let all = [("R", "rd", "2019-08-31"), ("R", "gdp", "2019-02-28"), ("B", "jobs", "2019-01-15")];
    let mine = all.iter().filter(|(place, indicator, _)| *place == area && indicators.contains(indicator));
    mine.map(|(.., last)| day(last)).max()
}
