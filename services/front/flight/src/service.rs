//! The calls of Flight SQL: each finds its caller, and asks the desk.

use std::sync::Arc;

use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::metadata::{GetCatalogsBuilder, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::server::{DoPutError, FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::*;
use arrow_flight::{
    Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightDescriptor,
    FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse, Ticket,
};
use futures::{StreamExt, TryStreamExt};
use helan_query::desk::{Provenance, Unanswered};
use helan_runtime::clock::rfc_3339;
use http::header;
use prost::Message;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Request, Response, Status, Streaming};

use crate::answer::Sending;
use crate::caller::{Caller, basic};
use crate::connection::Close;
use crate::handle::Handle;
use crate::problem::{Own, Problem, ToStatus};
use crate::sent;
use crate::{Flight, bound, tables};

const CANCEL: &str = "CancelFlightInfo";

/// The service, as every connection has it.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Flight>);

type Rows<T> = Result<Response<<T as FlightService>::DoGetStream>, Status>;
type Info = Result<Response<FlightInfo>, Status>;

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::found(Own::Message, error)
}

/// How an answer to a command is fetched: by the command itself.
fn info(request: Request<FlightDescriptor>, command: &impl ProstMessageExt, schema: &Schema) -> Info {
    let caller = Caller::of(&request)?;
    let ticket = Ticket::new(command.as_any().encode_to_vec());
    described(request, ticket, schema).map_err(|problem| problem.to_status(caller.lang))
}

fn described(
    request: Request<FlightDescriptor>,
    ticket: Ticket,
    schema: &Schema,
) -> Result<Response<FlightInfo>, Problem> {
    let info = FlightInfo::new().try_with_schema(schema).map_err(broken)?.with_descriptor(request.into_inner());
    Ok(Response::new(info.with_endpoint(FlightEndpoint::new().with_ticket(ticket))))
}

/// Rows that are there.
fn rows<T>(request: &Request<T>, made: Result<RecordBatch, FlightError>) -> Rows<Service> {
    let caller = Caller::of(request)?;
    let batch = made.map_err(|error| broken(error).to_status(caller.lang))?;
    let encoder = FlightDataEncoderBuilder::new().with_schema(batch.schema());
    let messages = encoder.build(futures::stream::iter([Ok(batch)])).map_err(Status::from);
    Ok(Response::new(messages.boxed()))
}

/// Where an answer comes from, as over HTTP.
fn head(provenance: &Provenance, id: &str) -> MetadataMap {
    let mut head = MetadataMap::new();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = MetadataValue::try_from(value) {
            head.insert(name, value);
        }
    };
    set("helan-query", id.to_owned());
    set("helan-table-versions", provenance.table_versions());
    set("helan-catalog", provenance.catalog().to_owned());
    set("helan-as-of", rfc_3339(provenance.as_of));
    if let Some(recorded) = provenance.recorded {
        set("helan-recorded", rfc_3339(recorded));
    }
    head
}

impl Service {
    fn new_handle(&self, caller: &Caller, text: String) -> Handle {
        Handle::new(caller, self.0.parts.clock.new_id(), text)
    }

    /// Announces an answer: its columns are found now, and it is asked when it is fetched.
    async fn announce(&self, caller: &Caller, handle: Handle, request: Request<FlightDescriptor>) -> Info {
        let announced = async {
            bound::fit(&handle.text, handle.question()?.parameters.len())?;
            let columns = self.0.described(caller, &handle).await?.columns;
            let ticket = handle.announcing(&columns).ticket(&self.0.seal)?;
            described(request, ticket, &columns)
        };
        announced.await.map_err(|problem| problem.to_status(caller.lang))
    }

