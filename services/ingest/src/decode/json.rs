//! Events in JSON: one, an array, lines, or a payload whose attributes stand in headers.

use helan_schemas::event::{DataRef, EventRef, Malformed, decode_batch};
use helan_schemas::nearest::nearest;
use helan_schemas::refusal::Code;

use super::binary::Head;
use super::fields::{ATTRIBUTES, blank, data_field, extension, payload_fields, set_attribute, set_data};
use super::scan::{deeper_than, elements, members, syntax};
use crate::check::ValueText;
use crate::problems::{Place, or_meant, quoted};
use crate::submission::{Builder, Form};

/// How events lie in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One object.
    One,
    /// An array of objects.
    Batch,
    /// Either: an array if it begins like one.
    Any,
    /// One object a line.
    Lines,
}

/// Reads a body into a builder. Errors end up there too.
pub(crate) fn read<'b, 'e>(text: &'e str, shape: Shape, depth: usize, mut builder: Builder<'b, 'e>) -> Builder<'b, 'e> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        builder.problems().add(Place::WHOLE, None, Code::EmptyBody, "");
        return builder;
    }
    let shape = match shape {
        Shape::Any if text.trim_ascii_start().starts_with('[') => Shape::Batch,
        Shape::Any => Shape::One,
        other => other,
    };
    let mut fast = builder;
    if read_fast(text, shape, &mut fast) {
        return fast;
    }
    let mut slow = fast.restart();
    if deeper_than(text, depth) {
        slow.problems().add(Place::WHOLE, None, Code::JsonTooDeep, format!("> {depth}"));
        return slow;
    }
    match shape {
        Shape::Lines => read_lines(text, &mut slow),
        Shape::Batch => read_array(text, &mut slow),
        Shape::One | Shape::Any => read_event(text, Place::row(1), &mut slow),
    }
    slow
}

/// Reads a payload whose attributes stand in headers.
pub(crate) fn read_binary<'b, 'e>(
    text: &'e str,
    head: &'e Head,
    depth: usize,
    mut builder: Builder<'b, 'e>,
) -> Builder<'b, 'e> {
    let place = Place::row(1);
    if deeper_than(text, depth) {
        builder.problems().add(place, Some("data"), Code::JsonTooDeep, format!("> {depth}"));
        return builder;
    }
    let mut event = head.event(|source| builder.knows(source));
    let mut broken = Broken::default();
    event.data = broken.payload(text);
    broken.report(place.id(&event.id), &mut builder);
    if broken.unreadable {
        return builder;
    }
    let value = ValueText::of_json(event.data.value);
    builder.event(place, event, value, &broken.fields(), Form::Json);
    builder
}

/// False if some JSON does not fit: then the builder's content is worth nothing.
fn read_fast<'e>(text: &'e str, shape: Shape, builder: &mut Builder<'_, 'e>) -> bool {
    let take = |index: usize, event: EventRef<'e>, builder: &mut Builder<'_, 'e>| {
        let value = ValueText::of_json(event.data.value);
        builder.event(Place::row(index as u32 + 1), event, value, &[], Form::Json);
    };
    match shape {
        Shape::Batch => {
            let decoded = decode_batch(text.as_bytes(), |index, event| {
                take(index, event, builder);
                // Beyond a limit nothing is judged; an early end keeps a body of tiny events from costing more.
                if builder.is_full() { Err(Malformed(String::new())) } else { Ok(()) }
            });
            decoded.is_ok() || builder.is_full()
        }
        Shape::One | Shape::Any => match serde_json::from_str(text) {
            Ok(event) => {
                take(0, event, builder);
                true
            }
            Err(_) => false,
        },
        Shape::Lines => {
            for (row, (line, text)) in lines(text).enumerate() {
                let Ok(event) = serde_json::from_str::<EventRef<'e>>(text) else { return false };
                let value = ValueText::of_json(event.data.value);
                builder.event(Place::row(row as u32 + 1).line(line), event, value, &[], Form::Json);
                if builder.is_full() {
                    break;
                }
            }
            true
        }
    }
}

fn read_array<'e>(text: &'e str, builder: &mut Builder<'_, 'e>) {
    let mut row = 0;
    let read = elements(text, |element| {
        row += 1;
        read_event(element.get(), Place::row(row), builder);
        !builder.is_full()
    });
    if let Err(error) = read {
        let (code, found) = syntax(&error, text);
        let place = if code == Code::JsonShape { Place::WHOLE } else { Place::row(row + 1) };
        builder.problems().add(place, None, code, found);
    }
}

