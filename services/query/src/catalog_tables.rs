//! The catalog as leaf tables `catalog_*`, from its row structs: texts as the files have them, decimals, dates and
//! periods resolved.

pub(crate) mod due;
mod leaf;
pub(crate) mod target_bounds;
pub(crate) mod versions;

use helan_schemas::catalog::{Catalog, Rounding, Rule};
use helan_schemas::decimal::{Decimal, MAX_EXPONENT, SCALE};
use helan_schemas::period::Period;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub(crate) use self::leaf::Leaf;
use self::leaf::Rows;
use crate::session::moment;

/// The names and docs of the leaf tables that depend on nothing but the catalog, with their rows.
pub(crate) fn of_catalog(catalog: &Catalog, zone: &TimeZone, today: Date) -> Vec<Leaf> {
    vec![
        areas(catalog, zone),
        relations(catalog, zone),
        groups(catalog, zone),
        members(catalog, zone),
        indicators(catalog, zone),
        bases(catalog, zone),
        basis_links(catalog, zone),
        editions(catalog),
        moves(catalog, zone),
        powers_of_ten(),
        rules(catalog, zone),
        rule_parts(catalog, zone),
        notes(catalog),
        targets(catalog, zone),
        target_bounds(catalog, zone),
        reporters(catalog, zone),
        sources(catalog),
        scopes(catalog),
        obligations(catalog, zone),
        dues(catalog, zone, today),
    ]
}

/// One row: the moment as of which a scope answers.
pub(crate) fn knowledge(as_of: i64, recorded: i64, catalog: &Catalog, zone: &TimeZone) -> Leaf {
    let head = &catalog.head;
    Rows::new(&[()])
        .instant("as_of", "T: what was known by then counts.", |()| Some(as_of))
        .instant("recorded", "R: what was recorded by then counts.", |()| Some(recorded))
        .date("as_of_date", "The day of T in the catalog's time zone.", |()| Some(moment::day_of(as_of, zone)))
        .text("region", "Code of the region.", |()| Some(&head.region))
        .text("time_zone", "The catalog's time zone.", |()| Some(&head.time_zone))
        .text("default_period", "The period that roll-ups take when none is named.", |()| Some(&head.default_period))
        .leaf("knowledge", "One row: as of when the views beside it answer, and for which region.")
}

/// A number as the file writes it, in units of 10⁻¹⁰.
fn exact(text: Option<&str>) -> Option<i128> {
    Some(Decimal::parse(text?).ok()?.unscaled)
}

fn areas(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.areas)
        .text("ref_area", "Area code.", |row| Some(&row.code))
        .text("scheme", "Where the code comes from.", |row| Some(&row.scheme))
        .text("level", "A word for its level; information only.", |row| Some(&row.level))
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .span(zone, |row| (row.valid_from, row.valid_to, row.known_from))
        .text("note", "Remark.", |row| Some(&row.note))
        .leaf("catalog_areas", "Every row of areas.csv.")
}

fn relations(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.relations)
        .text("child", "Area that lies in the parent.", |row| Some(&row.child))
        .text("parent", "Area that holds it.", |row| Some(&row.parent))
        .text("relation", "part_of counts upward; within never does.", |row| Some(row.relation.code()))
        .span(zone, |row| (row.valid_from, row.valid_to, row.known_from))
        .text("note", "Remark.", |row| Some(&row.note))
        .text("indicator", "The one indicator for which it holds.", |row| row.indicator.as_deref())
        .leaf("catalog_relations", "Every row of relations.csv.")
}

fn groups(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.groups)
        .text("group_id", "Id of the group.", |row| Some(&row.group_id))
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .text("membership", "listed, or open: the text does not list the members.", |row| Some(row.membership.code()))
        .text("overlap", "known, or unknown: then a sum is null.", |row| Some(row.overlap.code()))
        .span(zone, |row| (row.valid_from, row.valid_to, row.known_from))
        .text("note", "Remark.", |row| Some(&row.note))
        .leaf("catalog_groups", "Every row of groups.csv.")
}

fn members(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.group_members)
        .text("group_id", "Id of the group.", |row| Some(&row.group_id))
        .text("member", "Area code of the member.", |row| Some(&row.member))
        .span(zone, |row| (row.valid_from, row.valid_to, row.known_from))
        .text("indicator", "The one indicator for which it is a member.", |row| row.indicator.as_deref())
        .leaf("catalog_members", "Every row of group_members.csv.")
}

