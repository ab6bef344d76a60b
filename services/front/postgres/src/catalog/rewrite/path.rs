//! Whether a schema is on the path, as Grafana asks it: there is one.

use datafusion::sql::sqlparser::ast::Query;

pub(super) fn asks_for_path(query: &Query) -> bool {
    let text = query.to_string();
    text.contains("string_to_array(") && text.contains("'search_path'")
}
