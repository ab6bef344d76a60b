//! What a front end offers beside the lake: the schemas and functions of its protocol, such as `pg_catalog`. A question
//! with them is planned and bounded like any other.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, SchemaProvider,
};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::FunctionRegistry;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// Schemas and functions for the questions of one front end.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Schemas by name; one that is called as one of the engine's (`information_schema`) takes its place.
    pub schemas: Vec<(&'static str, Arc<dyn SchemaProvider>)>,
    /// Functions; one that is called as one of the engine's takes its place.
    pub functions: Vec<Arc<ScalarUDF>>,
}

impl Beside {
    /// Puts them into a state. Names without a schema mean what they meant before.
    pub(crate) fn add_to(&self, state: &mut SessionState, lists: &Arc<dyn CatalogProviderList>) -> Result<()> {
        let options = state.config_mut().options_mut();
        options.catalog.information_schema = false;
        let name = options.catalog.default_catalog.clone();
        let known = lists.catalog(&name);
        let known = known.ok_or_else(|| DataFusionError::Internal(format!("the session has a catalog {name}")))?;
        let catalog = MemoryCatalogProvider::new();
        for schema in known.schema_names() {
            if let Some(provider) = known.schema(&schema) {
                catalog.register_schema(&schema, provider)?;
            }
        }
        for (schema, provider) in &self.schemas {
            catalog.register_schema(schema, provider.clone())?;
        }
        let list = MemoryCatalogProviderList::new();
        list.register_catalog(name, Arc::new(catalog));
        state.register_catalog_list(Arc::new(list));
        for function in &self.functions {
            state.register_udf(function.clone())?;
        }
        Ok(())
    }
}

/// What a function makes of columns of so many rows.
pub type Made = Arc<dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync>;

/// A function of a front end: what it makes of one row is small (some kilobytes), which is why remote clients may call it.
pub struct Offered {
    name: &'static str,
    signature: Signature,
    returns: DataType,
    made: Made,
}

impl Offered {
    /// A function that takes any arguments.
    pub fn function(name: &'static str, returns: DataType, made: Made) -> Arc<ScalarUDF> {
        let signature = Signature::one_of(
            vec![
                datafusion::logical_expr::TypeSignature::VariadicAny,
                datafusion::logical_expr::TypeSignature::Nullary,
            ],
            Volatility::Stable,
        );
        Arc::new(ScalarUDF::from(Self { name, signature, returns, made }))
    }

    /// Whether a function is one of a front end.
    pub(crate) fn is(function: &ScalarUDF) -> bool {
        function.inner().is::<Self>()
    }
}

impl fmt::Debug for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offered({})", self.name)
    }
}

impl PartialEq for Offered {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.made, &other.made)
    }
}

impl Eq for Offered {}

impl Hash for Offered {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Offered {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.returns.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let columns = args.args.iter().map(|value| value.clone().into_array(rows)).collect::<Result<Vec<_>>>()?;
        Ok(ColumnarValue::Array((self.made)(&columns, rows)?))
    }
}
