//! Publications over a real lake: frozen, idempotent, reproducible.

#[path = "../../query/tests/asked/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the views, which use more of it")]
mod support;

use std::sync::Arc;

use helan_lake::Lake;
use helan_query::Session;
use helan_rollup::{Node, Outcome, Question, Request, RollupError, compare_publications, explain, reproduce, run};
use helan_schemas::catalog::Catalog;
use helan_schemas::tables::Table;

const FIRST: &str = "source,id,ref_area,indicator,time_period,value,unit_mult,vintage,known
/nx/nx-stats,a,640000,gdp,2018,3705.18,8,preliminary,2019-08-30
/nx/nx-stats,b,640000,rd_expenditure,2018,455792.5,4,,2019-08-30
";
const REVISION: &str = "source,id,ref_area,indicator,time_period,value,unit_mult,vintage,known,offset
/nx/nx-stats,c,640000,gdp,2018,3510.2,8,census-revised,2019-12-01,2
";

async fn add(lake: &Lake, rows: &str) {
    let snapshot = lake.snapshot(Table::Events).await.expect("snapshot");
    lake.append(&snapshot, vec![support::events(rows)], Vec::new()).await.expect("append");
}

async fn publish(lake: &Lake, as_of: Option<&str>) -> Outcome {
    let request = Request { period: "2018".to_owned(), as_of: as_of.map(str::to_owned), publish: true };
    run(lake, Arc::new(Catalog::embedded()), request).await.expect("a roll-up")
}