fn indicators(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.indicators)
        .text("indicator", "Id of the indicator.", |row| Some(&row.indicator))
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .text("kind", "flow, stock, count, milestone, coverage or ratio.", |row| Some(row.kind.code()))
        .text("unit", "Unit in which events come.", |row| Some(&row.unit))
        .text("unit_zh", "The unit in Chinese.", |row| Some(&row.unit_zh))
        .text("unit_en", "The unit in English.", |row| Some(&row.unit_en))
        .text("over_areas", "additive, own_value or none.", |row| Some(row.over_areas.code()))
        .text("over_time", "sum, last or none.", |row| Some(row.over_time.code()))
        .text("numerator", "Ratios: the indicator above the line.", |row| row.numerator.as_deref())
        .text("denominator", "Ratios: the indicator below the line.", |row| row.denominator.as_deref())
        .int("factor", "Ratios: quotient × factor.", |row| row.factor.and_then(|factor| i32::try_from(factor).ok()))
        .text("denominator_date", "Ratios: same_end, previous_end or mean.", |row| {
            row.denominator_date.map(|date| date.code())
        })
        .int("decimals", "Digits after the point when shown.", |row| Some(i32::from(row.decimals)))
        .text("attribution", "registration, operation, residence or none.", |row| Some(row.attribution.code()))
        .exact("min", "Smallest plausible amount.", |row| exact(row.min.as_deref()))
        .exact("max", "Largest plausible amount.", |row| exact(row.max.as_deref()))
        .text("coverage_by", "Coverage: items, areas or value.", |row| row.coverage_by.map(|by| by.code()))
        .text("member_of", "Coverage indicator of which it is an item.", |row| row.member_of.as_deref())
        .text("note", "Remark.", |row| Some(&row.note))
        .known_at(zone, |row| row.known_from)
        .text("rounding", "How it is rounded when shown: half_up or half_even.", |row| {
            Some(row.rounding.unwrap_or(catalog.head.rounding).code())
        })
        .text("answer", "Ratios: the view that has this one alone; null = it is in ratios only.", |row| {
            row.answer.as_deref()
        })
        .leaf("catalog_indicators", "Every row of indicators.csv.")
}

fn bases(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.bases)
        .text("basis", "Id of the benchmark.", |row| Some(&row.basis))
        .text("indicator", "Indicator it is about.", |row| Some(&row.indicator))
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .date("period_from", "First day of the periods it covers.", |row| row.period_from)
        .date("period_to", "First day after them.", |row| row.period_to)
        .instant("known_from", "Values known from then …", |row| {
            row.known_from.and_then(|day| moment::start_of(day, zone))
        })
        .instant("known_to", "… and before then belong to it.", |row| {
            row.known_to.and_then(|day| moment::start_of(day, zone))
        })
        .text("note", "Remark.", |row| Some(&row.note))
        .text("ref_area", "The one area or group whose values it is about.", |row| row.ref_area.as_deref())
        .leaf("catalog_bases", "Every row of bases.csv.")
}

fn basis_links(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    let declared = catalog.bases.iter().flat_map(|row| row.links().map(move |link| (row, link)));
    let both = declared.flat_map(|(row, link)| {
        let (indicator, basis, known) = (row.indicator.as_str(), row.basis.as_str(), row.linked_known_from);
        [(indicator, basis, link, known), (indicator, link, basis, known)]
    });
    let mut rows: Vec<_> = both.collect();
    rows.sort_unstable();
    rows.dedup();
    Rows::new(&rows)
        .text("indicator", "Indicator whose bases are linked.", |row| Some(row.0))
        .text("basis", "A benchmark.", |row| Some(row.1))
        .text("linked_basis", "One with which differences are meaningful.", |row| Some(row.2))
        .known_at(zone, |row| row.3)
        .leaf("catalog_basis_links", "The links that bases.csv declares, in both directions.")
}

