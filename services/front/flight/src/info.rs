//! What clients ask about the service itself. JDBC tools ask for all of it, and fail where something is not said.

use std::collections::BTreeMap;

use arrow::error::ArrowError;
use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder};
use arrow_flight::sql::{
    SqlInfo, SqlNullOrdering, SqlOuterJoinsSupportLevel, SqlSupportedCaseSensitivity, SqlSupportedTransaction,
    SqlTransactionIsolationLevel,
};
use helan_query::desk::SqlLimits;

const TEXTS: &[(SqlInfo, &str)] = &[
    (SqlInfo::FlightSqlServerName, "Helan"),
    (SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION")),
    // The version of Arrow's format.
    (SqlInfo::FlightSqlServerArrowVersion, "1.5"),
    (SqlInfo::SqlIdentifierQuoteChar, "\""),
    (SqlInfo::SqlSearchStringEscape, "\\"),
    (SqlInfo::SqlExtraNameCharacters, ""),
    (SqlInfo::SqlSchemaTerm, "schema"),
    (SqlInfo::SqlProcedureTerm, "procedure"),
    (SqlInfo::SqlCatalogTerm, "catalog"),
];

const IS: &[(SqlInfo, bool)] = &[
    (SqlInfo::FlightSqlServerReadOnly, true),
    (SqlInfo::FlightSqlServerSql, true),
    (SqlInfo::FlightSqlServerSubstrait, false),
    (SqlInfo::FlightSqlServerCancel, true),
    (SqlInfo::FlightSqlServerBulkIngestion, false),
    (SqlInfo::FlightSqlServerIngestTransactionsSupported, false),
    (SqlInfo::SqlDdlCatalog, false),
    (SqlInfo::SqlDdlSchema, false),
    (SqlInfo::SqlDdlTable, false),
    (SqlInfo::SqlAllTablesAreSelectable, true),
    (SqlInfo::SqlSupportsColumnAliasing, true),
    (SqlInfo::SqlNullPlusNullIsNull, true),
    (SqlInfo::SqlSupportsTableCorrelationNames, true),
    (SqlInfo::SqlSupportsDifferentTableCorrelationNames, false),
    (SqlInfo::SqlSupportsExpressionsInOrderBy, true),
    (SqlInfo::SqlSupportsOrderByUnrelated, true),
    (SqlInfo::SqlSupportsLikeEscapeClause, true),
    (SqlInfo::SqlSupportsNonNullableColumns, true),
    (SqlInfo::SqlSupportsIntegrityEnhancementFacility, false),
    (SqlInfo::SqlCatalogAtStart, true),
    (SqlInfo::SqlSelectForUpdateSupported, false),
    (SqlInfo::SqlStoredProceduresSupported, false),
    (SqlInfo::SqlCorrelatedSubqueriesSupported, true),
    (SqlInfo::SqlMaxRowSizeIncludesBlobs, false),
    (SqlInfo::SqlTransactionsSupported, false),
    (SqlInfo::SqlDataDefinitionCausesTransactionCommit, false),
    (SqlInfo::SqlDataDefinitionsInTransactionsIgnored, false),
    (SqlInfo::SqlBatchUpdatesSupported, false),
    (SqlInfo::SqlSavepointsSupported, false),
    (SqlInfo::SqlNamedParametersSupported, false),
    (SqlInfo::SqlLocatorsUpdateCopy, false),
    (SqlInfo::SqlStoredFunctionsUsingCallSyntaxSupported, false),
];

/// Values of enums, and sets of them, in which a value is the number of its bit.
const NUMBERS: &[(SqlInfo, i32)] = &[
    (SqlInfo::FlightSqlServerTransaction, SqlSupportedTransaction::None as i32),
    (SqlInfo::FlightSqlServerStatementTimeout, 0),
    (SqlInfo::FlightSqlServerTransactionTimeout, 0),
    (SqlInfo::SqlIdentifierCase, SqlSupportedCaseSensitivity::SqlCaseSensitivityLowercase as i32),
    (SqlInfo::SqlQuotedIdentifierCase, SqlSupportedCaseSensitivity::SqlCaseSensitivityCaseInsensitive as i32),
    (SqlInfo::SqlNullOrdering, SqlNullOrdering::SqlNullsSortedAtEnd as i32),
    // Columns that are not selected, and more than those that are.
    (SqlInfo::SqlSupportedGroupBy, 0b11),
    // Minimum and core.
    (SqlInfo::SqlSupportedGrammar, 0b11),
    // Entry.
    (SqlInfo::SqlAnsi92SupportedLevel, 0b1),
    (SqlInfo::SqlOuterJoinsSupportLevel, SqlOuterJoinsSupportLevel::SqlFullOuterJoins as i32),
    (SqlInfo::SqlSchemasSupportedActions, 0),
    (SqlInfo::SqlCatalogsSupportedActions, 0),
    (SqlInfo::SqlSupportedPositionedCommands, 0),
    // In comparisons, `exists`, `in`.
    (SqlInfo::SqlSupportedSubqueries, 0b111),
    // `union`, `union all`.
    (SqlInfo::SqlSupportedUnions, 0b11),
    (SqlInfo::SqlSupportedTransactionsIsolationLevels, 1 << SqlTransactionIsolationLevel::SqlTransactionNone as i32),
    // Forward only, read only.
    (SqlInfo::SqlSupportedResultSetTypes, 0b10),
    (SqlInfo::SqlSupportedConcurrenciesForResultSetUnspecified, 0b10),
    (SqlInfo::SqlSupportedConcurrenciesForResultSetForwardOnly, 0b10),
    (SqlInfo::SqlSupportedConcurrenciesForResultSetScrollSensitive, 0),
    (SqlInfo::SqlSupportedConcurrenciesForResultSetScrollInsensitive, 0),
];

/// The longest of each; 0 = no limit of its own.
const LENGTHS: &[(SqlInfo, i64)] = &[
    (SqlInfo::SqlMaxBinaryLiteralLength, 0),
    (SqlInfo::SqlMaxCharLiteralLength, 0),
    (SqlInfo::SqlMaxColumnNameLength, 0),
    (SqlInfo::SqlMaxColumnsInGroupBy, 0),
    (SqlInfo::SqlMaxColumnsInIndex, 0),
    (SqlInfo::SqlMaxColumnsInOrderBy, 0),
    (SqlInfo::SqlMaxColumnsInSelect, 0),
    (SqlInfo::SqlMaxColumnsInTable, 0),
    (SqlInfo::SqlMaxConnections, 0),
    (SqlInfo::SqlMaxCursorNameLength, 0),
    (SqlInfo::SqlMaxIndexLength, 0),
    (SqlInfo::SqlDbSchemaNameLength, 0),
    (SqlInfo::SqlMaxProcedureNameLength, 0),
    (SqlInfo::SqlMaxCatalogNameLength, 0),
    (SqlInfo::SqlMaxRowSize, 0),
    (SqlInfo::SqlMaxStatementLength, SqlLimits::TEXT as i64),
    (SqlInfo::SqlMaxStatements, 0),
    (SqlInfo::SqlMaxTableNameLength, 0),
    (SqlInfo::SqlMaxTablesInSelect, 0),
    (SqlInfo::SqlMaxUsernameLength, 0),
    // The protocol has it as a small number; the JDBC driver reads a large one and fails on the other.
    (SqlInfo::SqlDefaultTransactionIsolation, SqlTransactionIsolationLevel::SqlTransactionNone as i64),
];

/// Lists of words: none beyond the standard's are named.
const WORDS: [SqlInfo; 5] = [
    SqlInfo::SqlKeywords,
    SqlInfo::SqlNumericFunctions,
    SqlInfo::SqlStringFunctions,
    SqlInfo::SqlSystemFunctions,
    SqlInfo::SqlDatetimeFunctions,
];

/// All that is known, made once.
pub(crate) fn all() -> Result<SqlInfoData, ArrowError> {
    let mut info = SqlInfoDataBuilder::new();
    TEXTS.iter().for_each(|(name, value)| info.append(*name, *value));
    IS.iter().for_each(|(name, value)| info.append(*name, *value));
    NUMBERS.iter().for_each(|(name, value)| info.append(*name, *value));
    LENGTHS.iter().for_each(|(name, value)| info.append(*name, *value));
    WORDS.iter().for_each(|name| info.append(*name, &[][..] as &[&str]));
    // `convert` is not a function here; `cast` is not asked about.
    info.append(SqlInfo::SqlSupportsConvert, BTreeMap::<i32, Vec<i32>>::new());
    info.build().map_err(|error| match error {
        FlightError::Arrow(error) => error,
        other => ArrowError::ExternalError(Box::new(other)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_protocol_names_is_said() {
        let info = all().expect("made");
        // 0 to 5 and 8 to 10 about the service, 6 and 7 about Substrait, 100 and 101, 500 to 576 about its SQL.
        let named = (0..=10).chain(100..=101).chain(500..=576).filter_map(|name| SqlInfo::try_from(name).ok());
        let missing = named.filter(|name| info.record_batch([*name as u32]).expect("rows").num_rows() == 0);
        let missing: Vec<_> = missing.collect();
        let substrait = [SqlInfo::FlightSqlServerSubstraitMinVersion, SqlInfo::FlightSqlServerSubstraitMaxVersion];
        assert_eq!(missing, substrait);
    }
}
