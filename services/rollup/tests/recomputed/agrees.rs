//! The property itself: the views against the model, cell by cell, events included.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use helan_query::Session;
use helan_schemas::tables::Table;
use proptest::test_runner::{Config, FileFailurePersistence, RngAlgorithm, TestRng, TestRunner};

use crate::asking::{COMPARED, Row, compare, compare_rows, key, keyed, label, number, row, rows};
use crate::boundaries;
use crate::changes;
use crate::found;
use crate::history::{Case, DAY, Draw, INDICATORS, START, Step, cases};
use crate::model::{Cell, Model, cell};
use crate::places::Figure;
use crate::printed;
use crate::ratios::Ratio;
use crate::spans;
use crate::targets::{self, Stands};
use crate::world::{AREAS, GROUPS, Variant};

/// Cases of a test run, always the same ones; HELAN_CASES asks for another number, of others each time.
const CASES: u32 = 6;
const EVERYTHING: i64 = 253_370_764_800_000_000;

#[test]
fn published_figures_equal_their_recomputation_from_raw_events() {
    let cases_asked = std::env::var("HELAN_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(16 * 1024 * 1024)
        .enable_all()
        .build()
        .expect("a runtime");
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recomputed/seeds.txt");
    let config = Config {
        cases: cases_asked,
        max_shrink_iters: 300,
        // Making the failing case smaller takes two minutes at most.
        max_shrink_time: 120_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(kept))),
        ..Config::default()
    };
    let mut runner = if cases_asked == CASES {
        TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
    } else {
        TestRunner::new(config)
    };
    let outcome = runner.run(&cases(), |case| {
        let task = runtime.spawn(async move { differences(&case, &case.variant).await });
        let found = runtime.block_on(task).expect("no panic");
        proptest::prop_assert!(found.is_empty(), "{}", found.join("\n"));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let compared = COMPARED.load(Ordering::Relaxed);
    println!("{cases_asked} random histories: {compared} rows equal their recomputation from the raw events");
    assert!(compared > 50 * cases_asked as usize, "only {compared} rows were compared: the histories say too little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_with_another_rule_differs() {
    let report = |area, indicator, period, source, cents| {
        Step::Report(Draw { area, indicator, period, cents, source, days: 900, ..Draw::default() })
    };
    let variant = Variant { move_a2: 1, linked: true, bounded: true, ..Variant::default() };
    let at = |name: &str| INDICATORS.iter().position(|indicator| *indicator == name).expect("an indicator");
    let mut steps: Vec<_> = [(1, 0, 500), (1, 2, 700), (5, 2, 100), (2, 2, 300)]
        .map(|(area, source, cents)| report(area, 0, 0, source, cents))
        .into();
    // The year before, on the other scope of R&D; and a fund in A.
    steps.extend([(1, 0, 450), (2, 2, 290)].map(|(area, source, cents)| report(area, 0, 3, source, cents)));
    steps.push(report(1, at("fund"), 0, 0, 2));
    let case = Case { variant: variant.clone(), steps, order: 7, as_of: 1400, recorded: None };
    assert_eq!(differences(&case, &variant).await, [""; 0]);
    for other in [
        // Precedence the other way round turns A and R; a county that did not move turns what is compiled beside A and B.
        Variant { first: 1, ..variant.clone() },
        Variant { move_a2: 0, ..variant.clone() },
        // A park that counts for jobs leaves A incomplete; a member for R&D adds to the group.
        Variant { own_trees: true, ..variant.clone() },
        // Without the link there is no difference between the years; with C, two of three have no fund.
        Variant { linked: false, ..variant.clone() },
        Variant { c_joins: true, ..variant.clone() },
    ] {
        assert!(!differences(&case, &other).await.is_empty(), "{other:?}");
    }
}

/// Everything in which the views of a case and the model by a variant differ.
pub(crate) async fn differences(case: &Case, by: &Variant) -> Vec<String> {
    differences_in(case, by, Views::All).await
}

/// What is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Views {
    All,
    /// Targets, and the figures and ratios that they are judged by.
    Judged,
}

/// What differs in some views.
pub(crate) async fn differences_in(case: &Case, by: &Variant, views: Views) -> Vec<String> {
    let events = case.events();
    let batch = crate::support::events(&case.csv(&events));
    let catalog = case.variant.catalog();
    let tables = BTreeMap::from([(Table::Events, vec![batch])]);
    let session = Session::in_memory(catalog, tables, START + 2000 * DAY).expect("a session");
    let (as_of, recorded) = case.moments();
    // 2017-01-01T00:00:00Z is eight in the morning of that day in the catalog's zone.
    let today = jiff::civil::date(2017, 1, 1).checked_add(jiff::Span::new().days(case.as_of)).expect("a day");
    let model = Model::new(by, &events, as_of, recorded.unwrap_or(EVERYTHING), today);
    let ask = |text: &'static str| rows(&session, text, as_of, recorded);
    let mut found = Vec::new();

    let (areas, groups, ratios) = figures(&model);
    let texts = |figures: &ByCell<Figure>| -> ByCell<Row> {
        figures.iter().map(|(key, it)| (key.clone(), of_figure(it))).collect()
    };
    compare("area_values", &keyed(ask("select * from area_values").await), &texts(&areas), &mut found);
    compare("group_values", &keyed(ask("select * from group_values").await), &texts(&groups), &mut found);
    let texts: ByCell<Row> = ratios.iter().map(|(key, ratio)| (key.clone(), of_ratio(ratio))).collect();
    compare("ratios", &keyed(ask("select * from ratios").await), &texts, &mut found);

    let quota = ask("select target_id as indicator, '' as time_period, ref_area, verdict, actual_value, sensitive, coverage_reported, coverage_expected, at_least, estimated, denominator_coverage_reported, denominator_coverage_expected, fulfilment is not null as fulfilment from quota_fulfilment").await;
    let stands = targets::all(&model, today);
    let texts: ByCell<Row> =
        stands.iter().map(|((target, area), it)| (cell(area, target, ""), of_target(it))).collect();
    compare("quota_fulfilment", &keyed(quota), &texts, &mut found);
    if views == Views::Judged {
        return found;
    }

    let differences = ask("select ref_area, indicator, from_period, to_period, from_value, to_value, from_basis, to_basis, is_current, difference, growth, reason_code from changes").await;
    compare_rows("changes", differences, changes::all(&model).into_iter().map(of_change).collect(), &mut found);

    let printed =
        ask("select ref_area, indicator, time_period, edition, reporter, computed, comparison from printed_figures")
            .await;
    compare_rows("printed_figures", printed, printed::all(&model).into_iter().map(of_printed).collect(), &mut found);

    let bounded =
        ask("select ref_area, indicator, time_period, value_then, value_now, reason_code from boundary_values").await;
    compare_rows("boundary_values", bounded, boundaries::all(&model).into_iter().map(of_bounded).collect(), &mut found);

    let of_rules = ask(
        "select rule, ref_area, indicator, time_period, amount, other_amount from rule_findings where kind = 'sum'",
    )
    .await;
    compare_rows("rule_findings", of_rules, found::sums(&model).into_iter().map(of_found).collect(), &mut found);

    // What a group reported beside what its members come to, as a publication freezes it.
    let frozen = ask("select ref_area, indicator, time_period, members_compiled, members_residual, members_residual_reason, members_estimated from published_areas where members_compiled is not null").await;
    let of_groups = groups.iter().filter(|(cell, it)| areas.contains_key(*cell) && it.compiled.is_some());
    compare_rows("published_areas", frozen, of_groups.map(of_members).collect(), &mut found);

    // These two views are large plans: in the short form they are asked in some histories.
    if std::env::var_os("HELAN_CASES").is_some() || case.order.is_multiple_of(4) {
        let history = ask("select ref_area, indicator, time_period, known_from, known_to, value, numerator_edition, denominator_edition, numerator_vintage, denominator_vintage, edition from ratio_history").await;
        let spans = spans::all(by, &events, as_of, recorded.unwrap_or(EVERYTHING));
        compare_rows("ratio_history", history, spans.into_iter().map(of_span).collect(), &mut found);

        let text = "select rule, ref_area, indicator, time_period, amount, other_amount from findings where finding = 'residual'";
        let residuals = found::residuals(&model).into_iter().map(of_found).collect();
        compare_rows("findings", ask(text).await, residuals, &mut found);

        let text = "select finding as rule, ref_area, indicator, time_period, amount, other_amount from findings where finding in ('coarser_than_before', 'older_edition_counts')";
        let of_editions = found::of_editions(&model).into_iter().map(of_found).collect();
        compare_rows("findings", ask(text).await, of_editions, &mut found);
    }

    // What is computed in one pass, against the text that says what it is.
    let text = helan_queries::get("standing").expect("the view").sql;
    compare_rows("standing", ask("select * from standing").await, ask(text).await, &mut found);

    // Lineage: exactly the events that are in the number.
    let mut behind: BTreeMap<Cell, BTreeSet<(String, String)>> = BTreeMap::new();
    for row in ask("select * from place_inputs where role = 'value'").await {
        behind.entry(key(&row)).or_default().insert((row["source"].clone(), row["id"].clone()));
    }
    for (cell, figure) in areas.iter().filter(|(cell, _)| !GROUPS.contains(&&*cell.0)).chain(&groups) {
        let have = behind.remove(cell).unwrap_or_default();
        if have != figure.events {
            found.push(format!("lineage of {cell:?}: {have:?}, recomputed {:?}", figure.events));
        }
    }
    found.extend(behind.keys().map(|cell| format!("lineage of {cell:?}, which has no value")));
    found
}

pub(crate) type ByCell<T> = BTreeMap<Cell, T>;

/// Every figure of areas and groups, and every ratio.
pub(crate) fn figures(model: &Model<'_>) -> (ByCell<Figure>, ByCell<Figure>, ByCell<Ratio>) {
    let (mut areas, mut groups, mut ratios) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for period in model.periods() {
        for place in AREAS.into_iter().chain(GROUPS) {
            for indicator in INDICATORS {
                let cell = cell(place, indicator, &period);
                areas.extend(model.area(&cell).map(|figure| (cell.clone(), figure)));
                if GROUPS.contains(&place) {
                    groups.extend(model.group(&cell).map(|figure| (cell.clone(), figure)));
                }
            }
            for indicator in ["rd_intensity", "patent_density"] {
                let ratio = model.ratio(place, indicator, &period);
                ratios.extend(ratio.map(|ratio| (cell(place, indicator, &period), ratio)));
            }
        }
    }
    (areas, groups, ratios)
}

fn of_figure(figure: &Figure) -> Row {
    let reason = figure.residual_reason;
    row([
        ("value", number(figure.value)),
        ("status", figure.status.to_owned()),
        ("reported", number(figure.reported)),
        ("compiled", number(figure.compiled)),
        ("coverage_reported", figure.coverage.0.to_string()),
        ("coverage_expected", figure.coverage.1.unwrap_or_default().to_string()),
        ("complete", figure.complete.to_string()),
        ("carried", figure.carried.to_string()),
        ("estimated", figure.estimated.to_string()),
        ("vintage", label(figure.labels.vintage())),
        ("basis", label(figure.labels.basis())),
        ("edition", label(figure.labels.edition())),
        ("residual_reason", reason.unwrap_or_default().to_owned()),
        ("residual", number(figure.reported.zip(figure.compiled).filter(|_| reason.is_none()).map(|(a, b)| a - b))),
    ])
}

fn of_ratio(ratio: &Ratio) -> Row {
    row([
        ("value", number(ratio.value)),
        ("shown", number(ratio.shown)),
        ("status", ratio.status.to_owned()),
        ("numerator", number(ratio.numerator)),
        ("denominator", number(ratio.denominator)),
        ("complete", ratio.complete.to_string()),
        ("at_least", ratio.at_least.to_string()),
        ("estimated", ratio.estimated.to_string()),
        ("denominator_status", ratio.under.0.to_owned()),
        ("denominator_coverage_reported", ratio.under.1.to_string()),
        ("denominator_coverage_expected", ratio.under.2.unwrap_or_default().to_string()),
        ("numerator_vintage", label(ratio.above.vintage())),
        ("numerator_basis", label(ratio.above.basis())),
        ("denominator_vintage", label(ratio.below.vintage())),
        ("denominator_basis", label(ratio.below.basis())),
        ("numerator_edition", label(ratio.above.edition())),
        ("denominator_edition", label(ratio.below.edition())),
        ("edition", ratio_edition(ratio)),
        ("paired_edition", ratio.paired.unwrap_or_default().to_owned()),
    ])
}

/// That of both parts; of two, or of one and none, mixed.
pub(crate) fn ratio_edition(ratio: &Ratio) -> String {
    let both = ratio.numerator.is_some() && ratio.denominator.is_some();
    match (ratio.above.edition(), ratio.below.edition()) {
        (above, below) if above == below => label(above),
        _ if both => "mixed".to_owned(),
        _ => String::new(),
    }
}

fn of_target(stands: &Stands) -> Row {
    row([
        ("verdict", stands.verdict.to_owned()),
        ("actual_value", number(stands.actual)),
        ("sensitive", stands.sensitive.to_string()),
        ("coverage_reported", stands.coverage.0.to_string()),
        ("coverage_expected", stands.coverage.1.unwrap_or_default().to_string()),
        ("at_least", stands.at_least.to_string()),
        ("estimated", stands.estimated.to_string()),
        ("denominator_coverage_reported", stands.under.map_or(0, |under| under.1).to_string()),
        ("denominator_coverage_expected", stands.under.and_then(|under| under.2).unwrap_or_default().to_string()),
        ("fulfilment", stands.fulfilment.to_string()),
    ])
}

fn of_bounded(it: boundaries::Bounded) -> Row {
    row([
        ("ref_area", it.cell.0),
        ("indicator", it.cell.1),
        ("time_period", it.cell.2),
        ("value_then", number(it.then)),
        ("value_now", number(it.now)),
        ("reason_code", it.reason.unwrap_or_default().to_owned()),
    ])
}

fn of_printed(it: printed::Printed) -> Row {
    row([
        ("ref_area", it.cell.0),
        ("indicator", it.cell.1),
        ("time_period", it.cell.2),
        ("edition", label(it.edition.map(str::to_owned))),
        ("reporter", it.reporter.to_owned()),
        ("computed", number(it.computed)),
        ("comparison", it.comparison.to_owned()),
    ])
}

fn of_found(it: found::Found) -> Row {
    row([
        ("rule", it.rule.to_owned()),
        ("ref_area", it.cell.0),
        ("indicator", it.cell.1),
        ("time_period", it.cell.2),
        ("amount", number(Some(it.amount))),
        ("other_amount", number(Some(it.parts))),
    ])
}

fn of_span(it: spans::Span) -> Row {
    let moment = |time: i64| jiff::Timestamp::from_microsecond(time).expect("in range").to_string();
    row([
        ("ref_area", it.cell.0),
        ("indicator", it.cell.1),
        ("time_period", it.cell.2),
        ("known_from", moment(it.known.0)),
        ("known_to", it.known.1.map_or_else(String::new, moment)),
        ("value", number(Some(it.value))),
        ("numerator_edition", label(it.editions.0.map(str::to_owned))),
        ("denominator_edition", label(it.editions.1.map(str::to_owned))),
        ("numerator_vintage", label(it.vintages.0.map(str::to_owned))),
        ("denominator_vintage", label(it.vintages.1.map(str::to_owned))),
        (
            "edition",
            if it.editions.0 == it.editions.1 { label(it.editions.0.map(str::to_owned)) } else { "mixed".to_owned() },
        ),
    ])
}

fn of_members((cell, it): (&Cell, &Figure)) -> Row {
    let residual = it.reported.zip(it.compiled).filter(|_| it.residual_reason.is_none()).map(|(a, b)| a - b);
    row([
        ("ref_area", cell.0.clone()),
        ("indicator", cell.1.clone()),
        ("time_period", cell.2.clone()),
        ("members_compiled", number(it.compiled)),
        ("members_residual", number(residual)),
        ("members_residual_reason", it.residual_reason.unwrap_or_default().to_owned()),
        ("members_estimated", it.parts_estimated.to_string()),
    ])
}

fn of_change(change: changes::Change) -> Row {
    row([
        ("ref_area", change.place),
        ("indicator", change.indicator),
        ("from_period", change.periods.0),
        ("to_period", change.periods.1),
        ("from_value", number(change.values.0)),
        ("to_value", number(change.values.1)),
        ("from_basis", label(change.bases.0)),
        ("to_basis", label(change.bases.1)),
        ("is_current", change.current.to_string()),
        ("difference", number(change.difference)),
        ("growth", number(change.growth)),
        ("reason_code", change.reason.unwrap_or_default().to_owned()),
    ])
}
