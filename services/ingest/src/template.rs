//! `GET /v1/templates/{reporter}`: a table made of what the reporter owes for a period. Filled in and sent back it needs
//! no other work: its codes, units and row names are there, and a row left blank reports nothing.

mod csv;
mod owed;
mod sheet;

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::Query;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use helan_runtime::credentials::Role;
use helan_schemas::catalog::{Catalog, DecimalMark, Indicator, Reporter};
use helan_schemas::period::Period;
use helan_schemas::refusal::Code;
use jiff::civil::Date;

use crate::decode::headings::{
    AREA_NAME, DUE, INDICATOR_NAME, LAST_VALUE, Lang, SENT_VALUE, TEMPLATE_ROW, UNIT_NAME, multiplier, yes_and_no,
};
use crate::own::{OwnFigure, OwnFigures};
use crate::problems::{Place, Problems, quoted};
use crate::template::owed::Owed;
use crate::{Ingest, accept, workbook};

/// How long the lake is asked for what was sent: a form without it is better than none.
const OWN_TIME: Duration = Duration::from_secs(10);

/// Columns of a template, in order. What is printed and signed comes first, then what few fill in, then the codes.
const COLUMNS: [&str; 22] = [
    AREA_NAME,
    INDICATOR_NAME,
    "time_period",
    UNIT_NAME,
    "value",
    "unit_mult",
    "obs_status",
    LAST_VALUE,
    SENT_VALUE,
    DUE,
    "note",
    "vintage",
    "basis",
    "published_at",
    "prepared_by",
    "reviewed_by",
    "approved_by",
    "evidence",
    "ref_area",
    "indicator",
    "unit",
    "source",
];

/// Names the periods that have reports which are not in the template: `2018-Q1=8, 2018-Q2=8`.
const OTHER_PERIODS: HeaderName = HeaderName::from_static("helan-other-periods");

/// What a template is made of.
pub(crate) struct Template<'c> {
    pub(crate) reporter: &'c Reporter,
    pub(crate) period: String,
    pub(crate) source: String,
    pub(crate) lang: Lang,
    /// What its offices write between whole and fraction, if the catalog says.
    pub(crate) mark: Option<DecimalMark>,
    /// Begins the rows' names; later templates have larger ones.
    pub(crate) form: String,
    /// When it is made, seconds since the Unix epoch.
    pub(crate) made_at: i64,
    pub(crate) rows: Vec<TemplateRow<'c>>,
    /// What the reporter has sent.
    pub(crate) own: OwnFigures,
    /// What else is due within the period, or for one that it lies in: not in this template.
    pub(crate) others: Vec<OtherPeriod>,
}

/// A period that has reports of its own.
pub(crate) struct OtherPeriod {
    pub(crate) period: Period,
    /// How many of them the reporter owes.
    pub(crate) reports: usize,
}

/// One thing that is due.
pub(crate) struct TemplateRow<'c> {
    pub(crate) period: Period,
    /// The one before it.
    pub(crate) before: Option<Period>,
    /// Last day on which it is in time.
    pub(crate) due: Option<Date>,
    pub(crate) ref_area: &'c str,
    pub(crate) area_name: &'c str,
    pub(crate) indicator: &'c Indicator,
    /// Benchmarks to choose from.
    pub(crate) bases: Vec<&'c str>,
}

