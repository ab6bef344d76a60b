//! Reads a body within its limits: size on the wire, pace, memory, and size and ratio once decompressed.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use futures::StreamExt;
use helan_schemas::refusal::Code;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::limits::Limits;
use crate::problems::Problems;

/// Unit in which body memory is counted.
const UNIT: usize = 1024;
/// How much, and how long, of a refused body is read and thrown away, so that a client that does not listen while it
/// sends gets its answer instead of a reset connection.
const DISCARD_BYTES: usize = 64 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(3);

/// A body in memory. It gives its share of the memory back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bytes: Vec<u8>,
    _memory: Option<OwnedSemaphorePermit>,
}

/// Memory for bodies, shared by all requests.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Semaphore>);

impl Memory {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Semaphore::new(limits.body_memory / UNIT)))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problems> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX);
        self.0.clone().try_acquire_many_owned(units).map_err(|_| Problems::one(Code::Busy, ""))
    }
}

/// Reads a body as it comes over the wire.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limits: &Limits, memory: &Memory) -> Result<Held, Problems> {
    let too_large = || Problems::one(Code::BodyTooLarge, format!("> {}", limits.wire_bytes));
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let waits = headers.contains_key(header::EXPECT);
    let mut stream = body.into_data_stream();
    if announced.is_some_and(|length: usize| length > limits.wire_bytes) {
        // A client that waits for `100 Continue` has not sent anything yet.
        if !waits {
            discard(stream).await;
        }
        return Err(too_large());
    }
    let mut held = Held { bytes: Vec::with_capacity(announced.unwrap_or(0)), _memory: None };
    let started = Instant::now();
    loop {
        // A deadline that moves with what has come: slow lines are fine, a byte a second is not.
        let earned = held.bytes.len() as f64 / limits.body_bytes_per_second as f64;
        let deadline = started + limits.body_grace + Duration::from_secs_f64(earned);
        let chunk = match tokio::time::timeout_at(deadline, stream.next()).await {
            Err(_) => return Err(Problems::one(Code::RequestTimeout, format!("{} bytes", held.bytes.len()))),
            Ok(None) => return Ok(held),
            Ok(Some(Err(error))) => return Err(Problems::one(Code::BodyBroken, error)),
            Ok(Some(Ok(chunk))) => chunk,
        };
        if held.bytes.len() + chunk.len() > limits.wire_bytes {
            discard(stream).await;
            return Err(too_large());
        }
        let more = memory.take(chunk.len())?;
        match &mut held._memory {
            Some(permit) => permit.merge(more),
            none => *none = Some(more),
        }
        held.bytes.extend_from_slice(&chunk);
    }
}

/// Reads the rest of a body that nobody wants, for a while.
pub(crate) async fn discard(mut stream: axum::body::BodyDataStream) {
    let mut left = DISCARD_BYTES;
    let drain = async {
        while let Some(Ok(chunk)) = stream.next().await {
            left = match left.checked_sub(chunk.len()) {
                Some(left) => left,
                None => break,
            };
        }
    };
    // Whether it ends in time makes no difference: the answer is the same.
    let _ = tokio::time::timeout(DISCARD_TIME, drain).await;
}

/// Undoes gzip, in one or several members.
pub(crate) fn gunzip(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Problems> {
    let mut decoder = MultiGzDecoder::new(bytes);
    let mut out = Vec::new();
    let mut chunk = vec![0_u8; 64 * 1024];
    loop {
        let read = decoder.read(&mut chunk).map_err(|error| Problems::one(Code::GzipInvalid, error))?;
        if read == 0 {
            return Ok(out);
        }
        out.extend_from_slice(&chunk[..read]);
        if out.len() > limits.decompressed_bytes {
            return Err(Problems::one(Code::DecompressedTooLarge, format!("> {}", limits.decompressed_bytes)));
        }
        if out.len() > Limits::RATIO_FROM && out.len() / limits.compression_ratio > bytes.len() {
            return Err(Problems::one(Code::CompressionRatio, format!("> {} : 1", limits.compression_ratio)));
        }
    }
}