    async fn fetch(
        &self,
        caller: &Caller,
        close: Option<Close>,
        handle: &Handle,
    ) -> Result<Response<<Self as FlightService>::DoGetStream>, Problem> {
        // First of all a place: who has none costs nothing more.
        let seat = self.0.parts.desk.seat(&caller.identity.credential)?;
        let question = handle.question()?;
        bound::fit(&handle.text, question.parameters.len())?;
        let (id, mut entered) = (seat.id.clone(), self.0.running.enter(&handle.id));
        let answer = tokio::select! {
            answer = seat.ask(question) => answer?,
            () = entered.ended() => return Err(Unanswered::Ended.into()),
        };
        let schema = sent::schema(&answer.schema);
        if !handle.announced(&schema) {
            return Err(Own::Changed.into());
        }
        let head = head(&answer.provenance, &id);
        let (counters, lang) = (self.0.parts.counters.clone(), caller.lang);
        let close = close.unwrap_or_else(|| Close(Arc::default()));
        let sending = Sending { rows: answer.rows, schema, entered, counters, lang, close };
        Ok(Response::from_parts(head, sending.stream().boxed(), http::Extensions::new()))
    }

    fn cancel(&self, caller: &Caller, info: &FlightInfo) -> Result<CancelStatus, Problem> {
        let handle = Handle::of_info(&self.0.seal, info, caller)?;
        if !self.0.running.end(&handle.id) {
            return Ok(CancelStatus::NotCancellable);
        }
        self.0.parts.counters.cancelled.inc();
        Ok(CancelStatus::Cancelled)
    }

    fn open(&self, sealed: &[u8], caller: &Caller) -> Result<Handle, Status> {
        Handle::open(&self.0.seal, sealed, caller).map_err(|problem| problem.to_status(caller.lang))
    }
}

pub(crate) fn refused<T, R>(request: &Request<T>, own: Own) -> Result<R, Status> {
    let caller = Caller::of(request)?;
    Err(Problem::from(own).to_status(caller.lang))
}

#[tonic::async_trait]
impl FlightSqlService for Service {
    type FlightService = Self;

    /// Basic credentials were judged like those of every call; the token within them is the bearer from now on.
    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<<Self as FlightService>::HandshakeStream>, Status> {
        let authorization = request.metadata().get(header::AUTHORIZATION.as_str()).map(MetadataValue::as_bytes);
        let authorization = authorization.unwrap_or_default();
        let bearer = match basic(authorization).flatten() {
            Some((_, token)) => format!("Bearer {token}"),
            None => String::from_utf8_lossy(authorization).into_owned(),
        };
        let token = bearer.split_once(' ').map_or("", |(_, token)| token.trim()).to_owned();
        let payload = HandshakeResponse { protocol_version: 0, payload: token.into() };
        let mut response = Response::new(futures::stream::iter([Ok(payload)]).boxed());
        if let Ok(mut value) = MetadataValue::try_from(bearer) {
            value.set_sensitive(true);
            response.metadata_mut().insert(header::AUTHORIZATION.as_str(), value);
        }
        Ok(response)
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let caller = Caller::of(&request)?;
        let handle = self.new_handle(&caller, query.query);
        self.announce(&caller, handle, request).await
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let caller = Caller::of(&request)?;
        let mut handle = self.open(&query.prepared_statement_handle, &caller)?;
        // Each execution is ended by itself.
        handle.id = self.0.parts.clock.new_id();
        self.announce(&caller, handle, request).await
    }

