//! The header of a SQL file: `-- key: text` lines before the first line of SQL.

/// One SQL file: a view.
#[derive(Clone, Debug)]
pub struct Query {
    /// Name of the view and of the file.
    pub name: &'static str,
    /// What one row is.
    pub grain: &'static str,
    /// Views and leaf tables it reads.
    pub inputs: Vec<&'static str>,
    /// Roll-up rules of the design that it carries out.
    pub rules: Vec<u8>,
    /// Whether a session computes it once and keeps the rows.
    pub materialise: bool,
    /// By what a question narrows the statements from which its rows are computed.
    pub narrows: Vec<Narrows>,
    /// Most statements that are computed at once, if the default would take too much memory because rows grow with
    /// statements, not with cells.
    pub at_once: Option<u64>,
    /// Whether to compute it a few areas at a time if one indicator has more statements than that.
    pub by_area: bool,
    /// An input that must have rows for this view to have any, and optionally a column that must not be null in them.
    /// Otherwise the view is not planned.
    pub empty_without: Option<(&'static str, Option<&'static str>)>,
    /// What it is, in Chinese.
    pub zh: &'static str,
    /// What it is, in English.
    pub en: &'static str,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// The text, header included.
    pub sql: &'static str,
}

impl Query {
    /// Whether its text has the parameters `$as_of` and `$recorded`.
    pub fn takes_moments(&self) -> bool {
        self.sql.contains('$')
    }
}

/// What a question may name, so that the rows it asks for follow from a part of the statements: those of what it names,
/// and of all that this is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrows {
    /// Constants of `ref_area`, with what lies in these areas and groups.
    Area,
    /// Constants of `indicator`, with the parts of ratios and the items of coverage.
    Indicator,
    /// As [`Narrows::Indicator`], with the indicators that rules of the catalog set beside these.
    IndicatorWithRules,
    /// Constants of `time_period`: the years of these periods, from the day before they begin.
    Period,
    /// Constants of `time_period`: the years in which these end, because a row needs statements of its own period alone.
    PeriodAlone,
    /// Constants of both `from_period` and `to_period`.
    PairOfPeriods,
    /// The view is about targets: only what targets are about, and of these only what the question names.
    Targets,
}

impl Narrows {
    /// The columns whose constants are looked at.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Area => &["ref_area"],
            Self::Indicator | Self::IndicatorWithRules => &["indicator"],
            Self::Period | Self::PeriodAlone => &["time_period"],
            Self::PairOfPeriods => &["from_period", "to_period"],
            Self::Targets => &["target_id"],
        }
    }
}

/// A column of a view.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub data_type: Type,
    /// What it holds, in Chinese.
    pub zh: &'static str,
    /// What it holds, in English.
    pub en: &'static str,
}

/// The types of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// UTF-8.
    Text,
    /// 32 bits.
    Int,
    /// 64 bits.
    Bigint,
    /// True or false.
    Bool,
    /// A day.
    Date,
    /// A moment in microseconds, UTC.
    Instant,
    /// Bytes.
    Bytes,
    /// An exact number: precision (up to 76) and scale.
    Decimal(u8, i8),
}

/// Reads a file's header.
pub(crate) fn parse(name: &'static str, sql: &'static str) -> Result<Query, String> {
    let mut query = Query {
        name,
        grain: "",
        inputs: Vec::new(),
        rules: Vec::new(),
        materialise: false,
        narrows: Vec::new(),
        at_once: None,
        by_area: false,
        empty_without: None,
        zh: "",
        en: "",
        columns: Vec::new(),
        sql,
    };
    let mut named = "";
    let mut materialise = None;
    for line in sql.lines().map_while(|line| line.strip_prefix("--")).map(str::trim) {
        if let Some(column) = line.strip_prefix("column ") {
            query.columns.push(parse_column(column)?);
            continue;
        }
        let (key, text) = line.split_once(": ").ok_or_else(|| format!("{line:?} is no `key: text`"))?;
        let list = || text.split(", ").filter(|item| !item.is_empty());
        match key {
            "name" => named = text,
            "grain" => query.grain = text,
            "inputs" => query.inputs = list().collect(),
            "rules" => {
                query.rules = list()
                    .filter(|item| *item != "none")
                    .map(|item| item.parse().map_err(|_| format!("rule {item:?} is no number")))
                    .collect::<Result<_, _>>()?;
            }
            "materialise" => materialise = Some(text == "yes"),
            "narrows" => query.narrows = list().map(parse_narrows).collect::<Result<_, _>>()?,
            "at once" => query.at_once = Some(text.parse().map_err(|_| format!("at once: {text:?} is not a number"))?),
            "by area" => query.by_area = text == "yes",
            "empty without" => {
                query.empty_without =
                    Some(text.split_once('.').map_or((text, None), |(input, column)| (input, Some(column))));
            }
            "zh" => query.zh = text,
            "en" => query.en = text,
            _ => return Err(format!("{key:?} is no key of a header")),
        }
    }
    query.materialise = materialise.ok_or("materialise is missing")?;
    if named != name {
        return Err(format!("its header is named {named:?}"));
    }
    if [query.grain, query.zh, query.en].contains(&"") || query.inputs.is_empty() || query.columns.is_empty() {
        return Err("grain, inputs, zh, en or column is missing".to_owned());
    }
    if let Some((input, _)) = query.empty_without.filter(|(input, _)| !query.inputs.contains(input)) {
        return Err(format!("it is empty without {input}, which it does not read"));
    }
    let has = |name: &&str| query.columns.iter().any(|column| column.name == *name);
    if let Some(column) = query.narrows.iter().flat_map(|narrows| narrows.columns()).find(|name| !has(name)) {
        return Err(format!("it is narrowed by {column}, which it does not have"));
    }
    Ok(query)
}

fn parse_narrows(text: &str) -> Result<Narrows, String> {
    match text {
        "ref_area" => Ok(Narrows::Area),
        "indicator" => Ok(Narrows::Indicator),
        "indicator with rules" => Ok(Narrows::IndicatorWithRules),
        "time_period" => Ok(Narrows::Period),
        "time_period alone" => Ok(Narrows::PeriodAlone),
        "from_period and to_period" => Ok(Narrows::PairOfPeriods),
        "targets" => Ok(Narrows::Targets),
        _ => Err(format!("{text:?} narrows nothing")),
    }
}

/// `NAME TYPE: 中文 | English`.
fn parse_column(text: &'static str) -> Result<Column, String> {
    let wrong = || format!("{text:?} is no `NAME TYPE: 中文 | English`");
    let (left, docs) = text.split_once(": ").ok_or_else(wrong)?;
    let (name, data_type) = left.split_once(' ').ok_or_else(wrong)?;
    let (zh, en) = docs.split_once(" | ").ok_or_else(wrong)?;
    let data_type = match data_type {
        "text" => Type::Text,
        "int" => Type::Int,
        "bigint" => Type::Bigint,
        "bool" => Type::Bool,
        "date" => Type::Date,
        "instant" => Type::Instant,
        "bytes" => Type::Bytes,
        "exact" => Type::Decimal(38, 10),
        "wide" => Type::Decimal(76, 10),
        _ => return Err(wrong()),
    };
    Ok(Column { name, data_type, zh, en })
}
