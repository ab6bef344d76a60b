//! From a figure down to its reports: the formula, the components, the areas, the periods, the events, and at every
//! node the rules that acted there.

mod editions;
mod facts;
mod figures;
mod node;
mod places;
mod rules;

use std::collections::BTreeSet;
use std::sync::Arc;

use helan_lake::Lake;
use helan_query::Session;
use helan_query::desk::Pinned;
use helan_query::literal;
use helan_runtime::clock::rfc_3339;
use helan_schemas::catalog::Catalog;
use helan_schemas::nearest::nearest;
use helan_schemas::period::Period;
use serde_json::json;

pub use node::Node;
pub use rules::{RULES, rule_text};

use crate::error::RollupError;
use crate::explain::facts::{At, Cell, Facts};
use crate::explain::figures::{Ratio, Target, printed, printed_nodes};
use crate::rows;
use crate::rules::Rules;

/// What is to be explained.
#[derive(Clone, Debug)]
pub struct Question {
    /// A publication: an id, its beginning, or `latest`; none = the lake as it is now.
    pub publication: Option<String>,
    /// T of a live explanation: a date or RFC 3339; none = now.
    pub as_of: Option<String>,
    /// Code or name of an area or a group.
    pub area: String,
    /// Id or name of an indicator, or the id of a target.
    pub indicator: String,
    /// The period; none = the publication's, else the catalog's.
    pub period: Option<String>,
}

/// A figure, explained.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The publication; none where live.
    pub publication: Option<String>,
    /// T, microseconds since the epoch.
    pub as_of: i64,
    /// The catalog's id.
    pub catalog_id: String,
    /// Digest of the catalog.
    pub catalog: String,
    /// The catalog, for names beside codes.
    pub known_by: Arc<Catalog>,
    /// Its time zone, in which people read moments.
    pub time_zone: String,
    /// SHA-256 over the SQL that made it.
    pub queries: String,
    /// Whether this build's SQL is that of the publication; true where live.
    pub same_queries: bool,
    /// Versions of the tables that were read.
    pub versions: Vec<(String, u64)>,
    /// The published number and status, where the publication has this figure.
    pub published: Option<(Option<String>, String)>,
    /// Whether the figure explained is the published one; none where there is nothing to compare.
    pub agrees: Option<bool>,
    /// The tree.
    pub root: Node,
}

impl Explanation {
    /// As JSON; digits are texts.
    pub fn to_json(&self) -> serde_json::Value {
        let rules: Vec<_> = self
            .root
            .all_rules()
            .into_iter()
            .filter_map(|number| rule_text(number).map(|(zh, en)| json!({"rule": number, "zh": zh, "en": en})))
            .collect();
        json!({
            "publication": self.publication,
            "as_of": rfc_3339(self.as_of),
            "catalog_id": self.catalog_id,
            "catalog": self.catalog,
            "queries": self.queries,
            "same_queries": self.same_queries,
            "versions": self.versions.iter().map(|(table, version)| (table.clone(), json!(version))).collect::<serde_json::Map<_, _>>(),
            "published": self.published.as_ref().map(|(value, status)| json!({"value": value, "status": status})),
            "agrees": self.agrees,
            "events": self.root.events(),
            "rules": rules,
            "figure": self.root.to_json(),
        })
    }
}

