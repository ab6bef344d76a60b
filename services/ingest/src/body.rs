//! Reads a body within its limits: size on the wire, pace, memory, and size and ratio once decompressed.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use futures::StreamExt;
use helan_http::discard;
use helan_schemas::refusal::Code;
use tokio::time::Instant;

use crate::limits::Limits;
use crate::memory::Share;
use crate::problems::Problems;

/// How much, and how long, of a refused body is read and thrown away, so that a client that does not listen while it
/// sends gets its answer instead of a reset connection.
pub(crate) const DISCARD_BYTES: usize = 64 * 1024 * 1024;
pub(crate) const DISCARD_TIME: Duration = Duration::from_secs(3);

/// Reads a body as it comes over the wire.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limits: &Limits, share: &Share) -> Result<Vec<u8>, Problems> {
    let too_large = || Problems::one(Code::BodyTooLarge, format!("> {}", limits.wire_bytes));
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let waits = headers.contains_key(header::EXPECT);
    let mut stream = body.into_data_stream();
    if announced.is_some_and(|length: usize| length > limits.wire_bytes) {
        // A client that waits for `100 Continue` has not sent anything yet.
        if !waits {
            discard(stream, DISCARD_BYTES, DISCARD_TIME).await;
        }
        return Err(too_large());
    }
    let mut held = Vec::new();
    let started = Instant::now();
    loop {
        // A deadline that moves with what has come: slow lines are fine, a byte a second is not.
        let earned = held.len() as f64 / limits.body_bytes_per_second as f64;
        let deadline = started + limits.body_grace + Duration::from_secs_f64(earned);
        let chunk = match tokio::time::timeout_at(deadline, stream.next()).await {
            Err(_) => return Err(Problems::one(Code::RequestTimeout, format!("{} bytes", held.len()))),
            Ok(None) => return Ok(held),
            Ok(Some(Err(error))) => return Err(Problems::one(Code::BodyBroken, error)),
            Ok(Some(Ok(chunk))) => chunk,
        };
        if held.len() + chunk.len() > limits.wire_bytes {
            discard(stream, DISCARD_BYTES, DISCARD_TIME).await;
            return Err(too_large());
        }
        if let Err(problems) = share.append(&mut held, &chunk, announced.unwrap_or(limits.wire_bytes)) {
            drop(held);
            discard(stream, DISCARD_BYTES, DISCARD_TIME).await;
            return Err(problems);
        }
    }
}

/// Undoes gzip, in one or several members.
pub(crate) fn gunzip(bytes: &[u8], limits: &Limits, share: &Share) -> Result<Vec<u8>, Problems> {
    let broken = |error: std::io::Error| Problems::one(Code::GzipInvalid, error);
    share.unpack(MultiGzDecoder::new(bytes), limits.decompressed_bytes, broken, |length| {
        if length > limits.decompressed_bytes {
            return Err(Problems::one(Code::DecompressedTooLarge, format!("> {}", limits.decompressed_bytes)));
        }
        if length > Limits::RATIO_FROM && length / limits.compression_ratio > bytes.len() {
            return Err(Problems::one(Code::CompressionRatio, format!("> {} : 1", limits.compression_ratio)));
        }
        Ok(())
    })
}
