//! Rows of a table, whatever file they came in: one row is one event, cells are fields.

use std::borrow::Cow;

use helan_schemas::codes;
use helan_schemas::event::Text;
use helan_schemas::refusal::Code;

use super::fields::{Slot, UNKNOWN_MULT, blank, data_field};
use super::headings::{self, AREA_NAME, DUE, INDICATOR_NAME, LAST_VALUE, SENT_VALUE, TEMPLATE_ROW, UNIT_NAME};
use super::typed::is_shortened;
use crate::answer::RowAt;
use crate::check::ValueText;
use crate::problems::{Place, quoted};
use crate::submission::{Builder, Form};

/// Columns without which a row says nothing. Only a table of withdrawals may lack them.
const REQUIRED: [&str; 5] = ["ref_area", "indicator", "time_period", "value", "unit"];

/// What a column is.
#[derive(Clone, Copy)]
pub(crate) enum Column {
    Id,
    Source,
    Type,
    /// Names the row of a template.
    TemplateRow,
    /// A name beside a code: compared with it.
    Name(&'static str),
    /// For people only.
    Remark,
    Data(&'static str, Slot),
}

impl Column {
    /// Whether it is the same column as another.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(own) | Self::Data(own, _), Self::Name(other) | Self::Data(other, _)) => own == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// The column of a field's name; none for what no table has.
    pub(crate) fn of(field: &'static str) -> Option<Self> {
        match field {
            "id" => Some(Self::Id),
            "source" => Some(Self::Source),
            "type" => Some(Self::Type),
            TEMPLATE_ROW => Some(Self::TemplateRow),
            DUE | LAST_VALUE | SENT_VALUE => Some(Self::Remark),
            AREA_NAME | INDICATOR_NAME | UNIT_NAME => Some(Self::Name(field)),
            name => data_field(name)
                .filter(|(_, slot)| !matches!(slot, Slot::Entity))
                .map(|(full, slot)| Self::Data(full, slot)),
        }
    }
}

/// Required columns that a heading lacks. The unit may stand there as people read it.
pub(crate) fn lacking(has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let withdrawals = has("type") && has("withdraws");
    let is_there = |name: &str| has(name) || name == "unit" && has(UNIT_NAME);
    REQUIRED.into_iter().filter(|name| !withdrawals && !is_there(name)).collect()
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is an event, or has errors.
    Event,
    /// A form's row whose value was left blank.
    NotReported,
    /// A remark below or between the rows.
    Remark,
}

/// Powers of ten that people name: below a heading such as 数量级, another number is more likely to be the factor itself.
const EXPONENTS: [i32; 8] = [-3, 0, 3, 4, 6, 8, 9, 12];

/// How a table is read.
#[derive(Clone, Copy)]
pub(crate) struct Manner<'e> {
    /// Stands for the column of that name.
    pub(crate) source: Option<&'e str>,
    /// It is a form: a blank value means that nothing is reported.
    pub(crate) form: bool,
    /// A spreadsheet may have taken the area's code for a number, and the zeros before it away.
    pub(crate) lost_zeros: bool,
    /// Its heading for the multiplier is a person's: 1 is once there, and not tens.
    pub(crate) worded_mult: bool,
}

/// Takes a row's cells that are not empty. `broken` names fields whose cells were already found wrong; `beside` is what else
/// stands in the row for people.
pub(crate) fn take_row<'e>(
    cells: impl IntoIterator<Item = (Column, Cow<'e, str>)>,
    manner: Manner<'e>,
    place: Place<'_>,
    (mut broken, mut beside): (Vec<&'static str>, String),
    builder: &mut Builder<'_, 'e>,
) -> Taken {
    let source = manner.source;
    // Only forms have lists to choose from; elsewhere a code is a code.
    let chosen = |field: &str, cell: Cow<'e, str>| match manner.form {
        false => cell,
        true => match headings::choice(field, cell.as_ref().to_owned()) {
            code if code == *cell => cell,
            code => Cow::Owned(code),
        },
    };
    let mut event = blank();
    event.specversion = Text("1.0".into());
    event.event_type = Text(codes::TYPE_REPORTED.into());
    event.source = Text(source.unwrap_or_default().into());
    let (mut value, mut template_row) = (Cow::Borrowed(""), None);
    let mut names: Vec<(&'static str, Cow<'e, str>)> = Vec::new();
    let mut errors: Vec<(&'static str, Code, String)> = Vec::new();
    for (column, cell) in cells {
        match column {
            Column::Id => {
                dropped("id", &cell, &mut errors);
                event.id = Text(cell);
            }
            Column::Type => event.event_type = Text(cell),
            Column::TemplateRow => template_row = Some(cell),
            Column::Name(field) => names.push((field, cell)),
            Column::Remark => {
                beside.push_str(&cell);
                beside.push('\n');
            }
            Column::Source => match source {
                Some(source) if source != cell => {
                    let found = format!("{} ≠ {}", quoted(&cell), quoted(source));
                    errors.push(("source", Code::SourceMixed, found));
                    broken.push("source");
                }
                _ => event.source = Text(cell),
            },
            Column::Data(name, Slot::Text(field)) => {
                let code = name.strip_prefix("data.").unwrap_or(name);
                if code == "withdraws" {
                    dropped(code, &cell, &mut errors);
                }
                *field(&mut event.data) = Some(Text(chosen(code, cell)));
            }
            Column::Data(_, Slot::Value) => value = cell,
            // A word for a power of ten is one in any table.
            Column::Data(name, Slot::Mult) => match cell.parse().or_else(|_| chosen_mult(&cell)) {
                Ok(mult) if !manner.worded_mult || EXPONENTS.contains(&mult) => event.data.unit_mult = Some(mult),
                _ => {
                    errors.push(("unit_mult", Code::UnitMultInvalid, quoted(&cell)));
                    event.data.unit_mult = Some(UNKNOWN_MULT);
                    broken.push(name);
                }
            },
            Column::Data(_, Slot::Entity) => unreachable!("no heading leads here"),
        }
    }
    builder.see_source(&event.source);
    let data = &event.data;
    let reports = &*event.event_type == codes::TYPE_REPORTED;
    if manner.form && reports && value.is_empty() && !broken.contains(&"data.value") && data.obs_status.is_none() {
        let known = data.ref_area.is_some() || data.indicator.is_some() || template_row.is_some();
        if data.ref_area.is_none() || data.indicator.is_none() {
            // No row of figures but words between them, in whatever columns.
            let words = [&data.ref_area, &data.indicator, &data.time_period, &data.note];
            let words = words.into_iter().flatten().map(|text| text.as_ref());
            let words = words.chain(names.iter().map(|(_, name)| name.as_ref())).chain([beside.as_str()]);
            let words = words.collect::<Vec<_>>().join("\n");
            let (told, judge) = builder.told();
            told.between(&words, judge);
        }
        return if known { Taken::NotReported } else { Taken::Remark };
    }
    let yes_or_no = |code: &str| builder.judge().is_yes_or_no(code);
    if data.indicator.as_deref().is_some_and(yes_or_no) {
        value = Cow::Owned(headings::yes_or_no(&value).to_owned());
    }
    for (field, code, found) in errors {
        builder.problems().add(place, Some(field), code, found);
    }
    let mut unit = None;
    for (field, name) in &names {
        if *field == UNIT_NAME && !name.trim().is_empty() {
            let scale = data.unit_mult.unwrap_or_default();
            let row = data.indicator.as_deref().and_then(|code| builder.judge().units_of(code));
            unit = row.map(|units| units[0].to_owned());
            if let Some(units) = row.filter(|units| scale != UNKNOWN_MULT && !headings::is_unit(name, scale, units)) {
                let found = format!("{} ≠ {} × 10^{scale}", quoted(name), quoted(units[1]));
                builder.problems().add(place, Some(field), Code::UnitNameMismatch, found);
                broken.push(field);
            }
            continue;
        }
        let code = match *field {
            AREA_NAME => data.ref_area.as_deref(),
            INDICATOR_NAME => data.indicator.as_deref(),
            _ => None,
        };
        if let Some(code) = code.filter(|code| !builder.judge().is_named(field, code, name)) {
            let found = format!("{} ≠ {}", quoted(name), quoted(code));
            builder.problems().add(place, Some(field), Code::LabelMismatch, found);
            broken.push(field);
        }
    }
    if reports {
        beside.push_str(data.note.as_deref().unwrap_or_default());
        let unit_name = names.iter().find(|(field, _)| *field == UNIT_NAME).map(|(_, name)| name.as_ref());
        let at = RowAt { row: place.row.unwrap_or_default(), line: place.line };
        let (told, judge) = builder.told();
        if let Some(found) = told.otherwise(judge, data, (unit_name, &beside), at) {
            builder.problems().add(place, Some("unit"), Code::UnitNameMismatch, found);
            broken.push("data.unit");
        }
    }
    if manner.lost_zeros
        && !names.iter().any(|(field, _)| *field == AREA_NAME)
        && let Some(code) = data.ref_area.as_deref().filter(|_| !broken.contains(&"data.ref_area"))
        && let Some(other) = builder.judge().padded(code, data.indicator.as_deref(), data.time_period.as_deref())
    {
        let found = format!("{} / {}", quoted(code), quoted(&other));
        builder.problems().add(place, Some("ref_area"), Code::AreaAmbiguous, found);
        broken.push("data.ref_area");
    }
    // What people read is the indicator's unit, or was refused above.
    if reports {
        event.data.unit = event.data.unit.take().or_else(|| unit.map(|code| Text(Cow::Owned(code))));
    }
    let form = template_row.map_or(Form::Table, |row| Form::Template(row.into_owned()));
    builder.event(place, event, ValueText::of_text(&value), &broken, form);
    Taken::Event
}

/// The power of ten behind a word.
fn chosen_mult(word: &str) -> Result<i32, std::num::ParseIntError> {
    headings::choice("unit_mult", word.to_owned()).parse()
}

/// Reports a code of which a spreadsheet has kept the first digits only.
fn dropped(field: &'static str, code: &str, errors: &mut Vec<(&'static str, Code, String)>) {
    if is_shortened(code) {
        errors.push((field, Code::NumberDigitsDropped, quoted(code)));
    }
}
