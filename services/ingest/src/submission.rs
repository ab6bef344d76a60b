//! Turns judged events into one submission: canonical JSON, one source, no id twice, an id for every event.

mod cells;

use std::borrow::Cow;
use std::collections::HashMap;

use helan_schemas::digest::{sha256_hex, submission_id};
use helan_schemas::event::{EventRef, MAX_SOURCE_BYTES, Statement};
use helan_schemas::fields::FIRST_GENERATION;
use helan_schemas::refusal::Code;

use self::cells::Cells;
use crate::answer::{RepeatedCells, RowAt};
use crate::check::{Judge, Report, ValueText};
use crate::decode::told::Told;
use crate::limits::Limits;
use crate::problems::{Place, Problems, quoted};

/// A submission that is ready for the log.
#[derive(Debug)]
pub(crate) struct Submission {
    /// Its id.
    pub(crate) id: String,
    /// Whether the sender gave it; else it is a digest.
    pub(crate) is_given: bool,
    /// The source of all its events.
    pub(crate) source: String,
    /// How many events.
    pub(crate) events: u32,
    /// The generation of fields that its events need.
    pub(crate) generation: u32,
    /// A JSON array of CloudEvents in canonical form.
    pub(crate) value: Vec<u8>,
    /// Cells that stand in it more than once with one value, if any do.
    pub(crate) repeated_cells: Option<RepeatedCells>,
}

/// What events come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// CloudEvents, which have ids.
    Json,
    /// Rows, which may have none and get one from the submission's; fields are columns.
    Table,
    /// A row of a template, by its name there. Its event's id is that name and a digest of what it says: the same row
    /// again is a repeat, a changed row a new event, and the ids of later templates are larger.
    Template(String),
}

/// Letters and digits of a template row's name: a ULID, a hyphen, a number.
const TEMPLATE_ROW_BYTES: std::ops::RangeInclusive<usize> = 28..=40;
/// Digits of the digest behind a template row's name.
const TEMPLATE_DIGEST: usize = 12;

/// Events go in one by one; a submission or its problems come out.
pub(crate) struct Builder<'b, 'e> {
    judge: &'b Judge<'b>,
    limits: &'b Limits,
    /// The id that the sender gave by `Idempotency-Key`.
    given_id: Option<&'b str>,
    problems: Problems,
    source: Option<String>,
    /// A source that a row names, if only one that was left blank.
    seen_source: Option<String>,
    ids: HashMap<Cow<'e, str>, u32>,
    template_rows: HashMap<String, RowAt>,
    /// A copied row of a form that says something else than the first, and that one.
    copied: Option<(RowAt, RowAt)>,
    cells: Cells,
    /// What stands around a table's rows and speaks of them.
    told: Told,
    /// The name under which a value is at fault: events have paths, tables columns.
    value_field: &'static str,
    value: Vec<u8>,
    /// Where in `value` an id has to be filled in, and for which row.
    gaps: Vec<(usize, u32)>,
    events: u32,
    generation: u32,
}

/// What canonical form writes before an event's id.
const BEFORE_ID: &str = r#"{"specversion":"1.0","id":""#;

impl<'b, 'e> Builder<'b, 'e> {
    /// The most that a builder for a body of about `size` bytes holds: the canonical form, and once more while ids are
    /// filled in.
    pub(crate) fn memory(limits: &Limits, size: usize) -> usize {
        2 * Self::expected(limits, size)
    }

    fn expected(limits: &Limits, size: usize) -> usize {
        (size + size / 8).min(limits.canonical_bytes) + 1024
    }

    /// A builder for a body of about `size` bytes.
    pub(crate) fn new(judge: &'b Judge<'b>, limits: &'b Limits, given_id: Option<&'b str>, size: usize) -> Self {
        let mut value = Vec::with_capacity(Self::expected(limits, size));
        value.push(b'[');
        let problems = Problems::new(limits.errors);
        Self {
            judge,
            limits,
            given_id,
            problems,
            source: None,
            seen_source: None,
            ids: HashMap::new(),
            template_rows: HashMap::new(),
            copied: None,
            cells: Cells::default(),
            told: Told::default(),
            value_field: "value",
            value,
            gaps: Vec::new(),
            events: 0,
            generation: FIRST_GENERATION,
        }
    }

