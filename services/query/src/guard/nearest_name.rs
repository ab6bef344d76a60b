//! The table or table function that was most likely meant by one that is not there.

use datafusion::common::DataFusionError;
use datafusion::execution::SessionState;
use helan_schemas::catalog::Catalog;
use helan_schemas::nearest::nearest;

/// How the planner names what it does not find.
const TABLE: &str = "table '";
const FUNCTION: &str = "table function '";

/// The end of a message about an error of the planner: which name is near to the one that it did not find, if one is.
pub(crate) fn suggestion(state: &SessionState, error: &DataFusionError) -> String {
    let DataFusionError::Plan(text) = error.find_root() else { return String::new() };
    let found = |start: &str| text.strip_prefix(start)?.split_once("' not found").map(|(name, _)| name);
    if let Some(indicator) = found(TABLE).and_then(|name| indicator(state, unqualified(name))) {
        return format!("; {indicator} is an indicator: select * from figures where indicator = '{indicator}'");
    }
    let meant = match (found(TABLE), found(FUNCTION)) {
        (Some(name), _) => {
            let name = unqualified(name);
            let tables = tables(state);
            // A view that is asked as of a moment is a function.
            let functions = state.table_functions().keys().map(String::as_str);
            nearest(name, tables.iter().map(String::as_str).chain(functions)).map(str::to_owned)
        }
        (None, Some(name)) => nearest(name, state.table_functions().keys().map(String::as_str)).map(str::to_owned),
        (None, None) => None,
    };
    meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

/// Names stand with their catalog and schema there.
fn unqualified(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The indicator that somebody asked as if it were a table.
fn indicator(state: &SessionState, name: &str) -> Option<String> {
    let catalog = state.config().get_extension::<Catalog>()?;
    let codes = || catalog.indicators.iter().map(|indicator| indicator.indicator.as_str());
    let is_near_a_table = || nearest(name, tables(state).iter().map(String::as_str)).is_some();
    let found = codes().find(|code| *code == name);
    found.or_else(|| nearest(name, codes()).filter(|_| !is_near_a_table())).map(str::to_owned)
}

/// The tables and views that a question may name.
fn tables(state: &SessionState) -> Vec<String> {
    let options = &state.config_options().catalog;
    let catalog = state.catalog_list().catalog(&options.default_catalog);
    let schema = catalog.and_then(|catalog| catalog.schema(&options.default_schema));
    schema.map(|schema| schema.table_names()).unwrap_or_default()
}
