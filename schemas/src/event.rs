//! An event as its bytes say it: CloudEvents 1.0 JSON, decoded without copying.
//!
//! [`EventRef`] borrows from the record. Ingest builds it after its checks and writes it in canonical form with
//! [`EventRef::write_canonical`]; the aggregator reads that form back with [`decode_batch`].

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::codes;
use crate::decimal::Decimal;
use crate::digest::ContentDigest;
pub use crate::fields::DataRef;
use crate::fields::{FIELDS, FIRST_GENERATION, Field, Kept};
use crate::period::Period;

/// A text that borrows from the input, unless JSON escapes made a copy necessary.
///
/// `Option<Cow<str>>` would always copy: serde borrows a `Cow` only where it is a field's whole type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text<'a>(pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> serde::de::Visitor<'de> for Visit {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E: serde::de::Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }
        deserializer.deserialize_str(Visit)
    }
}

/// One CloudEvent of Helan. Every text borrows from the input unless JSON escapes made a copy necessary.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRef<'a> {
    /// Always `1.0`.
    #[serde(borrow)]
    pub specversion: Text<'a>,
    /// Identifies the event within its source, for ever. 1 to 128 bytes.
    #[serde(borrow)]
    pub id: Text<'a>,
    /// URI reference of the feed that says it; belongs to one reporter. 1 to 256 bytes.
    #[serde(borrow)]
    pub source: Text<'a>,
    /// One of [`codes::TYPE_REPORTED`], [`codes::TYPE_WITHDRAWN`].
    #[serde(borrow, rename = "type")]
    pub event_type: Text<'a>,
    /// When the sender says it happened, RFC 3339; information only.
    #[serde(borrow, default)]
    pub time: Option<Text<'a>>,
    /// CloudEvents' subject; information only, not kept.
    #[serde(borrow, default)]
    pub subject: Option<Text<'a>>,
    /// Absent or `application/json`.
    #[serde(borrow, default)]
    pub datacontenttype: Option<Text<'a>>,
    /// URI of the schema; information only, not kept.
    #[serde(borrow, default)]
    pub dataschema: Option<Text<'a>>,
    /// What it says.
    #[serde(borrow)]
    pub data: DataRef<'a>,
}

/// What an event says, decoded to the types of the lake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statement {
    /// A value, or its absence with a status.
    Reported {
        /// The period, resolved to days.
        period: Period,
        /// The value as sent, or none.
        value: Option<Decimal>,
        /// Power of ten.
        unit_mult: i32,
        /// value × 10^unit_mult, in units of 10⁻¹⁰.
        amount: Option<i128>,
        /// Microseconds since the epoch.
        published_at: Option<i64>,
    },
    /// Another event of the source is void.
    Withdrawn,
}

/// An event that cannot be what ingest lets through; the text says what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

/// Decodes a record's value: a JSON array of CloudEvents, calling `each` with the event's index.
///
/// # Errors
/// [`Malformed`] if the bytes are no such array; `each` may have been called for events before the place.
pub fn decode_batch<'a>(
    bytes: &'a [u8],
    mut each: impl FnMut(usize, EventRef<'a>) -> Result<(), Malformed>,
) -> Result<usize, Malformed> {
    struct Visit<'f, F>(&'f mut F, std::marker::PhantomData<()>);
    impl<'de, F: FnMut(usize, EventRef<'de>) -> Result<(), Malformed>> serde::de::Visitor<'de> for Visit<'_, F> {
        type Value = usize;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a JSON array of CloudEvents")
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<usize, A::Error> {
            let mut count = 0;
            while let Some(event) = seq.next_element::<EventRef<'de>>()? {
                (self.0)(count, event).map_err(serde::de::Error::custom)?;
                count += 1;
            }
            Ok(count)
        }
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let count = serde::Deserializer::deserialize_seq(&mut json, Visit(&mut each, std::marker::PhantomData))
        .map_err(|error| Malformed(error.to_string()))?;
    json.end().map_err(|error| Malformed(error.to_string()))?;
    Ok(count)
}