async fn count(lake: &Lake, table: &str) -> usize {
    let session = Session::open(lake, None).await.expect("session");
    session.sql(&format!("select * from {table}")).await.expect("sql").count().await.expect("count")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publication_is_frozen_found_again_superseded_and_reproduced() {
    let (_dir, lake) = support::empty_lake().await;
    add(&lake, FIRST).await;

    let first = publish(&lake, None).await;
    assert!(first.fresh);
    assert!(first.headline_en.contains("1.2301"), "{}", first.headline_en);
    let values = count(&lake, "published_values").await;

    let (again, other) = tokio::join!(publish(&lake, None), publish(&lake, None));
    for outcome in [again, other] {
        assert_eq!((outcome.publication.as_ref(), outcome.fresh), (first.publication.as_ref(), false));
    }
    assert_eq!(count(&lake, "published_values").await, values);
    assert_eq!(count(&lake, "publications").await, 1);
    assert_eq!(count(&lake, "publication_runs").await, 3);

    add(&lake, REVISION).await;
    let second = publish(&lake, None).await;
    assert!(second.fresh && second.publication != first.publication);
    assert!(
        second.headline_en.contains("1.2985")
            && second.headline_en.contains("another interpretation changes the verdict"),
        "{}",
        second.headline_en
    );
    let cell = ("640000".to_owned(), "rd_intensity".to_owned());
    assert_eq!(second.ratios.get(&cell).map(String::as_str), Some("1.30"), "as `figures` has it");

    let session = Session::open(&lake, None).await.expect("session");
    let superseding = "select * from publications p inner join publications q on q.supersedes = p.publication";
    assert_eq!(session.sql(superseding).await.expect("sql").count().await.expect("count"), 1);

    for outcome in [&first, &second] {
        let id = outcome.publication.as_deref().expect("an id");
        let reproduction = reproduce(&lake, id).await.expect("reproduction");
        assert!(
            reproduction.values_agree && reproduction.inputs_agree && reproduction.same_queries,
            "{reproduction:?}"
        );
    }
    // What was known at the first release is the first publication's content again.
    let back = publish(&lake, Some("2019-08-30")).await;
    assert!(back.headline_en.contains("1.2301"), "{}", back.headline_en);
}

const UNRELATED: &str = "source,id,ref_area,indicator,time_period,value,unit_mult,vintage,known,offset
/nx/nx-stats,u1,640000,gdp,2016,3168.59,8,,2019-11-01,10
/nx/nx-kjt,u2,640000,rd_expenditure,2018,455000,4,,2019-11-01,11
";
const WITHDRAWAL: &str = "source,id,withdraws,known,offset
/nx/nx-stats,w,c,2019-12-02,12
";

async fn asked(lake: &Lake, text: impl AsRef<str>) -> Vec<String> {
    let session = Session::open(lake, None).await.expect("session");
    let batches = session.sql(text.as_ref()).await.expect("sql").collect().await.expect("rows");
    let shown = arrow::util::pretty::pretty_format_batches(&batches).expect("shown").to_string();
    let rows = shown.lines().skip(3).filter(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>().join(",")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_is_behind_a_number_makes_another_publication() {
    let (_dir, lake) = support::empty_lake().await;
    add(&lake, FIRST).await;
    let first = publish(&lake, None).await;

    // Another year, and a report that another reporter outranks: behind no number of 2018.
    add(&lake, UNRELATED).await;
    let same = publish(&lake, None).await;
    assert_eq!((&same.publication, same.fresh), (&first.publication, false));
    let (a, b) = (first.publication.clone().expect("an id"), {
        add(&lake, REVISION).await;
        publish(&lake, None).await.publication.expect("an id")
    });
    assert_ne!(a, b);
    let inputs =
        asked(&lake, format!("select distinct id from publication_inputs where publication = '{b}' order by id"));
    assert_eq!(inputs.await, ["a", "b", "c"], "the first release is a reading of the target, so it is behind it");
    let lineage = asked(
        &lake,
        format!(
            "select role, id from publication_lineage where publication = '{b}' and answer = 'rd_intensity' order by role"
        ),
    );
    assert_eq!(lineage.await, ["denominator,c", "numerator,b"]);
    let changes = asked(
        &lake,
        format!(
            "select change, causes, events_after from publication_changes where publication = '{b}' and answer = 'rd_intensity'"
        ),
    );
    assert_eq!(changes.await, ["changed,revised_report,/nx/nx-stats c"]);
    let compared = compare_publications(&lake, &a, &b).await.expect("compared");
    assert_eq!((&compared.before.publication, &compared.after.publication), (&a, &b));
    assert_eq!(asked(&lake, "select count(*) from publication_changes").await, [compared.changes.len().to_string()]);
    assert_eq!(asked(&lake, "select publication from current_publication").await, std::slice::from_ref(&b));

    // B was a mistake: A is found again and is current again; neither has changed.
    add(&lake, WITHDRAWAL).await;
    let again = publish(&lake, None).await;
    assert_eq!((again.publication.as_ref(), again.fresh), (Some(&a), false));
    assert_eq!(asked(&lake, "select publication, fresh from current_publication").await, [format!("{a},false")]);
    // A look back makes nothing current that was known less.
    publish(&lake, Some("2019-12-01")).await;
    assert_eq!(asked(&lake, "select publication from current_publication").await, std::slice::from_ref(&a));
    assert_eq!(asked(&lake, "select count(*) from publications").await, ["2"]);

    let question = |publication: &str, indicator: &str| Question {
        publication: Some(publication.to_owned()),
        as_of: None,
        area: "640000".to_owned(),
        indicator: indicator.to_owned(),
        period: None,
    };
    let figure = explain(&lake, None, &question(&b[..8], "rd_intensity")).await.expect("explained");
    assert_eq!((figure.agrees, figure.root.events(), figure.same_queries), (Some(true), 2, true));
    assert_eq!(figure.root.value.as_deref(), Some("1.2984801436"));
    assert_eq!(figure.root.all_rules().into_iter().collect::<Vec<_>>(), [1, 2, 3, 5, 6, 7, 9, 10, 12]);
    let verdict = explain(&lake, None, &question("latest", "T044")).await.expect("explained");
    assert_eq!((verdict.publication.as_ref(), verdict.agrees), (Some(&a), Some(true)));
    assert_eq!(verdict.root.status, "missed");
    assert!(explain(&lake, None, &question("latest", "rd_intensty")).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sum_of_one_edition_is_explained_by_that_editions_reports() {
    let (_dir, lake) = support::empty_lake().await;
    let velmora = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/catalogs/velmora-2018");
    let velmora = Arc::new(Catalog::load(std::path::Path::new(velmora)).expect("a catalog without errors"));
    let rows = "source,id,ref_area,indicator,time_period,value,unit,unit_mult,edition,known
/v/office,n22,N,rd,2017,1650,MARK,6,2022,2022-03-01
/v/office,s22,S,rd,2017,1050,MARK,6,2022,2022-03-01
/v/isle,i22,I,rd,2017,110,MARK,6,2022,2022-03-01
/v/office,g22,V,gdp,2017,99000,MARK,6,2022,2022-03-01
/v/office,n23,N,rd,2017,1700,MARK,6,2023,2023-03-01
/v/office,mg,mainland,gdp,2017,90000,MARK,6,2022,2022-03-01
";
    add(&lake, rows).await;
    let question = |area: &str, indicator: &str| Question {
        publication: None,
        area: area.to_owned(),
        indicator: indicator.to_owned(),
        period: Some("2017".to_owned()),
        as_of: None,
    };
    let explained = async |area: &str, indicator: &str| {
        explain(&lake, Some(velmora.clone()), &question(area, indicator)).await.expect("explained").root
    };
    let nation = explained("V", "intensity").await;
    let sum = &nation.children[0];
    assert_eq!((sum.value.as_deref(), sum.role, nation.events()), (Some("2810000000"), "numerator", 4));
    let names = |node: &Node| -> Vec<String> {
        let id = |node: &Node| node.facts.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.clone());
        node.children.iter().flat_map(|part| part.children.iter().filter_map(id)).collect()
    };
    assert_eq!(names(sum), ["i22", "n22", "s22"]);
    let group = explained("mainland", "intensity").await;
    assert_eq!((names(&group.children[0]), group.events()), (vec!["n22".to_owned(), "s22".to_owned()], 3));
    let request = Request { period: "2017".to_owned(), as_of: None, publish: true };
    let published = run(&lake, velmora.clone(), request).await.expect("a roll-up").publication.expect("an id");
    let answers = "select distinct answer from published_values where indicator = 'intensity' and target_id is null";
    assert_eq!(asked(&lake, answers).await, ["research_effort"], "the catalog names it");
    let behind =
        "select count(distinct id) from publication_lineage where answer = 'research_effort' and ref_area = 'V'";
    assert_eq!(asked(&lake, behind).await, ["4"]);
    assert_eq!(
        asked(&lake, "select shown from research_effort_as_of('2022-12-31') where ref_area = 'V'").await,
        ["2.8400000000"]
    );
    let again = reproduce(&lake, &published).await.expect("reproduction");
    assert!(again.values_agree && again.inputs_agree && again.same_queries, "{again:?}");
    // The isle lies within the nation, and counts for its R&D.
    let says_not_added = |node: &Node| node.facts.iter().any(|(name, _)| *name == "within_not_added");
    assert!(!says_not_added(&explained("V", "rd").await));
    assert!(says_not_added(&explained("V", "gdp").await));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_fails_while_it_computes_is_recorded() {
    let (dir, lake) = support::empty_lake().await;
    add(&lake, FIRST).await;
    publish(&lake, None).await;
    // The log still names the file of events: only reading it fails.
    for entry in walk(&dir.path().join("events")) {
        std::fs::remove_file(entry).expect("removed");
    }

    let request = Request { period: "2018".to_owned(), as_of: None, publish: true };
    let error = run(&lake, Arc::new(Catalog::embedded()), request.clone()).await.expect_err("events are gone");
    let runs = "select outcome, publication is null, fresh, message <> '' from publication_runs order by started_at";
    assert_eq!(asked(&lake, runs).await, ["published,false,true,", "failed,true,false,true"], "{error}");
    let message = asked(&lake, "select message from publication_runs where outcome = 'failed'").await;
    assert!(message[0].contains(".parquet"), "the reason names what is missing: {message:?}");

    // Only asking leaves no row, and neither does a moment that cannot be read.
    for (as_of, publish) in [(None, false), (Some("yesterday".to_owned()), true)] {
        let request = Request { as_of, publish, ..request.clone() };
        run(&lake, Arc::new(Catalog::embedded()), request).await.expect_err("no answer");
    }
    assert_eq!(asked(&lake, "select count(*) from publication_runs").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_published_until_what_an_audit_found_has_been_compared_again() {
    let (dir, lake) = support::empty_lake().await;
    add(&lake, FIRST).await;
    let catalog = Arc::new(Catalog::embedded());
    helan_query::fold(&lake, Some(catalog.clone()), 1, None).await.expect("folded");
    let first = publish(&lake, None).await;

    // As an audit leaves it that has found something: what was folded is gone.
    let cells = dir.path().join("cells");
    std::fs::remove_dir_all(&cells).and_then(|()| std::fs::create_dir(&cells)).expect("emptied");
    let found = r#"{"id":"one","found_at":1,"cells":2,"one":["640000","gdp","2018"],"is_settled":false}"#;
    std::fs::write(cells.join("difference.json"), found).expect("written");

    let request = Request { period: "2018".to_owned(), as_of: None, publish: true };
    let error = run(&lake, catalog.clone(), request.clone()).await.expect_err("publishing is stopped");
    assert!(matches!(error, RollupError::Stopped { cells: 2, .. }), "{error}");
    run(&lake, catalog.clone(), Request { publish: false, ..request }).await.expect("answers rest on the events now");
    let runs = "select outcome from publication_runs order by started_at";
    assert_eq!(asked(&lake, runs).await, ["published", "failed"]);

    helan_query::fold(&lake, Some(catalog.clone()), 1, None).await.expect("folded anew");
    let audit = helan_query::audit(&lake, Some(catalog), Some(0)).await.expect("compared again");
    assert!(audit.differing.is_empty() && !audit.stops_publishing);
    assert_eq!(publish(&lake, None).await.publication, first.publication);
}

/// The Parquet files below a directory.
fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    let below = |path: std::path::PathBuf| if path.is_dir() { walk(&path) } else { vec![path] };
    entries.flat_map(below).filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).collect()
}