fn moves(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    let period = |text: &str| Some(Period::parse(text).ok()?.to_string());
    Rows::new(&catalog.moves)
        .text("part", "Id of what moved.", |row| Some(&row.part))
        .text("from_area", "Area to which it belonged before.", |row| Some(&row.from_area))
        .text("to_area", "Area to which it belongs from then on.", |row| Some(&row.to_area))
        .date("day", "First day on which it belongs to the other area.", |row| Some(row.day))
        .text("indicator", "The one indicator that the row is about.", |row| row.indicator.as_deref())
        .owned("time_period", "The one period that the row is about.", |row| period(row.time_period.as_deref()?))
        .exact("share", "What part of the area's value moved.", |row| exact(row.share.as_deref()))
        .exact("amount", "What moved, in the plain unit.", |row| exact(row.value.as_deref()))
        .known_at(zone, |row| row.known_from)
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .text("note", "Remark.", |row| Some(&row.note))
        .leaf("catalog_moves", "Every row of moves.csv.")
}

fn editions(catalog: &Catalog) -> Leaf {
    Rows::new(&catalog.editions)
        .text("edition", "Id of the edition, as events name it.", |row| Some(&row.edition))
        .text("series", "Series of which it is one.", |row| Some(&row.series))
        .date("published", "Day on which it came out.", |row| Some(row.published))
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .text("note", "Remark.", |row| Some(&row.note))
        .leaf("catalog_editions", "Every row of editions.csv.")
}

/// What one in a digit is worth: SQL has powers of floats only.
fn powers_of_ten() -> Leaf {
    let exponents: Vec<i32> = (-(SCALE as i32)..=MAX_EXPONENT).collect();
    Rows::new(&exponents)
        .int("exponent", "The exponent.", |exponent| Some(*exponent))
        .exact("power", "Ten to that power.", |exponent| {
            u32::try_from(exponent + SCALE as i32).ok().map(|digits| 10_i128.pow(digits))
        })
        .leaf("powers_of_ten", "Powers of ten that a value's last digit can be worth.")
}

fn rules(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.rules)
        .text("rule", "Id of the rule.", |row| Some(&row.rule))
        .text("kind", "bounds, jump, unit_scale, sum, area_sum, stock or ratio_parts.", |row| Some(row.check.code()))
        .text("indicator", "The indicator whose values are looked at.", |row| Some(&row.indicator))
        .text("severity", "soft or info.", |row| Some(row.severity.code()))
        .text("ref_area", "One area or group; null = every one.", |row| row.ref_area.as_deref())
        .text("parts", "Indicators that it is compared with.", |row| Some(&row.parts))
        .exact("low", "Least amount, or least value ÷ value before.", |row| exact(row.low.as_deref()))
        .exact("high", "Greatest amount, or greatest value ÷ value before.", |row| exact(row.high.as_deref()))
        .exact("tolerance", "What may lie between the two sides.", |row| exact(row.tolerance.as_deref()))
        .text("message_zh", "What to tell the reporter, in Chinese.", |row| Some(&row.message_zh))
        .text("message_en", "What to tell the reporter, in English.", |row| Some(&row.message_en))
        .known_at(zone, |row| row.known_from)
        .text("note", "Remark.", |row| Some(&row.note))
        .flag("half_digit", "Whether the tolerance follows the digits as sent.", Rule::is_half_digit)
        .text("places", "areas: asked of no group; null = of both.", |row| row.places.map(|places| places.code()))
        .leaf("catalog_rules", "Every row of rules.csv.")
}

fn rule_parts(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    let rows: Vec<_> =
        catalog.rules.iter().flat_map(|rule| rule.part_indicators().map(move |part| (rule, part))).collect();
    Rows::new(&rows)
        .text("rule", "Id of the rule.", |row| Some(&row.0.rule))
        .instant("known_at", "Since when the catalog knows the rule's row.", |row| {
            row.0.known_from.and_then(|day| moment::start_of(day, zone))
        })
        .text("part", "An indicator that it names in parts.", |row| Some(row.1))
        .leaf("catalog_rule_parts", "The indicators that rules.csv names in parts, one a row.")
}

fn notes(catalog: &Catalog) -> Leaf {
    let rows: Vec<_> = (1..).zip(&catalog.head.notes).collect();
    Rows::new(&rows)
        .int("number", "Its place in catalog.toml, from 1.", |row| Some(row.0))
        .text("note_zh", "In Chinese.", |row| Some(&row.1.zh))
        .text("note_en", "In English.", |row| Some(&row.1.en))
        .leaf("catalog_notes", "What a reader must know of the document itself: the notes of catalog.toml.")
}