/// Explains one figure, of a publication or of the lake as it is.
///
/// # Errors
/// [`RollupError::Asked`] where the publication, the area, the indicator or the figure does not exist: the text says
/// what to write instead.
pub async fn explain(
    lake: &Lake,
    catalog: Option<Arc<Catalog>>,
    question: &Question,
) -> Result<Explanation, RollupError> {
    let now = Pinned::open(lake, catalog).await?;
    let Some(word) = &question.publication else {
        let as_of = match &question.as_of {
            Some(text) => now.moment(text)?,
            None => now.now(),
        };
        let period = question.period.clone().unwrap_or_else(|| now.catalog().head.default_period.clone());
        let root = figure(&At { session: &now, as_of, recorded: None }, question, &period).await?;
        return Ok(explained(&now, as_of, root));
    };
    let id = crate::current::resolve(&now, word).await?;
    let made = crate::reproduce::find(&now, &id).await?;
    let catalog = Arc::new(crate::reproduce::kept_catalog(&now, &made.catalog).await?);
    let session = now.desk().over(Session::below(lake, catalog, made.as_of, &made.offsets).await?);
    let period = question.period.clone().unwrap_or_else(|| made.period.to_string());
    let root = figure(&At { session: &session, as_of: made.as_of, recorded: None }, question, &period).await?;
    let published = published(&now, &id, &root).await?;
    let agrees = published.as_ref().map(|(value, status)| *value == root.value && *status == root.status);
    Ok(Explanation {
        publication: Some(id),
        published,
        agrees,
        same_queries: made.rules == Rules::of(session.catalog()),
        queries: made.queries_digest,
        ..explained(&session, made.as_of, root)
    })
}

fn explained(session: &Pinned, as_of: i64, root: Node) -> Explanation {
    let catalog = session.catalog();
    Explanation {
        publication: None,
        as_of,
        catalog_id: catalog.head.id.clone(),
        catalog: catalog.digest.clone(),
        known_by: catalog.clone(),
        time_zone: catalog.head.time_zone.clone(),
        queries: helan_queries::digest(),
        same_queries: true,
        versions: session.versions().iter().map(|version| (version.table.to_owned(), version.version)).collect(),
        published: None,
        agrees: None,
        root,
    }
}

async fn figure(at: &At<'_>, question: &Question, period: &str) -> Result<Node, RollupError> {
    let period = Period::parse(period)
        .map_err(|error| RollupError::Asked(format!("period {period:?} {error}; write 2018, 2018-Q2, 2018-06")))?;
    let mut facts = Facts::named(at).await?;
    let area = area_code(&facts, &question.area)?;
    if at.session.catalog().targets.iter().any(|target| target.target_id == question.indicator) {
        return target(at, facts, &question.indicator, &area).await;
    }
    let cell: Cell = (area, indicator_id(&facts, &question.indicator)?, period.to_string());
    let is_ratio = facts.indicators.get(&cell.1).is_some_and(|row| row.get("kind").is_some_and(|kind| kind == "ratio"));
    if is_ratio {
        let ratio = ratio(at, &mut facts, &cell).await?.ok_or_else(|| nothing(&cell))?;
        return Ok(ratio.node(&facts, &cell, "figure"));
    }
    facts.fill(at, &BTreeSet::from([cell.1.clone()]), &BTreeSet::from([cell.2.clone()])).await?;
    if !facts.areas.contains_key(&cell) && !facts.groups.contains_key(&cell) {
        return Err(nothing(&cell));
    }
    let printed = printed(at, &cell).await?;
    let mut node = facts.place(&cell, "figure");
    node.children.extend(printed_nodes(&facts, &cell, &printed));
    Ok(node)
}

async fn target(at: &At<'_>, mut facts: Facts, target: &str, area: &str) -> Result<Node, RollupError> {
    let read = Target::read(at, target, area).await?.ok_or_else(|| {
        RollupError::Asked(format!(
            "target {target} has no row for {area}; `helan sql \"select ref_area from quota_fulfilment where target_id = \
             '{target}'\"` lists its areas"
        ))
    })?;
    let cell = read.cell();
    if read.is_ratio()
        && let Some(ratio) = ratio(at, &mut facts, &cell).await?
    {
        return Ok(read.node(&facts, Some(&ratio)));
    }
    let (indicators, periods) = read.needs();
    facts.fill(at, &indicators, &periods).await?;
    Ok(read.node(&facts, None))
}

