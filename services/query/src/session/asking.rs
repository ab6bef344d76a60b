//! Asking a session: a question's plan, within what its asker may use.

use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::optimizer::OptimizerRule;
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;

use super::offered::Beside;
use super::{QueryError, Session, asked_in};
use crate::desk::Description;
use crate::dialect;
use crate::guard::watch::{Watch, Watched, Watchful};
use crate::guard::{fits, multiplying, read_only};
use crate::views::as_of::EVERYTHING;

/// Rows that a remote client's plan handles together: fewer than usual, because a long text can stand in each.
const BATCH: usize = 2048;

/// What an asker may use.
pub struct Terms {
    /// Where the plan's memory is counted.
    pub memory: Arc<RuntimeEnv>,
    /// What ends the plan, beside dropping it.
    pub watch: Arc<Watch>,
    /// Whether functions that could make more than any pool counts are held to a bound.
    pub stranger: bool,
    /// Further schemas and functions, of the front end.
    pub beside: Option<Arc<Beside>>,
}

/// A question from outside.
#[derive(Clone, Debug)]
pub struct Question {
    /// One SQL statement.
    pub text: String,
    /// T of the names without `_as_of`, microseconds since the epoch; none = the session's.
    pub as_of: Option<i64>,
    /// R beside T; none = everything pinned.
    pub recorded: Option<i64>,
}

impl Session {
    /// Plans a query. It must not change anything, and read nothing but what the session offers: that is judged by the
    /// plan, not by the text.
    ///
    /// # Errors
    /// [`QueryError::Asked`], [`QueryError::ReadOnly`] and [`QueryError::Statements`] are the asker's.
    pub async fn sql(&self, text: &str) -> Result<DataFrame, QueryError> {
        let state = self.0.context.state();
        let plan = read_only::plan(&state, text).await?;
        Ok(DataFrame::new(state, plan))
    }

    /// As [`Session::sql`], as of a pair of moments: names without `_as_of` mean the views at these moments.
    ///
    /// # Errors
    /// As [`Session::sql`].
    pub async fn sql_as_of(&self, text: &str, as_of: i64, recorded: Option<i64>) -> Result<DataFrame, QueryError> {
        let state = self.context_at(as_of, recorded.unwrap_or(EVERYTHING))?.state();
        let plan = read_only::plan(&state, text).await?;
        Ok(DataFrame::new(state, plan))
    }

    /// Plans a question on terms: as [`Session::sql`] or [`Session::sql_as_of`], within what its asker may use.
    ///
    /// # Errors
    /// As [`Session::sql`].
    pub async fn ask(&self, question: &Question, terms: Terms) -> Result<DataFrame, QueryError> {
        self.ask_with(question, terms, &[]).await
    }

    /// As [`Session::ask`], with values for the parameters `$1`, `$2` ….
    pub(crate) async fn ask_with(
        &self,
        question: &Question,
        terms: Terms,
        parameters: &[ScalarValue],
    ) -> Result<DataFrame, QueryError> {
        let (mut state, mut plan) = self.planned(question, &terms).await?;
        if !parameters.is_empty() {
            let parameters = self.in_zone(parameters);
            fits::hold(&plan, &parameters).map_err(read_only::asked)?;
            plan = plan.with_param_values(parameters).and_then(dialect::written).map_err(read_only::asked)?;
            plan = read_only::in_its_zone(&state, plan)?;
        }
        if terms.stranger {
            plan = multiplying::bound(plan).map_err(read_only::asked)?;
            let rows = multiplying::batch(&plan, BATCH).map_err(read_only::asked)?;
            let config = std::mem::take(state.config_mut());
            *state.config_mut() = config.with_batch_size(rows);
        }
        Ok(DataFrame::new(state, plan))
    }

    /// Parameters as they would be written: days and hours of moments count in the catalog's zone.
    fn in_zone(&self, parameters: &[ScalarValue]) -> Vec<ScalarValue> {
        let zone: Arc<str> = self.catalog().head.time_zone.as_str().into();
        let parameters = parameters.iter().cloned().map(|value| match value {
            ScalarValue::TimestampMicrosecond(moment, Some(_)) => {
                ScalarValue::TimestampMicrosecond(moment, Some(zone.clone()))
            }
            other => other,
        });
        parameters.collect()
    }

    /// What a question would answer. Its parameters need no values; where it has some, only their types matter.
    pub(crate) async fn describe_question(
        &self,
        question: &Question,
        terms: &Terms,
        parameters: &[ScalarValue],
    ) -> Result<Description, QueryError> {
        let (state, mut plan) = self.planned(question, terms).await?;
        let found = plan.get_parameter_types()?.into_iter().collect();
        if !parameters.is_empty() {
            let known = plan.with_param_values(parameters.to_vec()).and_then(dialect::written);
            plan = known.map_err(read_only::asked)?;
            plan = read_only::in_its_zone(&state, plan)?;
        }
        // Types are settled by the analyser. Nothing is worked out, constants neither.
        let plan = state.analyzer().execute_and_check(plan, state.config_options(), |_, _| {})?;
        Ok(Description { schema: Arc::new(plan.schema().as_arrow().clone()), parameters: found })
    }

    /// The plan of a question, and the state in which it is to be run.
    async fn planned(&self, question: &Question, terms: &Terms) -> Result<(SessionState, LogicalPlan), QueryError> {
        self.0.past.make_room();
        let context = match (question.as_of, question.recorded) {
            (None, None) => self.0.context.clone(),
            (as_of, recorded) => self.context_at(as_of.unwrap_or(self.now()), recorded.unwrap_or(EVERYTHING))?,
        };
        // Memory is the asker's; stores are the session's, because views plan their own scans in it.
        let stores = self.0.pinned.memory.object_store_registry.clone();
        let runtime = RuntimeEnv { object_store_registry: stores, ..terms.memory.as_ref().clone() };
        let known = context.state();
        let rules = known.optimizers().iter().map(|rule| -> Arc<dyn OptimizerRule + Send + Sync> {
            Arc::new(Watchful { rule: rule.clone(), watch: terms.watch.clone() })
        });
        let rules = rules.collect();
        let lists = known.catalog_list().clone();
        let mut state = SessionStateBuilder::new_from_existing(known)
            .with_runtime_env(Arc::new(runtime))
            .with_optimizer_rules(rules)
            .with_physical_optimizer_rule(Arc::new(Watched(terms.watch.clone())))
            .build();
        if let Some(beside) = &terms.beside {
            beside.add_to(&mut state, &lists)?;
        }
        let plan = read_only::plan(&state, &question.text).await?;
        if terms.stranger && read_only::tells_of_the_machine(&plan) {
            return Err(QueryError::Asked(
                "the engine's settings are not told: they name paths of this machine".to_owned(),
            ));
        }
        terms.watch.look()?;
        Ok((state, plan))
    }

    /// A context in which names mean the views at a pair of moments.
    fn context_at(&self, as_of: i64, recorded: i64) -> Result<SessionContext, QueryError> {
        let past = &self.0.past;
        Ok(past.context(as_of, recorded, |scope| asked_in(scope, past))?)
    }
}
