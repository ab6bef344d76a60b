//! Analysts' tools over Arrow Flight SQL, by the protocol's own client: the same digits as over HTTP and PostgreSQL's
//! protocol, from the same versions; the same limits; nothing kept for a client that another could use.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::record_batch::RecordBatch;
use arrow::util::display::array_value_to_string;
use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{Any, CommandGetTables, CommandStatementQuery, ProstMessageExt, TicketStatementQuery};
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightDescriptor, FlightInfo, Ticket,
};
use futures::TryStreamExt;
use prost::Message;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use crate::harness::{Deployment, free_port, printed_by, python};
use crate::stranger::{BATCH, SOURCE, batch};

type Client = FlightSqlServiceClient<Channel>;

const TOTALS: &str = "select count(*), sum(amount) from observations where ref_area = '640000'";
const ENDLESS: &str = "select count(*) from generate_series(1, 10000000) a cross join generate_series(1, 10000000) b \
                       where a.value * b.value = 7";

async fn client(address: &str, token: Option<&str>) -> Client {
    let channel = Endpoint::from_shared(format!("http://{address}")).expect("an address").connect().await;
    let mut client = Client::new(channel.expect("Flight SQL is spoken there"));
    if let Some(token) = token {
        client.set_token(token.to_owned());
    }
    client
}

fn ticket(info: &FlightInfo) -> Ticket {
    info.endpoint[0].ticket.clone().expect("a ticket")
}

/// The rows of a question, its cells as text, and the table versions that the answer names.
async fn ask(client: &mut Client, text: &str) -> (Vec<RecordBatch>, Vec<String>, String) {
    let info = client.execute(text.to_owned(), None).await.expect("announced");
    let announced = info.clone().try_decode_schema().expect("a schema");
    let stream = client.do_get(ticket(&info)).await.expect("an answer");
    let versions = stream.headers().get("helan-table-versions").expect("versions").to_str().expect("text").to_owned();
    let rows: Vec<RecordBatch> = stream.try_collect().await.expect("all rows");
    for batch in &rows {
        assert_eq!(batch.schema().as_ref(), &announced, "{text}");
    }
    let cells = rows.iter().flat_map(|batch| {
        let columns = batch.columns();
        (0..batch.num_rows()).flat_map(move |row| columns.iter().map(move |column| array_value_to_string(column, row)))
    });
    let cells = cells.collect::<Result<_, _>>().expect("texts");
    (rows, cells, versions)
}

fn status(error: FlightError) -> (Code, String) {
    match error {
        FlightError::Tonic(status) => (status.code(), status.message().to_owned()),
        other => panic!("no status: {other}"),
    }
}

async fn metric(helan: &Deployment, operator: &str, name: &str) -> String {
    let page = helan.client.get(format!("{}/metrics", helan.base)).bearer_auth(operator).send().await.expect("sent");
    let page = page.text().await.expect("a page");
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{name} in {page}")).to_owned()
}

