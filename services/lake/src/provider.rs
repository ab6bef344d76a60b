//! A pinned table for DataFusion: delta-rs's scan, with the columns that an older table lacks read as null.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use deltalake_core::datafusion::catalog::{Session, TableProvider};
use deltalake_core::datafusion::common::ScalarValue;
use deltalake_core::datafusion::error::Result;
use deltalake_core::datafusion::execution::object_store::ObjectStoreUrl;
use deltalake_core::datafusion::logical_expr::{Expr, LogicalPlan, TableProviderFilterPushDown, TableType};
use deltalake_core::datafusion::physical_expr::PhysicalExpr;
use deltalake_core::datafusion::physical_expr::expressions::{Column, Literal};
use deltalake_core::datafusion::physical_plan::ExecutionPlan;
use deltalake_core::datafusion::physical_plan::projection::ProjectionExec;
use deltalake_core::delta_datafusion::DeltaScanNext;
use deltalake_core::logstore::LogStoreRef;
use helan_schemas::tables::Table;

/// One version of one table.
#[derive(Debug)]
pub(crate) struct PinnedTable {
    /// By itself it expects the table's store in the session.
    scan: DeltaScanNext,
    log_store: LogStoreRef,
    /// The scan's columns, then those that the table lacks.
    schema: SchemaRef,
}

impl PinnedTable {
    pub(crate) fn new(table: Table, scan: DeltaScanNext, log_store: LogStoreRef) -> Self {
        let found = scan.schema();
        let written = table.schema();
        let lacking = written.fields().iter().filter(|field| found.column_with_name(field.name()).is_none());
        let lacking = lacking.map(|field| {
            let field = Field::clone(field).with_data_type(as_read(field.data_type()));
            Arc::new(field.with_nullable(true))
        });
        let fields: Vec<_> = found.fields().iter().cloned().chain(lacking).collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, found.metadata().clone()));
        Self { scan, log_store, schema }
    }

    fn is_lacking(&self, name: &str) -> bool {
        self.scan.schema().column_with_name(name).is_none()
    }

    /// The wanted columns from those that a plan reads, nulls for the others.
    fn with_nulls(&self, plan: Arc<dyn ExecutionPlan>, wanted: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
        let columns = wanted.iter().map(|at| {
            let field = self.schema.field(*at);
            let column: Arc<dyn PhysicalExpr> = match plan.schema().column_with_name(field.name()) {
                Some((position, _)) => Arc::new(Column::new(field.name(), position)),
                None => Arc::new(Literal::new(ScalarValue::try_from(field.data_type())?)),
            };
            Ok((column, field.name().clone()))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
    }
}

/// The type as which the scan reads texts and bytes.
pub(crate) fn as_read(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        other => other.clone(),
    }
}

#[async_trait]
impl TableProvider for PinnedTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        None
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let root = self.log_store.root_url();
        let root = ObjectStoreUrl::parse(&root[..url::Position::BeforePath])?;
        // For a local disk a session has a store of its own, which compares nothing.
        if root.as_str().starts_with("file:") || session.runtime_env().object_store(&root).is_err() {
            session.runtime_env().register_object_store(root.as_ref(), self.log_store.root_object_store(None));
        }
        let stored = self.scan.schema().fields().len();
        if stored == self.schema.fields().len() {
            return self.scan.scan(session, projection, filters, limit).await;
        }
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let read = wanted.iter().copied().filter(|at| *at < stored).collect();
        let plan = self.scan.scan(session, Some(&read), filters, limit).await?;
        self.with_nulls(plan, &wanted)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // A filter on a column that the table lacks is not for its files.
        let lacking = |filter: &&Expr| filter.column_refs().iter().any(|column| self.is_lacking(&column.name));
        let known: Vec<&Expr> = filters.iter().copied().filter(|filter| !lacking(filter)).collect();
        let mut answers = self.scan.supports_filters_pushdown(&known)?.into_iter();
        // A filter that is said to be exact is not applied again. The scan says so of one that has only columns that name
        // folders, or no column at all, such as `null`; but it only skips files by it.
        let answer = |filter: &&Expr| match if lacking(filter) { None } else { answers.next() } {
            Some(TableProviderFilterPushDown::Exact | TableProviderFilterPushDown::Inexact) => {
                TableProviderFilterPushDown::Inexact
            }
            _ => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(answer).collect())
    }
}