/// A ratio with the facts below it. Where the formula alone says what these are, both are read side by side.
async fn ratio(at: &At<'_>, facts: &mut Facts, cell: &Cell) -> Result<Option<Ratio>, RollupError> {
    let formula = facts.indicators.get(&cell.1).cloned().unwrap_or_default();
    let part = |name: &str| formula.get(name).cloned();
    match (part("numerator"), part("denominator"), part("denominator_date").as_deref()) {
        (Some(above), Some(below), Some("same_end") | None) => {
            let (indicators, periods) = (BTreeSet::from([above, below]), BTreeSet::from([cell.2.clone()]));
            let (ratio, ()) = futures::try_join!(Ratio::read(at, cell), facts.fill(at, &indicators, &periods))?;
            Ok(ratio)
        }
        _ => {
            let Some(ratio) = Ratio::read(at, cell).await? else { return Ok(None) };
            let (indicators, periods) = ratio.needs(cell);
            facts.fill(at, &indicators, &periods).await?;
            Ok(Some(ratio))
        }
    }
}

fn nothing(cell: &Cell) -> RollupError {
    RollupError::Asked(format!(
        "nothing was reported for indicator {} in period {} by which {} would have a figure",
        cell.1, cell.2, cell.0
    ))
}

fn area_code(facts: &Facts, word: &str) -> Result<String, RollupError> {
    if facts.names.contains_key(word) {
        return Ok(word.to_owned());
    }
    let lower = word.to_lowercase();
    let named = facts.names.iter().filter(|(_, (zh, en))| zh == word || en.to_lowercase() == lower);
    match &named.map(|(code, _)| code).collect::<Vec<_>>()[..] {
        [code] => Ok((*code).clone()),
        [] => {
            let names = facts.names.iter().flat_map(|(code, (zh, en))| [code, zh, en]);
            Err(RollupError::Asked(format!(
                "the catalog has no area or group {word:?}{} `helan sql \"select ref_area, name_zh, name_en from \
                 area_names\"` lists them",
                meant(word, names.map(String::as_str))
            )))
        }
        several => Err(RollupError::Asked(format!("{word:?} names several areas ({several:?}): write the code"))),
    }
}

fn indicator_id(facts: &Facts, word: &str) -> Result<String, RollupError> {
    if facts.indicators.contains_key(word) {
        return Ok(word.to_owned());
    }
    let named = |row: &rows::Row| {
        ["name_zh", "name_en"].iter().any(|name| row.get(*name).is_some_and(|text| text.eq_ignore_ascii_case(word)))
    };
    let found: Vec<_> = facts.indicators.iter().filter(|(_, row)| named(row)).map(|(id, _)| id).collect();
    match &found[..] {
        [id] => Ok((*id).clone()),
        _ => Err(RollupError::Asked(format!(
            "the catalog has no indicator or target {word:?}{} `helan sql \"select indicator, name_zh, name_en from \
             indicators\"` lists indicators, `… select target_id from targets` targets",
            meant(word, facts.indicators.keys().map(String::as_str))
        ))),
    }
}

/// What joins a word that is not there to what lists the words that are: the one that was most likely meant, if any.
fn meant<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> String {
    nearest(word, names).map_or_else(|| ";".to_owned(), |name| format!("; did you mean {name}?"))
}

/// The published number and status of a figure.
async fn published(session: &Pinned, id: &str, root: &Node) -> Result<Option<(Option<String>, String)>, RollupError> {
    let of = match &root.target_id {
        Some(target) => format!("target_id = {}", literal(target)),
        None => format!("target_id is null and indicator = {}", literal(&root.indicator)),
    };
    let text = format!(
        "select value, status from published_values where publication = {} and ref_area = {} and {of} \
         and time_period = {}",
        literal(id),
        literal(&root.ref_area),
        literal(&root.time_period)
    );
    let rows = rows::maps(&session.rows(&text).await?)?;
    Ok(rows.into_iter().next().map(|row| (row.get("value").cloned(), row.get("status").cloned().unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_answered_with_the_name() {
        let names = ["rd_intensity", "patent_density"];
        assert_eq!(meant("rd_intensty", names.into_iter()), "; did you mean rd_intensity?");
        assert_eq!(meant("weather", names.into_iter()), ";");
    }
}