fn read_lines<'e>(text: &'e str, builder: &mut Builder<'_, 'e>) {
    for (row, (line, text)) in lines(text).enumerate() {
        read_event(text, Place::row(row as u32 + 1).line(line), builder);
        if builder.is_full() {
            break;
        }
    }
}

/// Lines that are not blank, with their numbers from 1.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    text.split('\n').zip(1..).map(|(text, line)| (line, text.trim_ascii())).filter(|(_, text)| !text.is_empty())
}

/// Reads one event piece by piece, so that every wrong member is named.
fn read_event<'e>(text: &'e str, place: Place<'_>, builder: &mut Builder<'_, 'e>) {
    let found = match members(text) {
        Ok(found) => found,
        Err(error) => {
            let (code, found) = syntax(&error, text);
            return builder.unreadable(place, code, found);
        }
    };
    let mut event = blank();
    let mut broken = Broken::default();
    let mut seen: Vec<&str> = Vec::new();
    for (name, raw) in &found {
        let name: &str = name;
        let is_data = name == "data";
        let Some(known) = ATTRIBUTES.iter().find(|known| **known == name).or(is_data.then_some(&"data")) else {
            match extension(name) {
                Err(meant) => broken.push_text(name, Code::UnknownField, meant),
                Ok(()) if seen.contains(&name) => broken.push_text(name, Code::DuplicateKey, None),
                Ok(()) if raw.get().starts_with(['{', '[']) => broken.push_text(name, Code::WrongType, None),
                // Extension attributes serve transport and tracing. They are not stored and not hashed.
                Ok(()) => {}
            }
            seen.push(name);
            continue;
        };
        if seen.contains(known) {
            broken.push(known, Code::DuplicateKey, String::new());
        } else if is_data {
            event.data = broken.payload(raw.get());
        } else if raw.get() != "null" {
            match serde_json::from_str(raw.get()) {
                Ok(text) => set_attribute(&mut event, known, text),
                Err(_) => broken.push(known, Code::WrongType, quoted(raw.get())),
            }
        }
        seen.push(known);
    }
    if !seen.contains(&"data") {
        broken.push("data", Code::MissingField, String::new());
        broken.unreadable = true;
    }
    broken.report(place.id(&event.id), builder);
    if broken.unreadable {
        builder.count();
    } else {
        let value = ValueText::of_json(event.data.value);
        builder.event(place, event, value, &broken.fields(), Form::Json);
    }
}

/// Members whose form is wrong.
#[derive(Default)]
struct Broken {
    known: Vec<(&'static str, Code, String)>,
    unknown: Vec<(String, Code, Option<&'static str>)>,
    /// There is no payload to judge.
    unreadable: bool,
}

impl Broken {
    fn push(&mut self, field: &'static str, code: Code, found: String) {
        self.known.push((field, code, found));
    }

    fn push_text(&mut self, field: impl Into<String>, code: Code, meant: Option<&'static str>) {
        self.unknown.push((field.into(), code, meant));
    }

    fn payload<'a>(&mut self, text: &'a str) -> DataRef<'a> {
        let mut data = DataRef::default();
        let found = match members(text) {
            Ok(found) => found,
            Err(error) => {
                let (code, found) = syntax(&error, text);
                let code = if code == Code::JsonShape { Code::WrongType } else { code };
                self.push("data", code, found);
                self.unreadable = true;
                return data;
            }
        };
        let mut seen: Vec<&str> = Vec::new();
        for (name, raw) in found {
            match data_field(&name) {
                None => {
                    let meant = nearest(&name, payload_fields());
                    self.push_text(format!("data.{}", &*name), Code::UnknownField, meant);
                }
                Some((field, _)) if seen.contains(&field) => self.push(field, Code::DuplicateKey, String::new()),
                Some((field, slot)) => {
                    seen.push(field);
                    if !set_data(&mut data, slot, raw) {
                        self.push(field, Code::WrongType, quoted(raw.get()));
                    }
                }
            }
        }
        data
    }

    fn fields(&self) -> Vec<&'static str> {
        // An unknown member must keep the event from being taken, though no judgement concerns it.
        let unknown = self.unknown.first().map(|_| "");
        self.known.iter().map(|(field, ..)| *field).chain(unknown).collect()
    }

    fn report(&self, place: Place<'_>, builder: &mut Builder<'_, '_>) {
        for (field, code, found) in &self.known {
            builder.problems().add(place, Some(field), *code, found);
        }
        for (field, code, meant) in &self.unknown {
            builder.problems().add(place, Some(field), *code, or_meant(String::new(), *meant));
        }
    }
}
