//! What an explanation is built from: rows of the views, read once for all areas, as of one pair of moments.

use std::collections::{BTreeMap, BTreeSet};

use helan_query::desk::Pinned;
use helan_query::literal;

use crate::error::RollupError;
use crate::rows::{Row, maps};

/// Area, indicator, time period.
pub(crate) type Cell = (String, String, String);

/// Rows of the views that concern a few indicators in a few periods.
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) names: BTreeMap<String, (String, String)>,
    pub(crate) indicators: BTreeMap<String, Row>,
    pub(crate) areas: BTreeMap<Cell, Row>,
    pub(crate) groups: BTreeMap<Cell, Row>,
    pub(crate) periods: BTreeMap<Cell, Row>,
    /// By which relations and members each indicator adds up.
    pub(crate) trees: BTreeMap<String, String>,
    /// Relation, child; by tree, parent and last day of a period.
    pub(crate) below: BTreeMap<(String, String, String), Vec<(String, String)>>,
    /// Member, whether outermost; by tree, group and period.
    pub(crate) members: BTreeMap<(String, String, String), Vec<(String, bool)>>,
    /// Source and id of the observations behind a period's value.
    pub(crate) inputs: BTreeMap<Cell, Vec<Row>>,
    /// Every known event about the cells of those observations, counted or not.
    pub(crate) events: BTreeMap<Cell, Vec<Row>>,
    pub(crate) dues: BTreeMap<Cell, Row>,
    /// What each value is in every edition that has all of its reports.
    pub(crate) editions: BTreeMap<Cell, Vec<Row>>,
}

/// A session as of a pair of moments.
pub(crate) struct At<'s> {
    pub(crate) session: &'s Pinned,
    pub(crate) as_of: i64,
    pub(crate) recorded: Option<i64>,
}

impl At<'_> {
    pub(crate) async fn rows(&self, text: &str) -> Result<Vec<Row>, RollupError> {
        // Ten are asked at once: on the stack they would take more than a thread has.
        maps(&Box::pin(self.session.rows_as_of(text, self.as_of, self.recorded)).await?)
    }

    pub(crate) async fn first(&self, text: &str) -> Result<Option<Row>, RollupError> {
        Ok(self.rows(text).await?.into_iter().next())
    }
}

pub(crate) fn cell(row: &Row) -> Cell {
    let text = |name: &str| row.get(name).cloned().unwrap_or_default();
    (text("ref_area"), text("indicator"), text("time_period"))
}

fn keyed(rows: Vec<Row>) -> BTreeMap<Cell, Row> {
    rows.into_iter().map(|row| (cell(&row), row)).collect()
}

fn grouped(rows: Vec<Row>) -> BTreeMap<Cell, Vec<Row>> {
    let mut out: BTreeMap<Cell, Vec<Row>> = BTreeMap::new();
    for row in rows {
        out.entry(cell(&row)).or_default().push(row);
    }
    out
}

impl Facts {
    /// Names of areas, groups and indicators.
    pub(crate) async fn named(at: &At<'_>) -> Result<Self, RollupError> {
        let text = |row: &Row, name: &str| row.get(name).cloned().unwrap_or_default();
        let (names, indicators) = futures::try_join!(
            at.rows("select ref_area, name_zh, name_en from area_names"),
            at.rows("select * from indicators"),
        )?;
        let names = names.iter().map(|row| (text(row, "ref_area"), (text(row, "name_zh"), text(row, "name_en"))));
        let indicators = indicators.into_iter().map(|row| (text(&row, "indicator"), row));
        Ok(Self { names: names.collect(), indicators: indicators.collect(), ..Self::default() })
    }

    /// Reads what concerns these indicators in these periods.
    pub(crate) async fn fill(
        &mut self,
        at: &At<'_>,
        indicators: &BTreeSet<String>,
        periods: &BTreeSet<String>,
    ) -> Result<(), RollupError> {
        let list = |values: &BTreeSet<String>| values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", ");
        if indicators.is_empty() || periods.is_empty() {
            return Ok(());
        }
        let about = format!("indicator in ({}) and time_period in ({})", list(indicators), list(periods));
        let of = |view: &str| format!("select * from {view} where {about}");
        let [area_values, group_values, period_values] = ["area_values", "group_values", "period_values"].map(of);
        let editions = of("edition_values");
        let inputs = format!("{} order by source, id", of("period_inputs"));
        let tree = format!("tree in (select tree from indicator_trees where indicator in ({}))", list(indicators));
        let edges = format!(
            "select tree, period_end, parent, relation, child from tree_edges where {tree} and period_end in \
             (select period_end from periods where time_period in ({})) order by relation, child",
            list(periods)
        );
        let members =
            format!("select * from tree_members where {tree} and time_period in ({}) order by member", list(periods));
        let trees = format!("select * from indicator_trees where indicator in ({})", list(indicators));
        let events = events_text(&about);
        let dues = format!(
            "select ref_area, indicator, time_period, max(due_at) as due_at from obligations where {about} \
             group by ref_area, indicator, time_period"
        );
        // Side by side: most of a question's time is planning, and views that several need are computed once.
        let (areas, groups, values, inputs, edges, members, trees, events, dues, editions) = futures::try_join!(
            at.rows(&area_values),
            at.rows(&group_values),
            at.rows(&period_values),
            at.rows(&inputs),
            at.rows(&edges),
            at.rows(&members),
            at.rows(&trees),
            at.rows(&events),
            at.rows(&dues),
            at.rows(&editions),
        )?;
        (self.areas, self.groups, self.periods) = (keyed(areas), keyed(groups), keyed(values));
        self.editions = grouped(editions);
        (self.inputs, self.events, self.dues) = (grouped(inputs), grouped(events), keyed(dues));
        let text = |row: &Row, name: &str| row.get(name).cloned().unwrap_or_default();
        self.trees.extend(trees.iter().map(|row| (text(row, "indicator"), text(row, "tree"))));
        for row in edges {
            let key = (text(&row, "tree"), text(&row, "parent"), text(&row, "period_end"));
            self.below.entry(key).or_default().push((text(&row, "relation"), text(&row, "child")));
        }
        for row in members {
            let key = (text(&row, "tree"), text(&row, "group_id"), text(&row, "time_period"));
            self.members.entry(key).or_default().push((text(&row, "member"), text(&row, "outermost") == "true"));
        }
        Ok(())
    }
}

/// Every event about the cells whose observations stand behind the values, in the order in which they count.
fn events_text(about: &str) -> String {
    format!(
        "select s.ref_area, s.indicator, s.time_period, s.source, s.id, s.reporter, s.submission, s.topic, s.\"partition\", \
         s.\"offset\", s.\"index\", s.value, s.unit, s.unit_mult, s.amount, s.obs_status, s.vintage, s.edition, s.known_at, \
         s.recorded_at, s.received_at, s.prepared_by, s.reviewed_by, s.approved_by, s.evidence, s.note, s.withdrawn_at, \
         o.basis, o.demo, o.id is not null as current \
         from statements s \
         inner join (select distinct ref_area, indicator, input_period from period_inputs where {about}) cells \
         on cells.ref_area = s.ref_area and cells.indicator = s.indicator and cells.input_period = s.time_period \
         left join current_values o on o.source = s.source and o.id = s.id \
         order by s.known_at desc, s.recorded_at desc, s.source, s.id"
    )
}
