//! The files of a variant's catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use helan_schemas::catalog::Catalog;
use jiff::civil::Date;

use crate::history::EDITIONS;
use crate::world::{AREAS, ITEMS, Owed, SOURCES, Variant, corrected, day};

impl Variant {
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        let mut files = BTreeMap::new();
        let mut put = |name: &str, text: String| files.insert(name.to_owned(), text);
        put("catalog.toml", self.head());
        let areas: String = AREAS.iter().map(|code| format!("{code},local,x,{code},{code},,,,\n")).collect();
        put("areas.csv", format!("code,scheme,level,name_zh,name_en,valid_from,valid_to,known_from,note\n{areas}"));
        put("relations.csv", self.relations());
        put(
            "groups.csv",
            "group_id,name_zh,name_en,membership,overlap,valid_from,valid_to,known_from,note\nG,G,G,listed,known,,,,\n\
             H,H,H,listed,known,,,,\nU,U,U,listed,unknown,,,,\n"
                .to_owned(),
        );
        let joins = if self.c_joins { "G,C,2018-01-01,,,\n" } else { "" };
        let own = if self.own_trees { "H,B,,,,rd\n" } else { "" };
        put(
            "group_members.csv",
            format!(
                "group_id,member,valid_from,valid_to,known_from,indicator\nG,A,,,,\nG,B,,,,\nH,A,,,,\nH,P,,,,\nU,A,,,,\nU,B,,,,\n{joins}{own}"
            ),
        );
        put("indicators.csv", self.indicators());
        put("bases.csv", self.bases_file());
        let editions = EDITIONS.iter().filter_map(|(id, year)| Some(format!("{},s,{year}-01-01\n", (*id)?)));
        if self.moved {
            put(
                "moves.csv",
                "part,from_area,to_area,day,indicator,time_period,share,value\nmill,A,B,2018-01-01,,,0.25,\n\
                 mill,A,B,2018-01-01,rd,2017,,2.5\n"
                    .to_owned(),
            );
        }
        put("editions.csv", format!("edition,series,published\n{}", editions.collect::<String>()));
        put(
            "rules.csv",
            "rule,check,indicator,severity,parts,tolerance,places\nsectors,sum,rd,soft,gdp lab,half_digit,areas\n\
             wide,sum,rd,info,lab gdp,1,\nby-area,area_sum,rd,soft,,half_digit,\n"
                .to_owned(),
        );
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
        put("reporters.csv", self.reporters());
        let sources: String =
            SOURCES.iter().map(|(source, reporter)| format!("{source},{reporter},false,\n")).collect();
        put("sources.csv", format!("source,reporter,demo,note\n{sources}"));
        put("scopes.csv", "reporter,ref_area,indicator\noffice,*,*\ncity,*,*\npark,*,*\n".to_owned());
        let longer = if self.longer { "rd,office,R,rd,A,P10M,2018,2018,2019-06-01\n" } else { "" };
        put(
            "obligations.csv",
            format!(
                "obligation,reporter,ref_area,indicator,frequency,due_after,first_period,last_period,known_from\n\
                 rd,office,R,rd,A,P8M,2018,2018,\ngdp,office,R,gdp,A,P2M,2018,2018,\n\
                 jobs,city,B,jobs,Q,P15D,2018-Q1,2018-Q4,\nfund,city,A,fund,A,P4M,2018,2018,\n\
                 second,office,R,second,A,P5M,2018,2018,\n{longer}"
            ),
        );
        Arc::new(Catalog::from_files(files).unwrap_or_else(|problems| {
            panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        }))
    }

    fn head(&self) -> String {
        let rounding = if self.half_even { "half_even" } else { "half_up" };
        format!(
            "id = \"test\"\nname_zh = \"t\"\nname_en = \"t\"\nregion = \"R\"\ntime_zone = \"Asia/Shanghai\"\n\
             default_period = \"2018\"\nrounding = \"{rounding}\"\n"
        )
    }

    fn relations(&self) -> String {
        let a2 = match self.move_a2 {
            1 => "A2,A,part_of,,2018-01-01,,\nA2,B,part_of,2018-01-01,,,\n",
            2 => "A2,A,part_of,,,,\nA2,A,part_of,,2018-01-01,2019-06-01,\nA2,B,part_of,2018-01-01,,2019-06-01,\n",
            3 => "A2,A,within,,,,\n",
            _ => "A2,A,part_of,,,,\n",
        };
        let own = if self.own_trees { "P,A,part_of,,,,,jobs\n" } else { "" };
        let rows = format!(
            "A,R,part_of,,,,\nB,R,part_of,,,,\nC,R,part_of,,,,\nA1,A,part_of,,,,\nB1,B,part_of,,,,\nP,A,within,,,,\n{a2}"
        );
        let rows: String = rows.lines().map(|line| format!("{line},\n")).collect();
        format!("child,parent,relation,valid_from,valid_to,known_from,note,indicator\n{rows}{own}")
    }

    fn indicators(&self) -> String {
        let date = ["same_end", "previous_end", "mean"][usize::from(self.date)];
        let least = if self.bounded { "0" } else { "" };
        let items: String = ITEMS
            .iter()
            .map(|item| format!("{item},i,i,milestone,BOOL,b,b,none,last,,,,,0,none,0,1,,fields,\n"))
            .collect();
        format!(
            "indicator,name_zh,name_en,kind,unit,unit_zh,unit_en,over_areas,over_time,numerator,denominator,factor,\
             denominator_date,decimals,attribution,min,max,coverage_by,member_of,note\n\
             rd,rd,rd,flow,CNY,y,y,additive,sum,,,,,2,operation,{least},,,,\n\
             gdp,gdp,gdp,flow,CNY,y,y,own_value,sum,,,,,2,operation,,,,,\n\
             pop,pop,pop,stock,PERSON,p,p,own_value,last,,,,,0,residence,0,,,,\n\
             pat,pat,pat,stock,PATENT,p,p,additive,last,,,,,0,registration,0,,,,\n\
             jobs,jobs,jobs,count,ITEM,i,i,additive,sum,,,,,0,registration,0,100000,,,\n\
             lab,lab,lab,flow,CNY,y,y,additive,sum,,,,,2,operation,0,,,,\n\
             law,law,law,milestone,BOOL,b,b,none,last,,,,,0,none,0,1,,,\n\
             fund,f,f,coverage,BOOL,b,b,none,last,,,,,0,none,0,1,areas,,\n\
             fields,f,f,coverage,ITEM,i,i,none,last,,,,,0,none,0,1,items,,\n\
             share,s,s,coverage,PERCENT,%,%,none,last,,,,,0,none,0,100000,value,,\n\
             rd_intensity,r,r,ratio,PERCENT,%,%,none,none,rd,gdp,100,same_end,2,none,,,,,\n\
             patent_density,d,d,ratio,PP10000,d,d,none,none,pat,pop,10000,{date},2,none,,,,,\n{items}"
        )
    }

    fn bases_file(&self) -> String {
        let cell = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        let rows: String = self
            .bases()
            .iter()
            .map(|row| {
                let link = if self.linked && row.id == "scope-a" { "scope-b" } else { "" };
                let (periods, known) = (row.periods, row.known);
                let spans = [periods.0, periods.1, known.0, known.1].map(cell).join(",");
                let known = if self.link_later && !link.is_empty() { "2019-06-01" } else { "" };
                format!("{},{},b,b,{spans},,{link},{known},{}\n", row.id, row.indicator, row.area.unwrap_or_default())
            })
            .collect();
        format!(
            "basis,indicator,name_zh,name_en,period_from,period_to,known_from,known_to,note,linked_to,linked_known_from,\
             ref_area\n{rows}"
        )
    }

    fn reporters(&self) -> String {
        let line = |name: &&str, known: Date, from: &str| {
            format!("{name},{name},{name},city,{},true,true,,,,{from}\n", self.precedence(name, known))
        };
        let names = ["office", "city", "park"];
        let first: String = names.iter().map(|name| line(name, day("2017-01-01"), "")).collect();
        let later: String = names.iter().map(|name| line(name, corrected(), "2019-06-01")).collect();
        format!(
            "reporter,name_zh,name_en,kind,precedence,may_back_date,may_estimate,valid_from,valid_to,note,known_from\n\
             {first}{}",
            if self.first == 2 { later } else { String::new() }
        )
    }
}

fn target_line(owed: &Owed) -> String {
    let strength = if owed.kind() == "unquantified" { "report_only" } else { "hard" };
    format!(
        "{},{},n,n,{},{},u,{},{},{},{},,{strength},2018,,,s,p,v,,,{},\n",
        owed.id,
        owed.kind(),
        owed.area,
        owed.indicator,
        owed.value.unwrap_or_default(),
        owed.unit_mult,
        owed.comparator,
        owed.alt.unwrap_or_default(),
        owed.known_from.map_or_else(String::new, |day| day.to_string()),
    )
}