impl EventRef<'_> {
    /// Resolves the payload to the lake's types. Ingest has checked all of it; this is the aggregator's guard against
    /// records that did not come through ingest, so its messages are for an operator.
    ///
    /// # Errors
    /// [`Malformed`] names the field.
    pub fn check(&self) -> Result<Statement, Malformed> {
        let fail = |field: &str, what: &dyn std::fmt::Display| Malformed(format!("{field}: {what}"));
        if &*self.specversion != "1.0" {
            return Err(fail("specversion", &"is not 1.0"));
        }
        if self.id.is_empty() || self.id.len() > MAX_ID_BYTES {
            return Err(fail("id", &"has not 1 to 128 bytes"));
        }
        if self.source.is_empty() || self.source.len() > MAX_SOURCE_BYTES {
            return Err(fail("source", &"has not 1 to 256 bytes"));
        }
        let data = &self.data;
        if data.entity.is_some() {
            return Err(fail("data.entity", &"is reserved"));
        }
        match &*self.event_type {
            codes::TYPE_REPORTED => {}
            codes::TYPE_WITHDRAWN if data.withdraws.is_some() => return Ok(Statement::Withdrawn),
            codes::TYPE_WITHDRAWN => return Err(fail("data.withdraws", &"is missing")),
            other => return Err(fail("type", &format_args!("{other:?} is not known"))),
        }
        if data.ref_area.is_none() || data.indicator.is_none() || data.unit.is_none() {
            return Err(fail("data", &"ref_area, indicator or unit is missing"));
        }
        let text = data.time_period.as_deref().ok_or_else(|| fail("data.time_period", &"is missing"))?;
        let period = Period::parse(text).map_err(|error| fail("data.time_period", &error))?;
        let value = match data.value.map(RawValue::get) {
            None | Some("null") => None,
            Some(raw) => Some(Decimal::parse(number_text(raw)).map_err(|error| fail("data.value", &error))?),
        };
        let status = data.obs_status.as_deref().unwrap_or("A");
        if value.is_none() && !codes::may_lack_value(status) {
            return Err(fail("data.value", &"is missing without a status that says why"));
        }
        let unit_mult = data.unit_mult.unwrap_or(0);
        let amount = value.map(|value| value.amount(unit_mult)).transpose();
        let amount = amount.map_err(|error| fail("data.unit_mult", &error))?;
        let published_at = match data.published_at.as_deref() {
            None => None,
            Some(text) => Some(parse_instant(text).ok_or_else(|| fail("data.published_at", &"is not RFC 3339"))?),
        };
        Ok(Statement::Reported { period, value, unit_mult, amount, published_at })
    }

    fn later(&self) -> impl Iterator<Item = (&'static Field, &str)> {
        FIELDS.iter().filter(|field| field.is_later()).filter_map(|field| Some((field, (field.get)(&self.data)?)))
    }

    /// The generation of fields that a reader must know to lose nothing of the event.
    pub fn generation(&self) -> u32 {
        self.later().map(|(field, _)| field.since).max().unwrap_or(FIRST_GENERATION)
    }

    /// The event's content digest, over what it says rather than how it was written. A later field is hashed only
    /// where it is present: events from before the field keep their digests, and their retries stay repeats.
    pub fn content_digest(&self, statement: &Statement, scratch: &mut ContentDigest) -> [u8; 16] {
        let data = &self.data;
        scratch.reset();
        scratch.field(Some(self.source.as_bytes()));
        scratch.field(Some(self.id.as_bytes()));
        scratch.field(Some(self.event_type.as_bytes()));
        if let Statement::Reported { period, value, unit_mult, published_at, .. } = statement {
            scratch.field(Some(period.kind.code().as_bytes()));
            scratch.field(Some(&crate::period::days_since_epoch(period.start).to_le_bytes()));
            scratch.field(Some(&crate::period::days_since_epoch(period.end).to_le_bytes()));
            scratch.field(value.map(|value| value.unscaled.to_le_bytes()).as_ref().map(<[u8; 16]>::as_slice));
            scratch.field(Some(&unit_mult.to_le_bytes()));
            scratch.field(published_at.map(i64::to_le_bytes).as_ref().map(<[u8; 8]>::as_slice));
            for field in FIELDS {
                if let Kept::Else(status) = field.kept {
                    scratch.field(Some((field.get)(data).unwrap_or(status).as_bytes()));
                }
            }
        }
        for field in FIELDS.iter().filter(|field| field.kept == Kept::AsItIs && !field.is_later()) {
            scratch.field((field.get)(data).map(str::as_bytes));
        }
        for (field, text) in self.later() {
            scratch.field(Some(field.name.as_bytes()));
            scratch.field(Some(text.as_bytes()));
        }
        scratch.finish()
    }

    /// Appends the event in canonical form: fixed order of members, absent members left out, the value as a string,
    /// the period in its one form. `statement` is what [`EventRef::check`] gave.
    pub fn write_canonical(&self, statement: &Statement, out: &mut Vec<u8>) {
        let mut members = Members { out, first: true };
        members.open();
        members.text("specversion", Some("1.0"));
        members.text("id", Some(&self.id));
        members.text("source", Some(&self.source));
        members.text("type", Some(&self.event_type));
        members.text("time", self.time.as_deref());
        members.key("data");
        members.open();
        let data = &self.data;
        for field in FIELDS {
            match (field.name, statement) {
                ("time_period", Statement::Reported { period, value, .. }) => {
                    members.text(field.name, Some(&period.to_string()));
                    members.text("value", value.map(|value| value.to_string()).as_deref());
                }
                ("unit", Statement::Reported { unit_mult, .. }) => {
                    members.text(field.name, data.unit.as_deref());
                    members.key("unit_mult");
                    members.out.extend_from_slice(unit_mult.to_string().as_bytes());
                }
                ("time_period" | "unit", Statement::Withdrawn) => {}
                _ => members.text(field.name, (field.get)(data)),
            }
        }
        members.close();
        members.close();
    }
}

