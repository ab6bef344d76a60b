//! Every function that DataFusion registers, with how large a result it makes.
//!
//! A function that is not in the list is refused to remote clients, so that one of a later DataFusion is not answered until
//! somebody has looked at it; a test compares the list with what is registered.

use crate::dialect;
use crate::session::local_date;

/// How large a result a function makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Makes {
    /// At most a few times what it is given, or a value of fixed size.
    Little,
    /// Possibly far more than it is given: it says how much before it makes it (`multiplying.rs`).
    Much,
    /// Refused to remote clients.
    Refused,
}

use Makes::{Little, Much, Refused};

/// What a scalar function makes; none = nobody has looked at it.
pub(crate) fn scalar(name: &str) -> Option<Makes> {
    of(SCALAR, name)
}

/// What an aggregate function makes.
pub(crate) fn aggregate(name: &str) -> Option<Makes> {
    of(AGGREGATE, name)
}

/// What a window function makes; aggregate functions over windows come here too.
pub(crate) fn window(name: &str) -> Option<Makes> {
    match name {
        // One list or text for each row, each as long as the window: the square of the rows.
        "array_agg" | "string_agg" => Some(Refused),
        _ => of(WINDOW, name).or_else(|| aggregate(name)),
    }
}

/// Whether a table function of DataFusion's is offered. They give their rows one batch at a time.
pub(crate) fn table(name: &str) -> bool {
    TABLE.contains(&name)
}

/// What a function over lambdas makes. What is in the lambda is bounded by itself.
pub(crate) fn over_lambdas(name: &str) -> Option<Makes> {
    of(OVER_LAMBDAS, name)
}

