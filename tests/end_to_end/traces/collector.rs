//! A collector of spans in this process: OTLP over HTTP, decoded by hand, so that what is checked is what went over the
//! wire. Source: `opentelemetry/proto/trace/v1/trace.proto`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What a request to the collector brought.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) content_type: String,
    /// Who sent it.
    pub(crate) resource: BTreeMap<String, String>,
    pub(crate) spans: Vec<Seen>,
}

/// A collector that takes everything. Lives as long as the test program.
pub(crate) struct Collector {
    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    pub(crate) url: String,
    requests: Receiver<Request>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || answer(stream, &sender));
            }
        });
        Self { url, requests }
    }

    /// The next request, if one comes in time.
    pub(crate) fn next(&self, patience: Duration) -> Option<Request> {
        self.requests.recv_timeout(patience).ok()
    }
}

fn answer(stream: TcpStream, sender: &Sender<Request>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
    let mut writer = stream;
    while let Some(request) = read(&mut reader) {
        // A sender that has ended, or a test that is over, wants no answer.
        let done = writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err();
        if sender.send(request).is_err() || done {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let named = |line: &String| {
            Some(line.split_once(": ")?)
                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        lines.iter().find_map(named).unwrap_or_default()
    };
    let mut body = vec![0; header("content-length").parse().expect("a length")];
    reader.read_exact(&mut body).expect("a body");
    let (resource, spans) = spans(&body);
    Some(Request { line: lines[0].clone(), content_type: header("content-type"), resource, spans })
}

/// A field of a protobuf message: a number, or bytes.
enum Field<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

/// The fields of a message, with their numbers.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let length = match key & 7 {
            0 => {
                found.push((key >> 3, Field::Number(varint(&mut bytes))));
                continue;
            }
            1 => 8,
            2 => varint(&mut bytes) as usize,
            5 => 4,
            wire => panic!("protobuf has no wire type {wire}"),
        };
        found.push((key >> 3, Field::Bytes(&bytes[..length])));
        bytes = &bytes[length..];
    }
    found
}

fn messages(bytes: &[u8], number: u64) -> Vec<&[u8]> {
    let wanted = |(at, field)| match field {
        Field::Bytes(bytes) if at == number => Some(bytes),
        _ => None,
    };
    fields(bytes).into_iter().filter_map(wanted).collect()
}

fn text(bytes: &[u8], number: u64) -> String {
    messages(bytes, number).first().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

fn hex(bytes: &[u8], number: u64) -> String {
    messages(bytes, number).first().map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect()).unwrap_or_default()
}

fn number(bytes: &[u8], wanted: u64) -> Option<u64> {
    fields(bytes).into_iter().find_map(|(at, field)| match field {
        Field::Number(value) if at == wanted => Some(value),
        _ => None,
    })
}

/// Attributes: `KeyValue { 1: key, 2: AnyValue { 1: text, 3: integer } }`.
fn attributes(bytes: &[u8], at: u64) -> BTreeMap<String, String> {
    let pairs = messages(bytes, at).into_iter().map(|pair| {
        let value = messages(pair, 2)[0];
        let value = number(value, 3).map_or_else(|| text(value, 1), |value| value.to_string());
        (text(pair, 1), value)
    });
    pairs.collect()
}

/// A span of `opentelemetry.proto.trace.v1`.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty for the first of a trace.
    pub(crate) parent: String,
    pub(crate) name: String,
    /// 1 = internal, 2 = a server's.
    pub(crate) kind: u64,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) events: Vec<String>,
    pub(crate) failed: bool,
}

fn spans(body: &[u8]) -> (BTreeMap<String, String>, Vec<Seen>) {
    let resource = messages(body, 1)[0];
    let of = messages(resource, 1)[0];
    let spans = messages(resource, 2).into_iter().flat_map(|scope| messages(scope, 2));
    let seen = spans.map(|span| Seen {
        trace: hex(span, 1),
        id: hex(span, 2),
        parent: hex(span, 4),
        name: text(span, 5),
        kind: number(span, 6).unwrap_or_default(),
        attributes: attributes(span, 9),
        events: messages(span, 11).into_iter().map(|event| text(event, 2)).collect(),
        failed: messages(span, 15).first().is_some_and(|status| number(status, 3) == Some(2)),
    });
    (attributes(of, 1), seen.collect())
}