impl Template<'_> {
    /// The columns that this reporter gets. Who publishes figures says when, and on which benchmark; for others both
    /// follow from the catalog.
    pub(crate) fn columns(&self) -> Vec<&'static str> {
        let fits = |column: &&str| match *column {
            "published_at" => self.reporter.may_back_date,
            "basis" => self.reporter.may_back_date && self.rows.iter().any(|row| !row.bases.is_empty()),
            LAST_VALUE => (0..self.rows.len()).any(|row| self.last_value(row).is_some()),
            SENT_VALUE => (0..self.rows.len()).any(|row| self.sent_value(row).is_some()),
            _ => true,
        };
        COLUMNS.into_iter().filter(fits).chain([TEMPLATE_ROW]).collect()
    }

    /// What stands in a cell before anybody fills it in.
    pub(crate) fn cell(&self, row: usize, column: &str) -> String {
        let TemplateRow { period, ref_area, area_name, indicator, .. } = &self.rows[row];
        match column {
            AREA_NAME => (*area_name).to_owned(),
            INDICATOR_NAME => self.lang.pick(&indicator.name_zh, &indicator.name_en).to_owned(),
            UNIT_NAME if indicator.is_yes_or_no() => yes_and_no(self.lang).join("/"),
            UNIT_NAME => self.lang.pick(&indicator.unit_zh, &indicator.unit_en).to_owned(),
            DUE => self.rows[row].due.map(|day| day.to_string()).unwrap_or_default(),
            LAST_VALUE => self.last_value(row).unwrap_or_default(),
            SENT_VALUE => self.sent_value(row).unwrap_or_default(),
            "time_period" => period.to_string(),
            // Yes and no have none.
            "unit_mult" if indicator.is_yes_or_no() => String::new(),
            "unit_mult" => {
                let always = self.own.multipliers.iter().find(|(name, _)| *name == indicator.indicator);
                multiplier(always.map_or(0, |(_, power)| *power), self.lang)
            }
            "ref_area" => (*ref_area).to_owned(),
            "indicator" => indicator.indicator.clone(),
            "unit" => indicator.unit.clone(),
            "source" => self.source.clone(),
            TEMPLATE_ROW => format!("{}-{:04}", self.form, row + 1),
            _ => String::new(),
        }
    }

    /// What the reporter sent for the period before a row's.
    fn last_value(&self, row: usize) -> Option<String> {
        self.own_value(row, self.rows[row].before?)
    }

    /// What it sent for the row already.
    pub(crate) fn sent_value(&self, row: usize) -> Option<String> {
        self.own_value(row, self.rows[row].period)
    }

    fn own_value(&self, row: usize, period: Period) -> Option<String> {
        let TemplateRow { ref_area, indicator, .. } = &self.rows[row];
        let period = period.to_string();
        let of_row = |figure: &&OwnFigure| {
            figure.ref_area == *ref_area && figure.indicator == indicator.indicator && figure.time_period == period
        };
        let OwnFigure { value, unit_mult, .. } = self.own.figures.iter().find(of_row)?;
        Some(match (value.as_str(), unit_mult) {
            ("1", 0) if indicator.is_yes_or_no() => yes_and_no(self.lang)[0].to_owned(),
            ("0", 0) if indicator.is_yes_or_no() => yes_and_no(self.lang)[1].to_owned(),
            (value, 0) => value.to_owned(),
            (value, power) => format!("{value} {}", multiplier(*power, self.lang)),
        })
    }
}

/// File formats of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Xlsx,
    Csv,
}

/// What a request asks for.
struct Asked {
    period: Option<String>,
    format: Format,
    lang: Lang,
    source: Option<String>,
    /// Whether the periods within the period are wanted too.
    parts: bool,
}

/// Answers with a template.
pub(crate) async fn answer(
    ingest: &Ingest,
    reporter: &str,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problems> {
    let identity = accept::identity(ingest, headers, ingest.clock.now())?;
    match (identity.role, identity.reporter.as_deref()) {
        (Role::Operator, _) => {}
        (Role::Reporter, Some(own)) if own == reporter => {}
        (Role::Reporter, _) => return Err(Problems::one(Code::TemplateForeign, quoted(reporter))),
        (role, _) => return Err(Problems::one(Code::RoleNotAllowed, role.as_str())),
    }
    let catalog = &ingest.catalog;
    let reporter = catalog.reporter(reporter).ok_or_else(|| Problems::one(Code::ReporterUnknown, quoted(reporter)))?;
    let asked = asked(uri, headers)?;
    let mut template = template(ingest, reporter, &asked)?;
    template.own = own_figures(ingest, &template).await;
    let (content_type, ending, body) = match asked.format {
        Format::Xlsx => (workbook::MEDIA_TYPE, "xlsx", sheet::write(&template)),
        Format::Csv => ("text/csv; charset=utf-8", "csv", csv::write(&template).into_bytes()),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let name = format!("attachment; filename=\"{}-{}.{ending}\"", reporter.reporter, template.period);
    headers.extend(HeaderValue::try_from(name).map(|name| (header::CONTENT_DISPOSITION, name)));
    // Each template has row names of its own.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !template.others.is_empty() {
        let value = owed::listed(&template.others, Lang::En);
        headers.extend(HeaderValue::try_from(value).map(|value| (OTHER_PERIODS, value)));
    }
    Ok(response)
}

fn asked(uri: &Uri, headers: &HeaderMap) -> Result<Asked, Problems> {
    let wrong = |what: String| Problems::one(Code::QueryInvalid, what);
    let query = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|error| wrong(error.body_text()))?;
    let lang = accept::language(headers).unwrap_or(Lang::Zh);
    let mut asked = Asked { period: None, format: Format::Xlsx, lang, source: None, parts: false };
    let mut seen = Vec::new();
    for (name, value) in query.0 {
        match (name.as_str(), value.as_str()) {
            _ if seen.contains(&name) => return Err(wrong(format!("2 × {}", quoted(&name)))),
            ("period", _) => asked.period = Some(value),
            ("source", _) => asked.source = Some(value),
            ("parts", "include") => asked.parts = true,
            ("format", "xlsx") => asked.format = Format::Xlsx,
            ("format", "csv") => asked.format = Format::Csv,
            ("lang", "zh") => asked.lang = Lang::Zh,
            ("lang", "en") => asked.lang = Lang::En,
            _ => return Err(wrong(format!("{name}={}", quoted(&value)))),
        }
        seen.push(name);
    }
    Ok(asked)
}