    /// The same builder with nothing in it.
    pub(crate) fn restart<'f>(self) -> Builder<'b, 'f> {
        Builder::new(self.judge, self.limits, self.given_id, self.value.len())
    }

    /// What is told around a table's rows, and by what that is judged.
    pub(crate) fn told(&mut self) -> (&mut Told, &'b Judge<'b>) {
        (&mut self.told, self.judge)
    }

    /// A table ends: what is told of all its rows is compared with them.
    pub(crate) fn end_table(&mut self) {
        for (at, field, code, found) in self.told.end(self.judge) {
            self.problems.add(Place { row: Some(at.row), line: at.line, id: None }, Some(field), code, found);
        }
    }

    /// By what the events are judged.
    pub(crate) fn judge(&self) -> &'b Judge<'b> {
        self.judge
    }

    /// The errors so far, for what is found before there is an event.
    pub(crate) fn problems(&mut self) -> &mut Problems {
        &mut self.problems
    }

    /// Keeps the source that a form's row names, whether it reports anything or not.
    pub(crate) fn see_source(&mut self, source: &str) {
        if self.seen_source.is_none() && !source.is_empty() {
            self.seen_source = Some(source.to_owned());
        }
    }

    /// Counts an event or row that could not be judged.
    pub(crate) fn count(&mut self) {
        self.events += 1;
    }

    /// Counts an event or row that could not be read.
    pub(crate) fn unreadable(&mut self, place: Place<'_>, code: Code, found: String) {
        self.count();
        self.problems.add(place, None, code, found);
    }

    /// Whether going on makes sense: not once a limit is passed.
    pub(crate) fn is_full(&self) -> bool {
        self.value.len() > self.limits.canonical_bytes || self.events as usize > self.limits.rows
    }

    /// Takes an event. `broken` names fields whose form was already found wrong, so that one mistake is one error.
    pub(crate) fn event(
        &mut self,
        place: Place<'_>,
        mut event: EventRef<'e>,
        value: ValueText<'_>,
        broken: &[&str],
        form: Form,
    ) {
        self.events += 1;
        if self.is_full() {
            return;
        }
        let row = place.row.unwrap_or(self.events);
        let before = self.problems.count();
        if let Form::Template(name) = &form
            && (!TEMPLATE_ROW_BYTES.contains(&name.len())
                || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        {
            self.problems.add(place, Some("template_row"), Code::TemplateRowInvalid, quoted(name));
        }
        // Collected first: the event is borrowed while it is judged. No error, no allocation.
        let mut found = Vec::new();
        let mut report = |field: &'static str, code: Code, what: String| {
            // What was found wrong in form is not judged again.
            if !broken.contains(&field) {
                found.push((field, code, what));
            }
        };
        let statement = self.judge.event(&mut event, value, &mut report);
        if event.id.is_empty() && form == Form::Json {
            report("id", Code::MissingField, String::new());
        }
        self.source(&event, &mut report);
        if let Some(first) = self.ids.get(&*event.id).filter(|_| !event.id.is_empty()) {
            report("id", Code::RepeatedId, format!("{} = {first}", quoted(&event.id)));
        }
        for (field, code, what) in found {
            let field = if form == Form::Json { field } else { field.strip_prefix("data.").unwrap_or(field) };
            self.problems.add(place.id(&event.id), Some(field), code, what);
        }
        let at = RowAt { row, line: place.line };
        let copy_of = match &form {
            Form::Template(name) => match self.template_rows.get(name) {
                None => self.template_rows.insert(name.clone(), at),
                first => first.copied(),
            },
            Form::Json | Form::Table => None,
        };
        let right = statement.filter(|_| self.problems.count() == before && broken.is_empty());
        let mut contradicts = false;
        if let Some(statement) = right {
            if form == Form::Json {
                self.value_field = "data.value";
            }
            contradicts = self.cells.take(&event, &statement, self.judge, at);
            if copy_of.is_none() {
                self.write(&event, &statement, row, &form);
            }
        }
        match copy_of {
            None => {}
            // Told of both cells in the end.
            Some(first) if contradicts => self.copied = Some((at, first)),
            Some(first) => Self::tell_copied(&mut self.problems, at, first),
        }
        if !event.id.is_empty() {
            self.ids.entry(event.id.0).or_insert(row);
        }
    }

    fn tell_copied(problems: &mut Problems, at: RowAt, first: RowAt) {
        let place = Place { row: Some(at.row), line: at.line, id: None };
        let found = format!("({}) = ({})", at.shown(), first.shown());
        problems.add(place, Some("template_row"), Code::TemplateRowCopied, found);
    }

    /// The first source is judged and kept; the others have to equal it.
    fn source(&mut self, event: &EventRef<'_>, report: &mut Report<'_>) {
        match &self.source {
            None => {
                self.judge.source(&event.source, report);
                self.source = Some((*event.source).to_owned());
            }
            Some(source) if **source == *event.source => {}
            // One row without a source among others is at fault, wherever it stands.
            Some(_) if event.source.is_empty() => self.judge.source("", report),
            Some(source) if source.is_empty() => {
                self.judge.source(&event.source, report);
                self.source = Some((*event.source).to_owned());
            }
            Some(source) => {
                report("source", Code::SourceMixed, format!("{} ≠ {}", quoted(&event.source), quoted(source)))
            }
        }
    }

    fn write(&mut self, event: &EventRef<'_>, statement: &Statement, row: u32, form: &Form) {
        if self.value.len() > 1 {
            self.value.push(b',');
        }
        let start = self.value.len();
        event.write_canonical(statement, &mut self.value);
        self.generation = self.generation.max(event.generation());
        match form {
            _ if !event.id.is_empty() => {}
            Form::Template(name) => {
                let digest = sha256_hex(&[&self.value[start..]]);
                let id = format!("{name}-{}", &digest[..TEMPLATE_DIGEST]);
                let at = start + BEFORE_ID.len();
                self.value.splice(at..at, id.into_bytes());
            }
            Form::Json | Form::Table => self.gaps.push((start + BEFORE_ID.len(), row)),
        }
    }

    /// Whether the catalog has a source.
    pub(crate) fn knows(&self, source: &str) -> bool {
        self.judge.knows_source(source)
    }

    /// The source, where it is fit to be repeated.
    pub(crate) fn known_source(&self) -> Option<String> {
        let source = self.source.as_ref().filter(|source| !source.is_empty()).or(self.seen_source.as_ref());
        source.filter(|source| source.len() <= MAX_SOURCE_BYTES).cloned()
    }

    /// The submission, or every error.
    pub(crate) fn finish(mut self) -> Result<Submission, Problems> {
        let Limits { canonical_bytes, rows, .. } = *self.limits;
        // A limit comes first: what lies beyond it was not judged.
        if self.events as usize > rows {
            return Err(Problems::one(Code::TooManyRows, format!("> {rows}")));
        }
        if self.value.len() > canonical_bytes {
            return Err(Problems::one(Code::SubmissionTooLarge, format!("> {canonical_bytes}")));
        }
        if self.events == 0 && self.problems.is_empty() {
            self.problems.add(Place::WHOLE, None, Code::EmptyBatch, "");
        }
        let cells = std::mem::take(&mut self.cells);
        let repeated_cells = cells.finish(&self.ids, self.value_field, &mut self.problems);
        if let Some((at, first)) = self.copied.filter(|_| self.problems.is_empty()) {
            Self::tell_copied(&mut self.problems, at, first);
        }
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        self.value.push(b']');
        let source = self.source.take().unwrap_or_default();
        let id = match self.given_id {
            Some(id) => id.to_owned(),
            None => submission_id(&source, &self.value),
        };
        self.fill_in_ids(&id)?;
        if self.value.len() > canonical_bytes {
            return Err(Problems::one(Code::SubmissionTooLarge, format!("> {canonical_bytes}")));
        }
        let Self { given_id, events, generation, value, .. } = self;
        Ok(Submission { id, is_given: given_id.is_some(), source, events, generation, value, repeated_cells })
    }

    /// Gives every event without id the id `{submission}/{row}`.
    fn fill_in_ids(&mut self, submission: &str) -> Result<(), Problems> {
        if self.gaps.is_empty() {
            return Ok(());
        }
        let mut filled = Vec::with_capacity(self.value.len() + self.gaps.len() * (submission.len() + 8));
        let mut copied = 0;
        for (at, row) in &self.gaps {
            let id = format!("{submission}/{row}");
            if let Some(first) = self.ids.get(id.as_str()) {
                let mut problems = Problems::new(1);
                problems.add(Place::row(*row), Some("id"), Code::RepeatedId, format!("{} = {first}", quoted(&id)));
                return Err(problems);
            }
            filled.extend_from_slice(&self.value[copied..*at]);
            filled.extend_from_slice(id.as_bytes());
            copied = *at;
        }
        filled.extend_from_slice(&self.value[copied..]);
        self.value = filled;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_canonical_form_puts_the_id() {
        let event = r#"{"specversion":"1.0","id":"","source":"s","type":"helan.observation.withdrawn.v1","data":{}}"#;
        let event: EventRef<'_> = serde_json::from_str(event).expect("event");
        let mut out = Vec::new();
        event.write_canonical(&Statement::Withdrawn, &mut out);
        assert!(out.starts_with(BEFORE_ID.as_bytes()) && out[BEFORE_ID.len()] == b'"');
    }
}