async fn until(helan: &Deployment, operator: &str, name: &str, value: &str) {
    for _ in 0..300 {
        if metric(helan, operator, name).await == value {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{name} is {}, not {value}", metric(helan, operator, name).await);
}

fn by_postgres(address: &str, token: &str) -> (String, String) {
    let program = "import os, psycopg; c = psycopg.connect(os.environ['DSN'], autocommit=True); \
                   print(','.join(map(str, c.execute(os.environ['ASKED']).fetchone()))); \
                   print(c.execute('show helan.table_versions').fetchone()[0])";
    let port = address.rsplit(':').next().expect("a port");
    let dsn = format!("host=127.0.0.1 port={port} dbname=helan user=bi password={token}");
    let text = printed_by(python().args(["-c", program]).env("DSN", dsn).env("ASKED", TOTALS));
    let mut lines = text.lines().map(str::to_owned);
    (lines.next().expect("a row"), lines.next().expect("versions"))
}

#[tokio::test(flavor = "multi_thread")]
async fn three_ways_to_ask_give_the_same_digits_from_the_same_versions() {
    let helan = Deployment::new(None);
    let (flight, postgres) = (format!("127.0.0.1:{}", free_port()), format!("127.0.0.1:{}", free_port()));
    let listen = ["--flight-listen", &flight, "--postgres-listen", &postgres, "--partitions", "3"];
    helan.spawn("up", &helan.base, &[&listen[..], &["--flush-age", "200ms"]].concat()).await;
    let reporter = helan.token("nx-stats");
    helan.deliver("/v1/events", &reporter, BATCH, batch(SOURCE, "640000", 0, 200)).await;
    let token = helan.run(&["credential", "add", "--role", "analyst", "--id", "bi"]).trim().to_owned();

    let mut client = client(&flight, None).await;
    let payload = client.handshake("bi", &token).await.expect("user and password are taken");
    assert_eq!(payload, token.as_bytes());
    let (_, cells, versions) = loop {
        let answer = ask(&mut client, TOTALS).await;
        let sent = helan.client.post(format!("{}/v1/sql", helan.base)).bearer_auth(&token).body(TOTALS);
        let sent = sent.header("content-type", "application/sql").header("accept", "text/csv").send().await;
        let sent = sent.expect("sent");
        let by_http = sent.headers()["helan-table-versions"].to_str().expect("text").to_owned();
        let http = sent.text().await.expect("CSV");
        let (digits, by_postgres) = by_postgres(&postgres, &token);
        // Maintenance may have made a version between two of them.
        if answer.2 == ask(&mut client, TOTALS).await.2 {
            assert_eq!((&by_http, &by_postgres), (&answer.2, &answer.2));
            assert_eq!(http.lines().nth(1), Some(digits.as_str()));
            let plain = |cell: &String| match cell.contains('.') {
                true => cell.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => cell.clone(),
            };
            assert_eq!(answer.1.iter().map(plain).collect::<Vec<_>>().join(","), digits);
            break answer;
        }
    };
    assert!(cells[1].starts_with("16000320000.") && versions.contains("events="), "{cells:?} {versions}");

    // Wide decimals, lists, texts, instants, no rows: what is announced is what comes.
    for text in [
        "select cast('123456789012345678901234567890123456.0123456789' as decimal(60, 10)) as n",
        "select array_agg(ref_area) as areas, max(received_at) as last, arrow_cast('x', 'Dictionary(Int32, Utf8)') from events",
        "select * from verdicts where false",
        "select * from figures limit 3",
        "explain select 1",
    ] {
        ask(&mut client, text).await;
    }
    // What ADBC asks of a statement before it is fetched.
    let asked = || {
        let query = CommandStatementQuery { query: "select value from rd_intensity".to_owned(), transaction_id: None };
        let mut request = tonic::Request::new(FlightDescriptor::new_cmd(query.as_any().encode_to_vec()));
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a value"));
        request
    };
    let info = client.inner_mut().get_flight_info(asked()).await.expect("announced").into_inner();
    let schema = client.inner_mut().get_schema(asked()).await.expect("a schema").into_inner();
    assert_eq!(schema.schema, info.schema);
    assert_eq!(arrow::datatypes::Schema::try_from(&schema).expect("a schema").field(0).name(), "value");
    let polled = client.inner_mut().poll_flight_info(asked()).await.expect("announced").into_inner();
    assert!(polled.flight_descriptor.is_none(), "complete");
    let rows = client.do_get(ticket(&polled.info.expect("announced"))).await.expect("an answer");
    assert!(rows.try_collect::<Vec<_>>().await.is_ok());
    let options = Action { r#type: "SetSessionOptions".to_owned(), body: Vec::new().into() };
    let mut request = tonic::Request::new(options);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a value"));
    let status = client.inner_mut().do_action(request).await.map(|_| ()).expect_err("headers say it");
    assert!(status.code() == Code::Unimplemented && status.message().ends_with("(not_offered)"), "{status:?}");
    let listed = CommandGetTables {
        include_schema: true,
        table_name_filter_pattern: Some("rd\\_int%".to_owned()),
        ..Default::default()
    };
    let info = client.get_tables(listed).await.expect("listed");
    let rows: Vec<_> = client.do_get(ticket(&info)).await.expect("rows").try_collect().await.expect("rows");
    assert_eq!(rows[0].column(2).as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["rd_intensity"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_within_its_limits_and_keeps_nothing_for_others() {
    let helan = Deployment::new(None);
    let address = format!("127.0.0.1:{}", free_port());
    let limits = ["--sql-rows", "2000", "--sql-queries", "4"];
    helan.spawn("up", &helan.base, &[&["--flight-listen", &address, "--partitions", "3"], &limits[..]].concat()).await;
    let credential = |given: &[&str]| helan.run(&[&["credential", "add", "--role"], given].concat()).trim().to_owned();
    let (bi, other) = (credential(&["analyst", "--id", "bi"]), credential(&["analyst", "--id", "other"]));
    let (operator, reporter) = (credential(&["operator"]), helan.token("nx-stats"));
    let mut one = client(&address, Some(&bi)).await;

    // Who is let in.
    let refused = async |token: Option<&str>| {
        let mut client = client(&address, token).await;
        status(client.execute("select 1".to_owned(), None).await.expect_err("refused"))
    };
    let (code, said) = refused(None).await;
    assert!(code == Code::Unauthenticated && said.ends_with("(token_missing)"), "{code:?} {said}");
    let (code, said) = refused(Some(&bi.replace("helan_bi_", "helan_x_"))).await;
    assert!(code == Code::Unauthenticated && said.ends_with("(token_unknown)"), "{code:?} {said}");
    let (code, said) = refused(Some(&reporter)).await;
    assert!(code == Code::PermissionDenied && said.ends_with("(role_cannot_ask)"), "{code:?} {said}");
    let said = client(&address, None).await.handshake("other", &bi).await.expect_err("another's").to_string();
    assert!(said.contains("wrong user or password"), "{said}");

    // Limits and refusals, in the asker's language.
    for (text, code, name) in [
        ("select nix from events", Code::InvalidArgument, "sql_invalid"),
        ("create table x as select 1", Code::PermissionDenied, "sql_not_read_only"),
        ("select 1; select 2", Code::InvalidArgument, "sql_not_one_statement"),
        ("select $1", Code::InvalidArgument, "parameters_missing"),
    ] {
        let (found, said) = status(one.execute(text.to_owned(), None).await.expect_err("refused"));
        assert!(found == code && said.ends_with(&format!("({name})")), "{found:?} {said}");
    }
    one.set_header("accept-language", "zh-CN");
    let info = one.execute("select * from generate_series(1, 100000)".to_owned(), None).await.expect("announced");
    let cut = one.do_get(ticket(&info)).await.expect("begun").try_collect::<Vec<_>>().await.expect_err("cut off");
    assert!(cut.to_string().contains("sql_result_limit") && cut.to_string().contains("超"), "{cut}");
    one.set_header("accept-language", "en");
    let said = one.execute_update("delete from events".to_owned(), None).await.expect_err("read-only").to_string();
    assert!(said.contains("read_only"), "{said}");

    // Parameters; a handle is its credential's own.
    let mut prepared = one.prepare("select ? as area, '?' as mark".to_owned(), None).await.expect("prepared");
    assert_eq!(prepared.parameter_schema().expect("a schema").fields().len(), 1);
    assert_eq!(prepared.dataset_schema().expect("a schema").fields().len(), 2);
    let (_, said) = status(prepared.execute().await.expect_err("no value"));
    assert!(said.contains("parameters_missing"), "{said}");
    let area: ArrayRef = Arc::new(StringArray::from(vec!["640000"]));
    prepared.set_parameters(RecordBatch::try_from_iter([("1", area)]).expect("a row")).expect("set");
    let info = prepared.execute().await.expect("announced");
    let rows: Vec<_> = one.do_get(ticket(&info)).await.expect("an answer").try_collect().await.expect("rows");
    assert_eq!(rows[0].column(0).as_string::<i32>().value(0), "640000");
    let mut stranger = client(&address, Some(&other)).await;
    let (code, said) = status(stranger.do_get(ticket(&info)).await.expect_err("refused"));
    assert!(code == Code::InvalidArgument && said.ends_with("(handle_unknown)"), "{code:?} {said}");
    let made_up = TicketStatementQuery { statement_handle: b"{\"text\": \"select 1\"}".as_slice().into() };
    let made_up = Ticket::new(Any::encode_to_vec(&made_up.as_any()));
    let (_, said) = status(one.do_get(made_up).await.expect_err("refused"));
    assert!(said.ends_with("(handle_unknown)"), "{said}");

    // A question ends as its client asks, and no other client; or when its client goes away.
    let info = one.execute(ENDLESS.to_owned(), None).await.expect("announced");
    let (mut asking, its) = (client(&address, Some(&bi)).await, ticket(&info));
    let asked = tokio::spawn(async move { asking.do_get(its).await?.try_collect::<Vec<_>>().await });
    let cancel = async |client: &mut Client| {
        let request = CancelFlightInfoRequest::new(info.clone()).encode_to_vec();
        let mut request = tonic::Request::new(Action { r#type: "CancelFlightInfo".to_owned(), body: request.into() });
        let token = format!("Bearer {}", client.token().expect("a token"));
        request.metadata_mut().insert("authorization", token.parse().expect("a value"));
        let answer = client.inner_mut().do_action(request).await?.into_inner().try_next().await?;
        let answer = CancelFlightInfoResult::decode(answer.expect("an answer").body).expect("a result");
        Ok::<_, tonic::Status>(answer.status)
    };
    until(&helan, &operator, "helan_sql_running", "1").await;
    let said = cancel(&mut stranger).await.expect_err("another's").message().to_owned();
    assert!(said.ends_with("(handle_unknown)"), "{said}");
    assert_eq!(cancel(&mut one).await.expect("heard"), i32::from(CancelStatus::Cancelled));
    let ended: Result<Vec<RecordBatch>, FlightError> = asked.await.expect("no panic");
    let said = ended.expect_err("ended").to_string();
    assert!(said.contains("sql_cancelled"), "{said}");
    until(&helan, &operator, "helan_sql_running", "0").await;
    assert_eq!(cancel(&mut one).await.expect("heard"), i32::from(CancelStatus::NotCancellable));
    let leaving = one.do_get(ticket(&info)).await.expect("begun");
    until(&helan, &operator, "helan_sql_running", "1").await;
    drop(leaving);
    until(&helan, &operator, "helan_sql_running", "0").await;
    until(&helan, &operator, "helan_flight_vanished_total", "1").await;
    let log = std::fs::read_to_string(helan.dir.path().join("helan.log")).expect("a log");
    assert!(log.contains("Flight SQL") && ![&bi, &other, &operator].iter().any(|token| log.contains(*token)));
}