/// Longest event id, in bytes.
pub const MAX_ID_BYTES: usize = 128;
/// Longest source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 256;

/// The digits of a raw JSON number or of a JSON string that holds one.
pub fn number_text(raw: &str) -> &str {
    raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw)
}

/// Microseconds since the epoch of an RFC 3339 timestamp.
pub fn parse_instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|instant| instant.as_microsecond())
}

struct Members<'o> {
    out: &'o mut Vec<u8>,
    first: bool,
}

impl Members<'_> {
    fn open(&mut self) {
        self.out.push(b'{');
        self.first = true;
    }

    fn close(&mut self) {
        self.out.push(b'}');
        self.first = false;
    }

    fn key(&mut self, name: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.key(name);
            serde_json::to_writer(&mut *self.out, value).expect("a string serialises into memory");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"a-1","source":"nx/stats","type":"helan.observation.reported.v1",
        "data":{"ref_area":"640000","indicator":"rd_expenditure","time_period":"2018-A1","value":455792.50,"unit":"CNY",
        "unit_mult":4,"note":"第一次\n发布"}}"#;

    fn canonical(text: &str) -> (Vec<u8>, [u8; 16]) {
        let event: EventRef<'_> = serde_json::from_str(text).expect("event");
        let statement = event.check().expect("statement");
        let mut out = Vec::new();
        event.write_canonical(&statement, &mut out);
        (out, event.content_digest(&statement, &mut ContentDigest::default()))
    }

    #[test]
    fn canonical_form_is_a_fixed_point_and_keeps_the_digest() {
        let (bytes, digest) = canonical(EVENT);
        let text = std::str::from_utf8(&bytes).expect("utf-8");
        assert!(text.contains(r#""time_period":"2018","value":"455792.50","unit":"CNY","unit_mult":4"#), "{text}");
        assert_eq!(canonical(text), (bytes.clone(), digest));
        let mut batch = b"[".to_vec();
        batch.extend_from_slice(&bytes);
        batch.push(b']');
        assert_eq!(decode_batch(&batch, |_, _| Ok(())).expect("batch"), 1);
    }

    /// Digests that lie in lakes. A digest that changed would turn the retry of an old event into `id_conflict`.
    #[test]
    fn digests_of_events_that_exist_never_change() {
        let kept = include_str!("../tests/digests.txt");
        for line in kept.lines().filter(|line| !line.starts_with('#')) {
            let (wanted, event) = line.split_once(' ').expect("DIGEST EVENT");
            let digest: String = canonical(event).1.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, wanted, "{event}");
        }
        for field in FIELDS.iter().filter(|field| field.is_later()) {
            assert!(kept.contains(&format!("\"{}\":\"", field.name)), "no event of digests.txt has {}", field.name);
        }
    }

    #[test]
    fn a_later_field_is_said_only_where_it_is_present() {
        for field in FIELDS.iter().filter(|field| field.is_later()) {
            let with = EVENT.replace("\"note\"", &format!("\"{}\":\"x\",\"note\"", field.name));
            let (bytes, digest) = canonical(&with);
            let text = std::str::from_utf8(&bytes).expect("utf-8");
            assert_ne!(digest, canonical(EVENT).1, "{}", field.name);
            assert_eq!(canonical(text), (bytes.clone(), digest));
            let event: EventRef<'_> = serde_json::from_str(&with).expect("event");
            assert_eq!(event.generation(), field.since);
        }
        let event: EventRef<'_> = serde_json::from_str(EVENT).expect("event");
        assert_eq!(event.generation(), FIRST_GENERATION);
    }

    #[test]
    fn digest_follows_what_is_said_not_how() {
        let (_, digest) = canonical(EVENT);
        assert_eq!(canonical(&EVENT.replace("455792.50", "\"455792.5\"")).1, digest);
        assert_ne!(canonical(&EVENT.replace("455792.50", "455792.51")).1, digest);
        assert_ne!(canonical(&EVENT.replace("第一次", "第二次")).1, digest);
    }

    #[test]
    fn a_batch_that_is_cut_is_malformed() {
        let batch = format!("[{EVENT}");
        assert!(decode_batch(batch.as_bytes(), |_, _| Ok(())).is_err());
    }
}