fn template<'c>(ingest: &'c Ingest, reporter: &'c Reporter, asked: &Asked) -> Result<Template<'c>, Problems> {
    let catalog = &*ingest.catalog;
    let text = asked.period.as_deref().unwrap_or(&catalog.head.default_period);
    let period = Period::parse(text).map_err(|error| {
        let mut problems = Problems::new(1);
        problems.add(Place::WHOLE, Some("period"), error.code(), quoted(text));
        problems
    })?;
    let Owed { rows, others } = Owed::of(catalog, reporter, period, asked.lang, asked.parts);
    if rows.is_empty() {
        let found = format!("{} {period}; {}", reporter.reporter, owed::instead(catalog, reporter, &others));
        return Err(Problems::one(Code::TemplateNothingDue, found));
    }
    let now = ingest.clock.now();
    Ok(Template {
        reporter,
        period: period.to_string(),
        source: source(catalog, reporter, asked.source.as_deref())?,
        lang: asked.lang,
        mark: catalog.head.decimal_mark,
        form: ingest.clock.new_id(),
        made_at: now / 1_000_000,
        rows,
        own: OwnFigures::default(),
        others,
    })
}

/// What the reporter has sent; nothing where no lake says so.
async fn own_figures(ingest: &Ingest, template: &Template<'_>) -> OwnFigures {
    let Some(own) = &ingest.own else { return OwnFigures::default() };
    let periods = template.rows.iter().flat_map(|row| [Some(row.period), row.before]).flatten();
    let periods: BTreeSet<String> = periods.map(|period| period.to_string()).collect();
    let periods: Vec<_> = periods.into_iter().collect();
    let asked = own.figures(&template.reporter.reporter, &periods);
    match tokio::time::timeout(OWN_TIME, asked).await {
        Ok(Ok(figures)) => figures,
        Ok(Err(error)) => {
            tracing::warn!(reporter = %template.reporter.reporter, %error, "a template does not say what was sent");
            OwnFigures::default()
        }
        Err(_) => {
            tracing::warn!(reporter = %template.reporter.reporter, "a template does not say what was sent: too slow");
            OwnFigures::default()
        }
    }
}

/// The source that was asked for, else the reporter's first one that does not carry illustrative figures.
fn source(catalog: &Catalog, reporter: &Reporter, asked: Option<&str>) -> Result<String, Problems> {
    match asked {
        Some(uri) => match catalog.source(uri) {
            None => Err(Problems::one(Code::UnknownSource, quoted(uri))),
            Some(row) if row.reporter != reporter.reporter => Err(Problems::one(Code::ForeignSource, quoted(uri))),
            Some(row) => Ok(row.source.clone()),
        },
        None => {
            let own = catalog.sources_of(&reporter.reporter).find(|source| !source.demo);
            own.map(|row| row.source.clone()).ok_or_else(|| Problems::one(Code::SourceMissing, ""))
        }
    }
}