    async fn do_get_statement(&self, ticket: TicketStatementQuery, request: Request<Ticket>) -> Rows<Self> {
        let caller = Caller::of(&request)?;
        let close = request.extensions().get::<Close>().cloned();
        let handle = self.open(&ticket.statement_handle, &caller)?;
        self.fetch(&caller, close, &handle).await.map_err(|problem| problem.to_status(caller.lang))
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Rows<Self> {
        let caller = Caller::of(&request)?;
        let close = request.extensions().get::<Close>().cloned();
        let handle = self.open(&query.prepared_statement_handle, &caller)?;
        self.fetch(&caller, close, &handle).await.map_err(|problem| problem.to_status(caller.lang))
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let caller = Caller::of(&request)?;
        let prepared = async {
            let handle = self.new_handle(&caller, bound::numbered(query.query));
            let described = self.0.described(&caller, &handle).await?;
            let parameters = bound::schema(&handle.text, &described.parameters);
            Ok(ActionCreatePreparedStatementResult {
                prepared_statement_handle: handle.close(&self.0.seal)?.into(),
                dataset_schema: bound::encoded(&described.columns)?,
                parameter_schema: bound::encoded(&parameters)?,
            })
        };
        prepared.await.map_err(|problem: Problem| problem.to_status(caller.lang))
    }

    /// Nothing is kept here, so nothing is to be closed.
    async fn do_action_close_prepared_statement(
        &self,
        _query: ActionClosePreparedStatementRequest,
        _request: Request<Action>,
    ) -> Result<(), Status> {
        Ok(())
    }

    /// Bound values travel in a new handle.
    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let caller = Caller::of(&request)?;
        let handle = self.open(&query.prepared_statement_handle, &caller)?;
        let messages = request.into_inner().map_err(FlightError::from);
        let batches = FlightRecordBatchStream::new_from_flight_data(messages).try_collect::<Vec<_>>().await;
        let bind = || {
            let values = bound::kept(&batches.map_err(|error| Problem::found(Own::Parameter, error))?)?;
            let handle = handle.bound(&values);
            bound::fit(&handle.text, handle.question()?.parameters.len())?;
            handle.close(&self.0.seal)
        };
        let handle = bind().map_err(|problem| problem.to_status(caller.lang))?;
        Ok(DoPutPreparedStatementResult { prepared_statement_handle: Some(handle.into()) })
    }

    async fn do_action_cancel_query(
        &self,
        query: ActionCancelQueryRequest,
        request: Request<Action>,
    ) -> Result<ActionCancelQueryResult, Status> {
        let caller = Caller::of(&request)?;
        let info = FlightInfo::decode(query.info).map_err(|error| broken(error).to_status(caller.lang))?;
        let status = self.cancel(&caller, &info).map_err(|problem| problem.to_status(caller.lang))?;
        // The older action has the same numbers.
        Ok(ActionCancelQueryResult { result: status.into() })
    }

