//! The envelope as record headers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use helan_schemas::topics::{HEADER_CATALOG, HEADER_CONTENT_TYPE, HEADER_RECEIVED, HEADER_REPORTER, HEADER_SUBMISSION};
use rdkafka::message::{BorrowedHeaders, Header, Headers, OwnedHeaders};

use crate::{Envelope, EnvelopeRef};

pub(super) fn write(envelope: &Envelope) -> OwnedHeaders {
    let received = envelope.received_at.to_string();
    [
        (HEADER_CONTENT_TYPE, &envelope.content_type),
        (HEADER_REPORTER, &envelope.reporter),
        (HEADER_SUBMISSION, &envelope.submission),
        (HEADER_RECEIVED, &received),
        (HEADER_CATALOG, &envelope.catalog),
    ]
    .into_iter()
    .fold(OwnedHeaders::new_with_capacity(5), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value) })
    })
}

/// Reads what is there and well formed; the rest stays empty, for another program may have written the record.
pub(super) fn read(headers: Option<&BorrowedHeaders>) -> EnvelopeRef<'_> {
    let Some(headers) = headers else { return EnvelopeRef::default() };
    // rdkafka panics at a header name that is no UTF-8, which any producer can send.
    catch_unwind(AssertUnwindSafe(|| {
        let mut envelope = EnvelopeRef::default();
        for header in headers.iter() {
            let text = header.value.and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default();
            match header.key {
                HEADER_CONTENT_TYPE => envelope.content_type = text,
                HEADER_REPORTER => envelope.reporter = text,
                HEADER_SUBMISSION => envelope.submission = text,
                HEADER_RECEIVED => envelope.received_at = text.parse().unwrap_or_default(),
                HEADER_CATALOG => envelope.catalog = text,
                _ => {}
            }
        }
        envelope
    }))
    .unwrap_or_default()
}