type List = &'static [(Makes, &'static [&'static str])];

fn of(list: List, name: &str) -> Option<Makes> {
    list.iter().find(|(_, names)| names.contains(&name)).map(|(makes, _)| *makes)
}

const SCALAR: List = &[
    (
        Much,
        &[
            // Texts
            "concat",
            "concat_ws",
            "lpad",
            "overlay",
            "regexp_replace",
            "repeat",
            "replace",
            "rpad",
            "to_char",
            // Lists and structs
            "array_append",
            "array_concat",
            "array_prepend",
            "array_repeat",
            "array_replace",
            "array_replace_all",
            "array_replace_n",
            "array_resize",
            "array_to_string",
            "generate_series",
            "make_array",
            "map",
            "named_struct",
            "range",
            "string_to_array",
            "struct",
        ],
    ),
    (
        Little,
        &[
            // Any values
            "arrow_field",
            "arrow_metadata",
            "arrow_typeof",
            "coalesce",
            "get_field",
            "greatest",
            "least",
            "nullif",
            "nvl",
            "nvl2",
            "union_extract",
            "union_tag",
            "version",
            // A cast; those to types of a stated length are refused where they are written
            "arrow_cast",
            "arrow_try_cast",
            // Numbers
            "abs",
            "acos",
            "acosh",
            "asin",
            "asinh",
            "atan",
            "atan2",
            "atanh",
            "cbrt",
            "ceil",
            "cos",
            "cosh",
            "cot",
            "degrees",
            "exp",
            "factorial",
            "floor",
            "gcd",
            "isnan",
            "iszero",
            "lcm",
            "ln",
            "log",
            "log10",
            "log2",
            "nanvl",
            "pi",
            "power",
            "radians",
            "random",
            "round",
            "signum",
            "sin",
            "sinh",
            "sqrt",
            "tan",
            "tanh",
            "trunc",
            // Digests of fixed length, and codes of twice the length
            "decode",
            "digest",
            "encode",
            "md5",
            "sha224",
            "sha256",
            "sha384",
            "sha512",
            // Moments
            "current_date",
            "current_time",
            "date_bin",
            "date_part",
            "date_trunc",
            "from_unixtime",
            local_date::NAME,
            "make_date",
            "make_time",
            "now",
            "to_date",
            "to_local_time",
            "to_time",
            "to_timestamp",
            "to_timestamp_micros",
            "to_timestamp_millis",
            "to_timestamp_nanos",
            "to_timestamp_seconds",
            "to_unixtime",
            // Texts; a changed letter takes at most four bytes
            "ascii",
            "bit_length",
            "btrim",
            "character_length",
            "chr",
            "contains",
            "ends_with",
            "find_in_set",
            "initcap",
            "left",
            "levenshtein",
            "lower",
            "ltrim",
            "octet_length",
            "regexp_count",
            "regexp_instr",
            "regexp_like",
            "regexp_match",
            "reverse",
            "right",
            "rtrim",
            "split_part",
            "starts_with",
            "strpos",
            "substr",
            "substr_index",
            "to_hex",
            "translate",
            "upper",
            "uuid",
            // Lists: parts, orders and figures of what is given
            "array_add",
            "array_any_value",
            "array_avg",
            "array_compact",
            "array_dims",
            "array_distance",
            "array_distinct",
            "array_element",
            "array_except",
            "array_has",
            "array_has_all",
            "array_has_any",
            "array_intersect",
            "array_length",
            "array_max",
            "array_min",
            "array_ndims",
            "array_normalize",
            "array_pop_back",
            "array_pop_front",
            "array_position",
            "array_positions",
            "array_product",
            "array_remove",
            "array_remove_all",
            "array_remove_n",
            "array_reverse",
            "array_scale",
            "array_slice",
            "array_sort",
            "array_subtract",
            "array_sum",
            "array_union",
            "arrays_zip",
            "cardinality",
            "cosine_distance",
            "empty",
            "flatten",
            "inner_product",
            "map_entries",
            "map_extract",
            "map_keys",
            "map_values",
        ],
    ),
    (Little, dialect::NAMES),
    (
        Refused,
        &[
            // Where the lake's files lie
            "file_row_index",
            "input_file_name",
            // Types and metadata made up for one value
            "cast_to_type",
            "try_cast_to_type",
            "with_metadata",
        ],
    ),
];

const OVER_LAMBDAS: List = &[(Little, &["array_any_match", "array_filter", "array_first", "array_transform"])];

/// What an aggregate function keeps is counted by the query's pool.
const AGGREGATE: List = &[
    (
        Little,
        &[
            "any_value",
            "approx_distinct",
            "approx_median",
            "approx_percentile_cont",
            "approx_percentile_cont_with_weight",
            "array_agg",
            "avg",
            "bit_and",
            "bit_or",
            "bit_xor",
            "bool_and",
            "bool_or",
            "corr",
            "count",
            "covar_pop",
            "covar_samp",
            "first_value",
            "grouping",
            "last_value",
            "max",
            "median",
            "min",
            "nth_value",
            "percentile_cont",
            "regr_avgx",
            "regr_avgy",
            "regr_count",
            "regr_intercept",
            "regr_r2",
            "regr_slope",
            "regr_sxx",
            "regr_sxy",
            "regr_syy",
            "stddev",
            "stddev_pop",
            "sum",
            "var",
            "var_pop",
        ],
    ),
    // With a separator for each row.
    (Much, &["string_agg"]),
];

const WINDOW: List = &[(
    Little,
    &[
        "cume_dist",
        "dense_rank",
        "first_value",
        "lag",
        "last_value",
        "lead",
        "nth_value",
        "ntile",
        "percent_rank",
        "rank",
        "row_number",
    ],
)];

const TABLE: &[&str] = &["generate_series", "range"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use datafusion::execution::SessionStateDefaults as Registered;

    use super::*;

    /// Names that are registered and not listed, and those that are listed and not registered.
    fn compare<'a>(registered: impl Iterator<Item = String>, listed: impl Iterator<Item = &'a &'a str>) {
        let registered: BTreeSet<_> = registered.collect();
        let listed: BTreeSet<_> = listed.map(|name| (*name).to_owned()).collect();
        let new: Vec<_> = registered.difference(&listed).collect();
        let gone: Vec<_> = listed.difference(&registered).collect();
        assert!(new.is_empty() && gone.is_empty(), "not looked at: {new:?}; no longer there: {gone:?}");
    }

    fn names(list: List) -> impl Iterator<Item = &'static &'static str> {
        list.iter().flat_map(|(_, names)| names.iter())
    }

    #[test]
    fn every_function_that_is_registered_was_looked_at() {
        let scalar = Registered::default_scalar_functions();
        let ours = dialect::NAMES.iter().chain([&local_date::NAME]).map(|name| (*name).to_owned());
        let scalar = scalar.iter().map(|function| function.name().to_owned()).chain(ours);
        compare(scalar, names(SCALAR));
        let aggregate = Registered::default_aggregate_functions();
        compare(aggregate.iter().map(|function| function.name().to_owned()), names(AGGREGATE));
        let window = Registered::default_window_functions();
        compare(window.iter().map(|function| function.name().to_owned()), names(WINDOW));
        let table = Registered::default_table_functions();
        compare(table.iter().map(|function| function.name().to_owned()), TABLE.iter());
        let over_lambdas = Registered::default_higher_order_functions();
        compare(over_lambdas.iter().map(|function| function.name().to_owned()), names(OVER_LAMBDAS));
    }
}
