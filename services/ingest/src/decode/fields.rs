//! The members of an event by name: one list for JSON that went wrong and for the columns of a CSV.

use helan_schemas::event::{DataRef, EventRef, Text};
use helan_schemas::fields::FIELDS;
use helan_schemas::nearest::{distance, nearest};
use serde_json::value::RawValue;

/// Where a payload field's content goes.
#[derive(Clone, Copy)]
pub(crate) enum Slot {
    /// A text.
    Text(for<'a, 's> fn(&'s mut DataRef<'a>) -> &'s mut Option<Text<'a>>),
    /// `unit_mult`.
    Mult,
    /// `value`.
    Value,
    /// `entity`, which v1 refuses.
    Entity,
}

/// Fields of the payload whose values are not texts, by the names that errors use.
static OTHERS: [(&str, Slot); 3] =
    [("data.unit_mult", Slot::Mult), ("data.value", Slot::Value), ("data.entity", Slot::Entity)];

/// The payload field of a bare name, with its name in errors.
pub(super) fn data_field(name: &str) -> Option<(&'static str, Slot)> {
    let texts = FIELDS.iter().map(|field| (field.path, Slot::Text(field.slot)));
    let mut all = texts.chain(OTHERS);
    all.find(|(full, _)| full.strip_prefix("data.") == Some(name))
}

/// The attributes of an event, `data` excepted.
pub(super) const ATTRIBUTES: [&str; 8] =
    ["specversion", "id", "source", "type", "time", "subject", "datacontenttype", "dataschema"];

/// The payload's fields by their bare names.
pub(super) fn payload_fields() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|field| field.name).chain(OTHERS.iter().filter_map(|(full, _)| full.strip_prefix("data.")))
}

/// Whether an attribute that this service does not know is an extension, which senders, their libraries and their brokers
/// may add as they like: `traceparent`, `partitionkey`.
///
/// # Errors
/// It is none: its letters are not those of an attribute, it is a field of the payload that stands outside it, or it is an
/// attribute of CloudEvents with one letter wrong, which is returned. To drop those would lose what the sender says.
///
/// Source: CloudEvents 1.0.2, sections "Attribute Naming Convention" and "Extension Context Attributes".
pub(super) fn extension(name: &str) -> Result<(), Option<&'static str>> {
    if let Some((full, _)) = data_field(name) {
        return Err(Some(full));
    }
    let slip = ATTRIBUTES.into_iter().find(|known| known.len() > 3 && distance(name, known) == 1);
    let is_named_so = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    match (slip, is_named_so && name.len() <= MAX_EXTENSION_BYTES) {
        (None, true) => Ok(()),
        (Some(known), _) => Err(Some(known)),
        (None, false) => Err(nearest(name, ATTRIBUTES.into_iter())),
    }
}

/// Longest name of an extension; CloudEvents asks for 20.
const MAX_EXTENSION_BYTES: usize = 64;

/// Stands for a multiplier that could not be read: the value's size is not judged then.
pub(super) const UNKNOWN_MULT: i32 = i32::MAX;

/// An event that says nothing yet.
pub(super) fn blank<'a>() -> EventRef<'a> {
    let empty = || Text("".into());
    EventRef {
        specversion: empty(),
        id: empty(),
        source: empty(),
        event_type: empty(),
        time: None,
        subject: None,
        datacontenttype: None,
        dataschema: None,
        data: DataRef::default(),
    }
}

/// Sets an attribute of [`ATTRIBUTES`].
pub(super) fn set_attribute<'a>(event: &mut EventRef<'a>, name: &str, text: Text<'a>) {
    match name {
        "specversion" => event.specversion = text,
        "id" => event.id = text,
        "source" => event.source = text,
        "type" => event.event_type = text,
        "time" => event.time = Some(text),
        "subject" => event.subject = Some(text),
        "datacontenttype" => event.datacontenttype = Some(text),
        "dataschema" => event.dataschema = Some(text),
        _ => unreachable!("only the names of the list come here"),
    }
}

/// Sets a payload field from its JSON; false if it has another type. `null` leaves it absent.
pub(super) fn set_data<'a>(data: &mut DataRef<'a>, slot: Slot, raw: &'a RawValue) -> bool {
    if raw.get() == "null" {
        return true;
    }
    match slot {
        Slot::Text(field) => match serde_json::from_str(raw.get()) {
            Ok(text) => *field(data) = Some(text),
            Err(_) => return false,
        },
        Slot::Mult => match serde_json::from_str(raw.get()) {
            Ok(mult) => data.unit_mult = Some(mult),
            Err(_) => {
                data.unit_mult = Some(UNKNOWN_MULT);
                return false;
            }
        },
        Slot::Value => data.value = Some(raw),
        Slot::Entity => data.entity = Some(raw),
    }
    true
}
