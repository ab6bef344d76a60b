//! A small catalog without a problem, and a table of edits that each make exactly one.

use std::collections::BTreeMap;

use crate::catalog::Catalog;

/// A catalog as small as one with every file can be.
pub(super) fn small() -> BTreeMap<String, String> {
    [
        (
            "catalog.toml",
            "id = \"small\"\nname_zh = \"小\"\nname_en = \"Small\"\nregion = \"R\"\ntime_zone = \"Europe/Vienna\"\n\
             default_period = \"2018\"\n",
        ),
        (
            "areas.csv",
            "code,scheme,level,name_zh,name_en,valid_from,valid_to,known_from,note\nR,local,region,区,R,,,,\n\
             A,local,city,甲,A,,,,\nB,local,city,乙,B,2000-01-01,,,\nP,local,park,园,P,,2030-01-01,,\n",
        ),
        (
            "relations.csv",
            "child,parent,relation,valid_from,valid_to,known_from,note\nA,R,part_of,,,,\nB,R,part_of,2000-01-01,,,\n\
             P,A,within,,2030-01-01,,\n",
        ),
        (
            "groups.csv",
            "group_id,name_zh,name_en,membership,overlap,valid_from,valid_to,known_from,note\n\
             both,两市,Both,listed,known,2018-01-01,,,\nvillages,村,Villages,open,unknown,,,,\n",
        ),
        ("group_members.csv", "group_id,member,valid_from,valid_to,known_from\nboth,A,2018-01-01,,\nboth,B,2018-01-01,,\n"),
        (
            "indicators.csv",
            "indicator,name_zh,name_en,kind,unit,unit_zh,unit_en,over_areas,over_time,numerator,denominator,factor,\
             denominator_date,decimals,attribution,min,max,coverage_by,member_of,note\n\
             rd,研发,R&D,flow,EUR,元,euro,additive,sum,,,,,2,operation,0,1e12,,,\n\
             gdp,产值,GDP,flow,EUR,元,euro,own_value,sum,,,,,2,operation,1,1e13,,,\n\
             share,强度,Share,ratio,PERCENT,%,%,none,none,rd,gdp,100,same_end,2,none,,,,,\n\
             law,法,Law,milestone,BOOL,是/否,yes/no,none,last,,,,,0,none,0,1,,,\n\
             funds,基金,Funds,coverage,BOOL,市,cities,none,last,,,,,0,none,0,1,areas,,\n\
             fields,领域,Fields,coverage,ITEM,项,fields,none,last,,,,,0,none,0,1,items,,\n\
             drones,无人机,Drones,milestone,BOOL,是/否,yes/no,none,last,,,,,0,none,0,1,,fields,\n\
             firms,企业,Firms,count,ITEM,家,firms,additive,sum,,,,,0,registration,0,1000,,,\n",
        ),
        (
            "bases.csv",
            "basis,indicator,name_zh,name_en,period_from,period_to,known_from,known_to,note\n\
             old,gdp,旧,Old,,2019-01-01,,2019-11-22,\nnew,gdp,新,New,,,2019-11-22,,\n",
        ),
        (
            "targets.csv",
            "target_id,kind,name_zh,name_en,ref_area,indicator,unit_text,target_value,unit_mult,comparator,alt_comparator,\
             tolerance,strength,time_period,parent,same_as,section,phrase,verb,valid_from,valid_to,known_from,note\n\
             T1,ratio,强度,Share,R,share,%,1.3,0,≈,,0.05,hard,2018,,T2,1,p,v,2018-01-01,,,\n\
             T2,ratio,强度,Share,R,share,%,1.3,0,>=,,,hard,2018,,,1,p,v,2018-01-01,,,\n\
             T3,milestone,法,Law,R,law,是/否,1,0,done,,,hard,2018,,,1,p,v,2018-01-01,,,\n\
             T4,coverage,基金,Funds,both,funds,市,2,0,all,,,hard,2018,,,1,p,v,2018-01-01,,,\n\
             T5,coverage,领域,Fields,A,fields,项,1,0,all,,,hard,2018,,,1,p,v,2018-01-01,,,\n\
             T6,count,企业,Firms,R,firms,家,10,0,>=,=,,hard,2018,T5,,1,p,v,2018-01-01,,,\n",
        ),
        (
            "reporters.csv",
            "reporter,name_zh,name_en,kind,precedence,may_back_date,may_estimate,valid_from,valid_to,note\n\
             office,局,Office,city,1,true,true,,,\npark,园,Park,park,2,false,false,,,\n",
        ),
        ("sources.csv", "source,reporter,demo,note\n/office,office,false,\n/park,park,false,\n"),
        ("scopes.csv", "reporter,ref_area,indicator\noffice,R/*,rd\noffice,*,firms\npark,P,*\n"),
        (
            "obligations.csv",
            "obligation,reporter,ref_area,indicator,frequency,due_after,first_period,last_period\n\
             o1,office,A,rd,A,P8M,2018,2019\no2,park,P,rd,Q,P15D,2018-Q1,\n",
        ),
        ("bounds.csv", "indicator,ref_area,min,max,note\nrd,R,1,1e11,\n"),
        (
            "rules.csv",
            "rule,check,indicator,severity,ref_area,parts,low,high,tolerance,message_zh,message_en,known_from,note\n\
             rd-jump,jump,rd,soft,,,0.5,2,,,,,\nrd-sum,area_sum,rd,info,R,,,,1000,,,,\nshare-parts,ratio_parts,share,info,,,,,,,,,\n",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

/// File, what to replace there, by what, the line at fault (in that file unless another is named), the rule.
type Case = (&'static str, &'static str, &'static str, &'static str, u64, &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    // catalog.toml
    ("catalog.toml", "\"small\"", "\"Small one\"", "catalog.toml", 1, "id_syntax"),
    ("catalog.toml", "\"小\"", "\"\"", "catalog.toml", 2, "empty_cell"),
    ("catalog.toml", "region = \"R\"", "region = \"X\"", "catalog.toml", 4, "dangling_reference"),
    ("catalog.toml", "region = \"R\"", "region = \"A\"", "relations.csv", 2, "region_is_no_root"),
    ("catalog.toml", "Europe/Vienna", "Europe/Wien", "catalog.toml", 5, "time_zone"),
    ("catalog.toml", "\"2018\"", "\"2018年\"", "catalog.toml", 6, "bad_period"),
    ("catalog.toml", "region =", "regoin =", "catalog.toml", 4, "bad_head"),
    ("catalog.toml", "region =", "decimal_mark = \";\"\nregion =", "catalog.toml", 4, "bad_head"),
    // The files themselves
    ("areas.csv", ",level,", ",", "areas.csv", 1, "heading"),
    ("areas.csv", ",note\n", ",note,more\n", "areas.csv", 1, "heading"),
    ("areas.csv", "code,scheme,level,name_zh,name_en,valid_from,valid_to,known_from,note", "code;scheme;level", "areas.csv", 1, "heading"),
    ("areas.csv", ",note\n", ",note,code\n", "areas.csv", 1, "heading"),
    ("areas.csv", "A,local,city,甲,A,,,,\n", "A,local,city,甲,A,,,,,x\n", "areas.csv", 3, "row_length"),
    ("areas.csv", "A,local,city,甲", "A,local,city,\"甲", "areas.csv", 3, "row_length"),
    ("areas.csv", "A,local,city,甲", "A,local,city,", "areas.csv", 3, "empty_cell"),
    ("areas.csv", "2000-01-01", "2000-02-30", "areas.csv", 4, "bad_cell"),
    ("indicators.csv", "law,法,Law,milestone", "law,法,Law,done", "indicators.csv", 5, "bad_cell"),
    ("reporters.csv", "1,true", "1,maybe", "reporters.csv", 2, "bad_cell"),
    ("reporters.csv", "city,1", "city,first", "reporters.csv", 2, "bad_cell"),
    // Areas and relations
    ("areas.csv", "A,local,city,甲", "A,local,city,甲,A,,,,\nA,local,city,甲", "areas.csv", 4, "duplicate"),
    ("areas.csv", "A,local,city,甲", "A,local,city,甲,A,1990-01-01,,,\nA,local,city,甲", "areas.csv", 4, "overlapping_validity"),
    ("areas.csv", "A,local,city,甲", "D,local,city,丁,D,,,,\nA,local,city,甲", "areas.csv", 3, "lies_nowhere"),
    ("areas.csv", "R,local", "R,local,region,区,R,2010-01-01,2009-01-01,,\nR,local", "areas.csv", 2, "ends_before_it_starts"),
    ("areas.csv", "P,,2030-01-01", "P,,2018-01-01", "relations.csv", 4, "not_there_then"),
    ("relations.csv", "P,A,within", "P,X,within", "relations.csv", 4, "dangling_reference"),
    ("relations.csv", "A,R,part_of", "A,R,partof", "relations.csv", 2, "bad_cell"),
    ("relations.csv", "A,R,part_of,,,,\n", "A,R,part_of,,,,\nA,R,part_of,,,,\n", "relations.csv", 3, "duplicate"),
    ("relations.csv", "P,A,within,,2030", "P,A,within,2029-01-01,2028-01-01,,\nP,A,within,,2030", "relations.csv", 4, "ends_before_it_starts"),
    ("relations.csv", "A,R,part_of,,,,\n", "A,R,part_of,,,,\nA,B,part_of,2010-01-01,,,\n", "relations.csv", 3, "two_parents"),
    ("relations.csv", "A,R,part_of,,,,\n", "A,R,part_of,,,,\nA,P,within,,2030-01-01,,\n", "relations.csv", 5, "cycle"),
    // Groups
    ("groups.csv", "villages,村", "A,村", "groups.csv", 3, "duplicate"),
    ("groups.csv", "villages,村", "vil lages,村", "groups.csv", 3, "id_syntax"),
    ("groups.csv", "open", "listed", "groups.csv", 3, "group_members"),
    ("group_members.csv", "both,B", "both,X", "group_members.csv", 3, "dangling_reference"),
    ("group_members.csv", "both,B,2018-01-01", "both,B,2019-01-01", "targets.csv", 5, "coverage_members"),
    ("group_members.csv", "both,B,2018-01-01", "both,B,2017-01-01", "group_members.csv", 3, "not_there_then"),
    ("group_members.csv", "both,B,2018-01-01,,\n", "both,B,2018-01-01,,\nneither,A,,,\n", "group_members.csv", 4, "dangling_reference"),
    // Indicators
    ("indicators.csv", "law,法", "Law 1,法,Law,milestone,BOOL,是/否,yes/no,none,last,,,,,0,none,0,1,,,\nlaw,法", "indicators.csv", 5, "id_syntax"),
    ("indicators.csv", ",rd,gdp,100,", ",rd,,100,", "indicators.csv", 4, "ratio_parts"),
    ("indicators.csv", ",rd,gdp,100,", ",rd,gdp,0,", "indicators.csv", 4, "ratio_parts"),
    ("indicators.csv", ",rd,gdp,100,", ",rd,gpd,100,", "indicators.csv", 4, "dangling_reference"),
    ("indicators.csv", ",rd,gdp,100,", ",rd,share,100,", "indicators.csv", 4, "ratio_parts"),
    ("indicators.csv", "firms,additive,sum,,", "firms,additive,sum,rd,", "indicators.csv", 9, "ratio_parts"),
    ("indicators.csv", "euro,additive,sum", "euro,additive,last", "indicators.csv", 2, "over_time"),
    ("indicators.csv", "%,%,none,none", "%,%,additive,none", "indicators.csv", 4, "over_areas"),
    ("indicators.csv", "0,1e12", "1e13,1e12", "indicators.csv", 2, "min_above_max"),
    ("indicators.csv", "0,1e12", "0,\"1,000\"", "indicators.csv", 2, "bad_number"),
    ("indicators.csv", "2,operation,0", "11,operation,0", "indicators.csv", 2, "decimals"),
    ("indicators.csv", "last,,,,,0,none,0,1,,,\n", "last,,,,,0,none,0,2,,,\n", "indicators.csv", 5, "milestone_bounds"),
    ("indicators.csv", "registration,0,1000", "registration,-1,1000", "indicators.csv", 9, "count_bounds"),
    ("indicators.csv", "registration,0,1000", "registration,,1000", "indicators.csv", 9, "count_bounds"),
    ("indicators.csv", "0,1,areas,", "0,1,,", "indicators.csv", 6, "coverage_by"),
    ("indicators.csv", "last,,,,,0,none,0,1,,,\n", "last,,,,,0,none,0,1,,funds,\n", "indicators.csv", 5, "coverage_items"),
    ("indicators.csv", "0,1,,fields,", "0,1,,,", "indicators.csv", 7, "coverage_items"),
    ("indicators.csv", "registration,0,1000,,,", "registration,0,1000,,nothing,", "indicators.csv", 9, "dangling_reference"),
    ("indicators.csv", "Drones,milestone", "Drones,stock", "indicators.csv", 8, "coverage_items"),
    ("bases.csv", "old,gdp", "old,gpd", "bases.csv", 2, "dangling_reference"),
    ("bases.csv", "old,gdp", "old,share", "bases.csv", 2, "computed_indicator"),
    ("bases.csv", ",2019-11-22,\n", ",,\n", "bases.csv", 3, "overlapping_validity"),
    ("bases.csv", ",,2019-01-01,,", ",2019-01-01,2019-01-01,,", "bases.csv", 2, "ends_before_it_starts"),
    ("bounds.csv", "rd,R,1,", "rd,X,1,", "bounds.csv", 2, "dangling_reference"),
    ("bounds.csv", "rd,R,1,", "rd,R,1e12,", "bounds.csv", 2, "min_above_max"),
    ("bounds.csv", "rd,R,1,1e11,\n", "rd,R,1,1e11,\nrd,R,2,,\n", "bounds.csv", 3, "duplicate"),
    // Targets
    ("targets.csv", "T3,milestone", "T 3,milestone", "targets.csv", 4, "id_syntax"),
    ("targets.csv", "T3,milestone,法,Law,R,", "T3,milestone,法,Law,X,", "targets.csv", 4, "dangling_reference"),
    ("targets.csv", "Law,R,law", "Law,R,lore", "targets.csv", 4, "dangling_reference"),
    ("targets.csv", "Law,R,law", "Law,R,firms", "targets.csv", 4, "kind"),
    ("targets.csv", "1,0,done", "1,0,>=", "targets.csv", 4, "comparator"),
    ("targets.csv", "1,0,done", "1,0,", "targets.csv", 4, "comparator"),
    ("targets.csv", "1,0,done", "2,0,done", "targets.csv", 4, "target_value"),
    ("targets.csv", "市,2,0", "市,3,0", "targets.csv", 5, "coverage_members"),
    ("targets.csv", "Funds,both,", "Funds,R,", "targets.csv", 5, "coverage_members"),
    ("targets.csv", "项,1,0", "项,2,0", "targets.csv", 6, "coverage_members"),
    ("targets.csv", "家,10,0", "家,十,0", "targets.csv", 7, "bad_number"),
    ("targets.csv", "家,10,0", "家,10,18", "targets.csv", 7, "bad_number"),
    ("targets.csv", ">=,=,,", ">=,>=,,", "targets.csv", 7, "comparator"),
    ("targets.csv", ">=,=,,", ">=,=,1,", "targets.csv", 7, "tolerance"),
    ("targets.csv", "0.05", "-0.05", "targets.csv", 2, "tolerance"),
    ("targets.csv", "hard,2018,T5", "context,2018,T5", "targets.csv", 7, "strength"),
    ("targets.csv", "hard,2018,T5", "hard,2018-13,T5", "targets.csv", 7, "bad_period"),
    ("targets.csv", "hard,2018,T5", "hard,2018,T7", "targets.csv", 7, "dangling_reference"),
    ("targets.csv", "hard,2018,T5", "hard,2018,T6", "targets.csv", 7, "refers_to_itself"),
    ("targets.csv", "hard,2018,,T2", "hard,2018,,T3", "targets.csv", 2, "same_as"),
    ("targets.csv", "T6,count,企业,Firms,R,firms,家,10,0,>=,=", "T6,unquantified,企业,Firms,R,firms,家,10,0,,", "targets.csv", 7, "target_value"),
    ("targets.csv", "T6,count,企业,Firms,R,firms,家,10,0,>=,=", "T6,unquantified,企业,Firms,R,firms,家,,0,>=,", "targets.csv", 7, "comparator"),
    ("targets.csv", "T4,coverage", "T3,coverage", "targets.csv", 5, "duplicate"),
    // Rules
    ("rules.csv", "rd-jump,jump,rd", "rd jump,jump,rd", "rules.csv", 2, "id_syntax"),
    ("rules.csv", "rd-sum,", "rd-jump,", "rules.csv", 3, "duplicate"),
    ("rules.csv", "jump,rd,soft", "jump,rd,hard", "rules.csv", 2, "bad_cell"),
    ("rules.csv", "jump,rd,", "jump,research,", "rules.csv", 2, "dangling_reference"),
    ("rules.csv", "info,R,", "info,X,", "rules.csv", 3, "dangling_reference"),
    ("rules.csv", "jump,rd,soft,,,0.5,2", "jump,rd,soft,,,,", "rules.csv", 2, "rule_limits"),
    ("rules.csv", "jump,rd,soft,,,0.5,2", "jump,rd,soft,,,3,2", "rules.csv", 2, "min_above_max"),
    ("rules.csv", "info,R,,,,1000", "info,R,,,,-1", "rules.csv", 3, "rule_limits"),
    ("rules.csv", "info,R,,,,1000", "info,R,,,,half_digits", "rules.csv", 3, "rule_limits"),
    ("rules.csv", "area_sum,rd,info,R,", "area_sum,rd,info,R,gdp", "rules.csv", 3, "rule_parts"),
    ("rules.csv", "area_sum,rd,info,R,", "sum,rd,info,R,gdp", "rules.csv", 3, "rule_parts"),
    ("rules.csv", "area_sum,rd,info,R,", "stock,rd,info,R,gdp", "rules.csv", 3, "rule_check"),
    ("rules.csv", "ratio_parts,share", "ratio_parts,rd", "rules.csv", 4, "rule_check"),
    // Reporters, sources, scopes, obligations
    ("reporters.csv", "true,true,,", "true,true,2019-01-01,2018-01-01", "reporters.csv", 2, "ends_before_it_starts"),
    ("sources.csv", "/park,park", "/park,office", "reporters.csv", 3, "cannot_report"),
    ("sources.csv", "/park,park", "/office,park", "sources.csv", 3, "duplicate"),
    ("sources.csv", "/office,office", "/of fice,office", "sources.csv", 2, "id_syntax"),
    ("sources.csv", "/park,park,false,\n", "/park,park,false,\n/x,nobody,false,\n", "sources.csv", 4, "dangling_reference"),
    ("scopes.csv", "office,*,firms", "nobody,*,firms", "scopes.csv", 3, "dangling_reference"),
    ("scopes.csv", "office,*,firms", "office,X/*,firms", "scopes.csv", 3, "dangling_reference"),
    ("scopes.csv", "office,*,firms", "office,both/*,firms", "scopes.csv", 3, "dangling_reference"),
    ("scopes.csv", "office,*,firms", "office,*,firm", "scopes.csv", 3, "dangling_reference"),
    ("scopes.csv", "office,*,firms", "office,*,fields", "scopes.csv", 3, "computed_indicator"),
    ("scopes.csv", "office,R/*,rd", "office,R,rd", "obligations.csv", 2, "obligation_without_scope"),
    ("scopes.csv", "park,P,*\n", "park,P,*\npark,P,*\n", "scopes.csv", 5, "duplicate"),
    ("obligations.csv", "P8M", "8M", "obligations.csv", 2, "due_after"),
    ("obligations.csv", "P8M", "PT8M", "obligations.csv", 2, "due_after"),
    ("obligations.csv", "P8M", "-P8M", "obligations.csv", 2, "due_after"),
    ("obligations.csv", "rd,A,", "rd,Y,", "obligations.csv", 2, "frequency"),
    ("obligations.csv", "2018-Q1", "2018", "obligations.csv", 3, "bad_period"),
    ("obligations.csv", "2018-Q1", "2018-Q5", "obligations.csv", 3, "bad_period"),
    ("obligations.csv", "2018,2019", "2019,2018", "obligations.csv", 2, "ends_before_it_starts"),
    ("obligations.csv", "o2,", "o1,", "obligations.csv", 3, "duplicate"),
    ("obligations.csv", "A,rd,A", "A,share,A", "obligations.csv", 2, "computed_indicator"),
    ("obligations.csv", "A,rd,A", "X,rd,A", "obligations.csv", 2, "dangling_reference"),
];

#[test]
fn every_broken_catalog_gives_exactly_its_problem() {
    assert!(Catalog::from_files(small()).is_ok(), "{:#?}", Catalog::from_files(small()).err());
    let mut wrong = Vec::new();
    for (file, from, to, at, line, rule) in CASES {
        let mut files = small();
        let text = files.get_mut(*file).expect(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        *text = text.replacen(from, to, 1);
        let found = Catalog::from_files(files).err().unwrap_or_default();
        let places: Vec<_> = found.iter().map(|problem| (problem.file.as_str(), problem.line, problem.rule)).collect();
        if places != [(*at, *line, *rule)] {
            wrong.push(format!("{file}: {from:?} → {to:?}: {places:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_ratio_may_name_its_view_unless_the_name_is_taken() {
    let with = |share: &str, others: &str| {
        let mut files = small();
        let indicators = files.get_mut("indicators.csv").expect("indicators");
        let of_line = |line: &str| match line.split(',').next() {
            Some("indicator") => format!("{line},answer\n"),
            Some("share") => format!("{line},{share}\n"),
            _ => format!("{line},{others}\n"),
        };
        *indicators = indicators.lines().map(of_line).collect();
        Catalog::from_files(files)
    };
    let named = with("effort", "").expect("a name of its own");
    assert_eq!(named.answers().collect::<Vec<_>>(), [("effort", "share")]);
    assert_eq!(with("", "").expect("no view of its own").answers().count(), 0);
    // Lakes keep catalogs that could not say it.
    let before = Catalog::from_files(small()).expect("the small catalog is in order");
    let (density, intensity) = (("patent_density", "patent_density"), ("rd_intensity", "rd_intensity"));
    assert_eq!(before.answers().collect::<Vec<_>>(), [density, intensity]);
    assert_eq!(named.edits_of(&before, None), [], "a name changes no number");
    let rules =
        |problems: Vec<crate::catalog::Problem>| -> Vec<_> { problems.iter().map(|it| (it.line, it.rule)).collect() };
    for taken in ["ratios", "events", "catalog_areas", "order", "pg_stat", "effort_as_of", "Effort", "2nd", "knowledge"]
    {
        assert_eq!(rules(with(taken, "").expect_err(taken)), [(4, "answer")], "{taken}");
    }
    let of_others = with("effort", "other").expect_err("only ratios have answers");
    assert!(of_others.iter().all(|it| it.rule == "answer") && of_others.len() >= 7, "{of_others:#?}");
}

#[test]
fn a_tree_of_six_levels_is_too_deep() {
    let mut files = small();
    let (mut areas, mut relations) = (String::new(), String::new());
    for (child, parent) in [("L2", "A"), ("L3", "L2"), ("L4", "L3"), ("L5", "L4")] {
        areas.push_str(&format!("{child},local,county,县,County,,,,\n"));
        relations.push_str(&format!("{child},{parent},part_of,,,,\n"));
    }
    files.get_mut("areas.csv").expect("areas").push_str(&areas);
    files.get_mut("relations.csv").expect("relations").push_str(&relations);
    let problems = Catalog::from_files(files).expect_err("R, A, L2, L3, L4, L5 are six levels");
    assert_eq!(problems.iter().map(|problem| problem.rule).collect::<Vec<_>>(), ["too_deep"]);
}

#[test]
fn sums_across_attributions_are_refused() {
    let mut files = small();
    let indicators = files.get_mut("indicators.csv").expect("indicators");
    for (id, attribution) in [("made", "registration"), ("bought", "operation"), ("both", "registration")] {
        indicators.push_str(&format!("{id},件,{id},count,ITEM,件,items,additive,sum,,,,,0,{attribution},0,9,,,\n"));
    }
    files.get_mut("rules.csv").expect("rules").push_str("both,sum,both,soft,,made bought,,,,,,,\n");
    let problems = Catalog::from_files(files).expect_err("registration and operation do not add up");
    assert_eq!(problems.iter().map(|problem| problem.rule).collect::<Vec<_>>(), ["mixed_attribution"]);
}

#[test]
fn a_precedence_and_an_obligation_are_corrected_by_later_known_rows() {
    let mut files = small();
    for (file, heading, row) in [
        ("reporters.csv", "valid_to,note\n", "office,局,Office,city,9,true,true,,,,2020-01-01\n"),
        ("obligations.csv", "last_period\n", "o1,office,A,rd,A,P8M,2019,2018,2020-01-01\n"),
    ] {
        let text = files.get_mut(file).expect(file);
        let (with, rows) = (heading.replace('\n', ",known_from\n"), text.split_once(heading).expect(heading));
        *text = format!("{}{with}{}{row}", rows.0, rows.1.replace('\n', ",\n"));
    }
    let catalog = Catalog::from_files(files.clone()).expect("corrections are no duplicates, and may take back");
    assert_eq!(catalog.reporter("office").map(|row| row.precedence), Some(9));
    assert_eq!(catalog.reporter_ids().collect::<Vec<_>>(), ["park", "office"]);
    let owed: Vec<_> = catalog.obligations_now().map(|row| (&*row.obligation, row.last_period.as_deref())).collect();
    assert_eq!(owed, [("o2", None), ("o1", Some("2018"))]);
    let reporters = files.get_mut("reporters.csv").expect("reporters");
    *reporters = reporters.replace("city,9", "park,9");
    let problems = Catalog::from_files(files).expect_err("its events lie in the other topic");
    assert_eq!(problems.iter().map(|problem| problem.rule).collect::<Vec<_>>(), ["two_kinds"]);
}

#[test]
fn a_formula_is_corrected_by_a_later_known_row_of_the_same_unit() {
    let mut files = small();
    let indicators = files.get_mut("indicators.csv").expect("indicators");
    *indicators = indicators.replace("member_of,note\n", "member_of,note,known_from\n").replace(",\n", ",,\n");
    indicators
        .push_str("share,强度,Share,ratio,PERCENT,%,%,none,none,rd,gdp,100,previous_end,2,none,,,,,,2020-01-01\n");
    let catalog = Catalog::from_files(files.clone()).expect("a correction is no duplicate");
    let date = catalog.indicator("share").and_then(|row| row.denominator_date);
    assert_eq!(date, Some(crate::catalog::DenominatorDate::PreviousEnd));
    let indicators = files.get_mut("indicators.csv").expect("indicators");
    *indicators = indicators.replace(
        "ratio,PERCENT,%,%,none,none,rd,gdp,100,previous_end",
        "ratio,PERMILLE,‰,‰,none,none,rd,gdp,1000,previous_end",
    );
    let problems = Catalog::from_files(files).expect_err("the unit of an id stays");
    assert!(problems.iter().all(|problem| problem.rule == "two_units"), "{problems:#?}");
}