fn targets(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    let period = |text: &Option<String>| Period::parse(text.as_deref().unwrap_or(&catalog.head.default_period)).ok();
    Rows::new(&catalog.targets)
        .text("target_id", "Id of the target.", |row| Some(&row.target_id))
        .text("kind", "ratio, amount, count, milestone, coverage, unquantified or context.", |row| {
            Some(row.kind.code())
        })
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .text("ref_area", "Area or group that owes it.", |row| Some(&row.ref_area))
        .text("indicator", "Indicator that measures it.", |row| Some(&row.indicator))
        .text("unit_text", "The unit as the text writes it.", |row| Some(&row.unit_text))
        .text("target_text", "The target as the text writes it; null where it gives none.", |row| {
            row.target_value.as_deref()
        })
        .exact("target_value", "The target in the text's unit.", |row| exact(row.target_value.as_deref()))
        .exact("target_amount", "The target in the indicator's plain unit.", |row| {
            target_bounds::amount(row).ok().flatten()
        })
        .exact("unit_factor", "Plain units in one unit of the text.", |row| {
            Some(target_bounds::power_of_ten(row.unit_mult))
        })
        .text("comparator", "How the actual value is compared.", |row| row.comparator.map(|code| code.code()))
        .text("alt_comparator", "Another comparator that the text allows.", |row| {
            row.alt_comparator.map(|code| code.code())
        })
        .text("strength", "hard, soft, report_only or context.", |row| Some(row.strength.code()))
        .owned("time_period", "Period by whose end it is owed; without one, the catalog's default period.", |row| {
            period(&row.time_period).map(|period| period.to_string())
        })
        .owned("period_kind", "Shape of time_period.", |row| {
            period(&row.time_period).map(|period| period.kind.code().to_owned())
        })
        .date("period_start", "First day of time_period.", |row| period(&row.time_period).map(|period| period.start))
        .date("period_end", "Last day of time_period.", |row| period(&row.time_period).map(|period| period.end))
        .instant("period_ends_at", "End of that day in the catalog's time zone.", |row| {
            let next = period(&row.time_period)?.end.tomorrow().ok()?;
            Some(moment::start_of(next, zone)? - 1)
        })
        .flag("period_stated", "Whether the text says a period.", |row| row.time_period.is_some())
        .text("parent", "Target of which this is a part.", |row| row.parent.as_deref())
        .text("same_as", "Target that promises the same figure.", |row| row.same_as.as_deref())
        .text("section", "Section of the document.", |row| Some(&row.section))
        .text("phrase", "The phrase.", |row| Some(&row.phrase))
        .text("verb", "The verb.", |row| Some(&row.verb))
        .span(zone, |row| (row.valid_from, row.valid_to, row.known_from))
        .text("note", "Remark.", |row| Some(&row.note))
        .leaf("catalog_targets", "Every row of targets.csv.")
}

fn target_bounds(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    let rows: Vec<_> = catalog
        .targets
        .iter()
        .flat_map(|target| {
            let rounding = catalog.rounding(&target.indicator);
            let readings = target_bounds::readings(target, rounding).unwrap_or_default();
            readings.into_iter().map(move |bound| (target, bound, rounding))
        })
        .collect();
    Rows::new(&rows)
        .text("target_id", "Id of the target.", |row| Some(&row.0.target_id))
        .instant("known_at", "Since when the catalog knows the target's row.", |row| {
            row.0.known_from.and_then(|day| moment::start_of(day, zone))
        })
        .text("comparator", "Comparator of this reading.", |row| Some(row.1.comparator.code()))
        .flag("main", "Whether it is the target's first comparator.", |row| row.1.main)
        .flag("rounded", "Whether the actual value is rounded to the target's digits.", |row| row.1.rounded)
        .int("digits", "Digits after the point that it is rounded to.", |row| Some(i32::from(row.1.digits)))
        .flag("ties_up", "Whether a tie is rounded up; otherwise to the even digit.", |row| row.2 == Rounding::HalfUp)
        .exact("lower", "Least amount that meets it; null = no lower bound.", |row| row.1.lower)
        .flag("lower_inclusive", "Whether the lower bound itself meets it.", |row| row.1.lower_inclusive)
        .exact("upper", "Greatest amount that meets it; null = no upper bound.", |row| row.1.upper)
        .flag("upper_inclusive", "Whether the upper bound itself meets it.", |row| row.1.upper_inclusive)
        .leaf("catalog_target_bounds", "What each target asks, as bounds: one row for each reading of its text.")
}