    async fn do_action_fallback(
        &self,
        request: Request<Action>,
    ) -> Result<Response<<Self as FlightService>::DoActionStream>, Status> {
        let caller = Caller::of(&request)?;
        if request.get_ref().r#type != CANCEL {
            return refused(&request, Own::NotOffered);
        }
        let asked = CancelFlightInfoRequest::decode(&*request.get_ref().body);
        let cancel = || self.cancel(&caller, &asked.map_err(broken)?.info.ok_or(Own::Handle)?);
        let status = cancel().map_err(|problem| problem.to_status(caller.lang))?;
        let body = CancelFlightInfoResult::new(status).encode_to_vec().into();
        Ok(Response::new(futures::stream::iter([Ok(arrow_flight::Result { body })]).boxed()))
    }

    async fn list_custom_actions(&self) -> Option<Vec<Result<ActionType, Status>>> {
        let description = "Ends a query. Request: CancelFlightInfoRequest. Response: CancelFlightInfoResult".to_owned();
        Some(vec![Ok(ActionType { r#type: CANCEL.to_owned(), description })])
    }

    async fn get_flight_info_catalogs(&self, query: CommandGetCatalogs, request: Request<FlightDescriptor>) -> Info {
        info(request, &query, &GetCatalogsBuilder::new().schema())
    }

    async fn do_get_catalogs(&self, _query: CommandGetCatalogs, request: Request<Ticket>) -> Rows<Self> {
        let mut builder = GetCatalogsBuilder::new();
        builder.append(tables::CATALOG);
        rows(&request, builder.build())
    }

    async fn get_flight_info_schemas(&self, query: CommandGetDbSchemas, request: Request<FlightDescriptor>) -> Info {
        let schema = query.clone().into_builder().schema();
        info(request, &query, &schema)
    }

    async fn do_get_schemas(&self, query: CommandGetDbSchemas, request: Request<Ticket>) -> Rows<Self> {
        rows(&request, tables::schemas(query))
    }

    async fn get_flight_info_tables(&self, query: CommandGetTables, request: Request<FlightDescriptor>) -> Info {
        let schema = query.clone().into_builder().schema();
        info(request, &query, &schema)
    }

    async fn do_get_tables(&self, query: CommandGetTables, request: Request<Ticket>) -> Rows<Self> {
        let caller = Caller::of(&request)?;
        let docs = self.0.parts.desk.tables().await.map_err(|why| Problem::from(why).to_status(caller.lang))?;
        rows(&request, tables::tables(query, &docs, caller.lang))
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Info {
        info(request, &query, &query.into_builder().schema())
    }

    async fn do_get_table_types(&self, query: CommandGetTableTypes, request: Request<Ticket>) -> Rows<Self> {
        let mut builder = query.into_builder();
        tables::TYPES.iter().for_each(|kind| builder.append(kind));
        rows(&request, builder.build())
    }

    async fn get_flight_info_sql_info(&self, query: CommandGetSqlInfo, request: Request<FlightDescriptor>) -> Info {
        info(request, &query, &self.0.info.schema())
    }

    async fn do_get_sql_info(&self, query: CommandGetSqlInfo, request: Request<Ticket>) -> Rows<Self> {
        rows(&request, query.into_builder(&self.0.info).build())
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let types = XdbcTypeInfoDataBuilder::new().build().map_err(Status::from)?;
        info(request, &query, &types.schema())
    }

    async fn do_get_xdbc_type_info(&self, query: CommandGetXdbcTypeInfo, request: Request<Ticket>) -> Rows<Self> {
        let types = XdbcTypeInfoDataBuilder::new().build();
        rows(&request, types.and_then(|types| query.into_builder(&types).build()))
    }

    async fn get_flight_info_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        info(request, &query, &tables::primary_keys().schema())
    }

    async fn do_get_primary_keys(&self, _query: CommandGetPrimaryKeys, request: Request<Ticket>) -> Rows<Self> {
        rows(&request, Ok(tables::primary_keys()))
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        info(request, &query, &tables::foreign_keys().schema())
    }

    async fn do_get_exported_keys(&self, _query: CommandGetExportedKeys, request: Request<Ticket>) -> Rows<Self> {
        rows(&request, Ok(tables::foreign_keys()))
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        info(request, &query, &tables::foreign_keys().schema())
    }

    async fn do_get_imported_keys(&self, _query: CommandGetImportedKeys, request: Request<Ticket>) -> Rows<Self> {
        rows(&request, Ok(tables::foreign_keys()))
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        info(request, &query, &tables::foreign_keys().schema())
    }

    async fn do_get_cross_reference(&self, _query: CommandGetCrossReference, request: Request<Ticket>) -> Rows<Self> {
        rows(&request, Ok(tables::foreign_keys()))
    }

    async fn do_put_statement_update(
        &self,
        _query: CommandStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        refused(&request, Own::ReadWrite)
    }

    async fn do_put_prepared_statement_update(
        &self,
        _query: CommandPreparedStatementUpdate,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        refused(&request, Own::ReadWrite)
    }

    async fn do_put_statement_ingest(
        &self,
        _query: CommandStatementIngest,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        refused(&request, Own::ReadWrite)
    }

    async fn do_action_begin_transaction(
        &self,
        _query: ActionBeginTransactionRequest,
        request: Request<Action>,
    ) -> Result<ActionBeginTransactionResult, Status> {
        refused(&request, Own::NotOffered)
    }

    async fn get_flight_info_substrait_plan(
        &self,
        _query: CommandStatementSubstraitPlan,
        request: Request<FlightDescriptor>,
    ) -> Info {
        refused(&request, Own::NotOffered)
    }

    async fn do_exchange_fallback(
        &self,
        request: Request<Streaming<arrow_flight::FlightData>>,
    ) -> Result<Response<<Self as FlightService>::DoExchangeStream>, Status> {
        refused(&request, Own::NotOffered)
    }

    async fn do_put_error_callback(
        &self,
        request: Request<PeekableFlightDataStream>,
        _error: DoPutError,
    ) -> Result<Response<<Self as FlightService>::DoPutStream>, Status> {
        refused(&request, Own::Message)
    }

    async fn register_sql_info(&self, _id: i32, _result: &SqlInfo) {}
}