fn reporters(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.reporters)
        .text("reporter", "Id of the reporter.", |row| Some(&row.reporter))
        .text("name_zh", "Name in Chinese.", |row| Some(&row.name_zh))
        .text("name_en", "Name in English.", |row| Some(&row.name_en))
        .text("kind", "What it is, in the catalog's own words.", |row| Some(&row.kind))
        .int("precedence", "Between reporters of one cell the lower number wins.", |row| Some(row.precedence))
        .flag("may_back_date", "May say when a value was published.", |row| row.may_back_date)
        .flag("may_estimate", "May send estimates.", |row| row.may_estimate)
        .date("valid_from", "First day on which it may send.", |row| row.valid_from)
        .date("valid_to", "First day on which it no longer may.", |row| row.valid_to)
        .text("note", "Remark.", |row| Some(&row.note))
        .known_at(zone, |row| row.known_from)
        .leaf("catalog_reporters", "Every row of reporters.csv.")
}

fn sources(catalog: &Catalog) -> Leaf {
    Rows::new(&catalog.sources)
        .text("source", "CloudEvents source.", |row| Some(&row.source))
        .text("reporter", "Reporter to whom it belongs.", |row| Some(&row.reporter))
        .flag("demo", "Whether it carries illustrative figures.", |row| row.demo)
        .text("note", "Remark.", |row| Some(&row.note))
        .leaf("catalog_sources", "Every row of sources.csv.")
}

fn scopes(catalog: &Catalog) -> Leaf {
    Rows::new(&catalog.scopes)
        .text("reporter", "Id of the reporter.", |row| Some(&row.reporter))
        .text("ref_area", "Area; CODE/* also what lies in it; * every one.", |row| Some(&row.ref_area))
        .text("indicator", "Indicator; * every one.", |row| Some(&row.indicator))
        .leaf("catalog_scopes", "Every row of scopes.csv.")
}

fn obligations(catalog: &Catalog, zone: &TimeZone) -> Leaf {
    Rows::new(&catalog.obligations)
        .text("obligation", "Id of the obligation.", |row| Some(&row.obligation))
        .text("reporter", "Who owes it.", |row| Some(&row.reporter))
        .text("ref_area", "For which area.", |row| Some(&row.ref_area))
        .text("indicator", "Which indicator.", |row| Some(&row.indicator))
        .text("frequency", "Kind of period: A, S, Q, M.", |row| Some(&row.frequency))
        .text("due_after", "ISO duration after the period's end.", |row| Some(&row.due_after))
        .text("first_period", "First period owed.", |row| row.first_period.as_deref())
        .text("last_period", "Last period owed.", |row| row.last_period.as_deref())
        .known_at(zone, |row| row.known_from)
        .leaf("catalog_obligations", "Every row of obligations.csv.")
}

fn dues(catalog: &Catalog, zone: &TimeZone, today: Date) -> Leaf {
    let rows = due::all(catalog, zone, today);
    Rows::new(&rows)
        .text("obligation", "Id of the obligation.", |row| Some(&row.obligation))
        .text("reporter", "Who owes it.", |row| Some(&row.reporter))
        .text("ref_area", "For which area.", |row| Some(&row.ref_area))
        .text("indicator", "Which indicator.", |row| Some(&row.indicator))
        .owned("time_period", "For which period.", |row| Some(row.period.to_string()))
        .date("period_start", "First day of the period.", |row| Some(row.period.start))
        .date("period_end", "Last day of the period.", |row| Some(row.period.end))
        .date("due", "Last day on which it is in time.", |row| Some(row.due))
        .instant("due_at", "End of that day in the catalog's time zone.", |row| Some(row.due_at))
        .known_at(zone, |row| row.known_from)
        .leaf("catalog_dues", "Every report that is owed: one row for each row of obligations.csv and period.")
}
