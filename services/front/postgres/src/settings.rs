//! The settings of a connection: what drivers set at start, and `helan.as_of`.
//!
//! A setting that would change what answers mean is either kept to or refused, never taken in silence.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::problem::{Own, Problem};
use helan_connections::Lang;

/// The version whose catalogs and protocol are offered; drivers choose their questions by it.
pub(crate) const VERSION: &str = "16.6";
pub(crate) const VERSION_NUMBER: &str = "160006";

pub(crate) const AS_OF: &str = "helan.as_of";
pub(crate) const RECORDED: &str = "helan.recorded";

/// What may be done with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Any text.
    Any,
    /// It changes nothing here, whatever it is.
    Nothing,
    /// Only these values, compared without case.
    Only(&'static [&'static str]),
    /// It can be shown.
    Shown,
    /// Milliseconds, or a number with a unit; 0 = the service's own limit.
    Time,
    /// A time zone.
    Zone,
    /// Read-only is all there is.
    ReadOnly,
    /// Schemas that there are: names mean the same by any such path.
    Path,
}

/// A setting: its name, its value at first, what may be done, and whether clients are told of changes.
const ALL: &[(&str, &str, Kind, bool)] = &[
    ("application_name", "", Kind::Any, true),
    ("bytea_output", "hex", Kind::Only(&["hex"]), false),
    ("check_function_bodies", "on", Kind::Nothing, false),
    ("client_encoding", "UTF8", Kind::Only(&["utf8", "unicode"]), true),
    ("client_min_messages", "notice", Kind::Nothing, false),
    ("cursor_tuple_fraction", "0.1", Kind::Nothing, false),
    (
        "datestyle",
        "ISO, MDY",
        Kind::Only(&["iso", "iso, mdy", "iso, dmy", "iso, ymd", "iso,mdy", "iso,dmy", "iso,ymd"]),
        true,
    ),
    ("default_transaction_isolation", "read committed", Kind::Only(&["read committed", "read uncommitted"]), false),
    ("default_transaction_read_only", "on", Kind::ReadOnly, true),
    ("enable_seqscan", "on", Kind::Nothing, false),
    ("extra_float_digits", "1", Kind::Nothing, false),
    ("geqo", "on", Kind::Nothing, false),
    (AS_OF, "", Kind::Any, false),
    ("helan.catalog", "", Kind::Shown, false),
    ("helan.query", "", Kind::Shown, false),
    (RECORDED, "", Kind::Any, false),
    ("helan.table_versions", "", Kind::Shown, false),
    ("idle_in_transaction_session_timeout", "0", Kind::Nothing, false),
    ("idle_session_timeout", "0", Kind::Nothing, false),
    ("in_hot_standby", "on", Kind::Shown, true),
    ("integer_datetimes", "on", Kind::Shown, true),
    ("intervalstyle", "postgres", Kind::Only(&["postgres"]), true),
    ("is_superuser", "off", Kind::Shown, true),
    ("jit", "off", Kind::Nothing, false),
    ("lc_collate", "C", Kind::Shown, false),
    ("lc_ctype", "C", Kind::Shown, false),
    ("lc_messages", "en_US.UTF-8", Kind::Any, false),
    ("lc_monetary", "C", Kind::Nothing, false),
    ("lc_numeric", "C", Kind::Nothing, false),
    ("lc_time", "C", Kind::Nothing, false),
    ("lock_timeout", "0", Kind::Nothing, false),
    ("max_identifier_length", "63", Kind::Shown, false),
    ("max_index_keys", "32", Kind::Shown, false),
    ("quote_all_identifiers", "off", Kind::Nothing, false),
    ("row_security", "on", Kind::Nothing, false),
    ("search_path", "public", Kind::Path, false),
    ("server_encoding", "UTF8", Kind::Shown, true),
    ("server_version", VERSION, Kind::Shown, true),
    ("server_version_num", VERSION_NUMBER, Kind::Shown, false),
    ("session_authorization", "", Kind::Shown, true),
    ("standard_conforming_strings", "on", Kind::Only(&["on", "true", "yes", "1"]), true),
    ("statement_timeout", "0", Kind::Time, false),
    ("synchronize_seqscans", "on", Kind::Nothing, false),
    ("timezone", "UTC", Kind::Zone, true),
    ("transaction_isolation", "read committed", Kind::Only(&["read committed", "read uncommitted"]), false),
    ("transaction_read_only", "on", Kind::ReadOnly, false),
    ("xmloption", "content", Kind::Nothing, false),
];

/// Under which names clients are told of some.
const TOLD_AS: &[(&str, &str)] =
    &[("datestyle", "DateStyle"), ("intervalstyle", "IntervalStyle"), ("timezone", "TimeZone")];

/// What a path may name; `$user` is a schema that nobody has.
const SCHEMAS: &[&str] = &["public", "pg_catalog", "$user"];

/// Settings by name.
type Values = BTreeMap<&'static str, String>;

/// The settings of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    values: Values,
    /// As the connection began, to which `reset` returns.
    first: Values,
    /// Before the transaction, to which a rollback returns; with what it set only for itself.
    before: Option<(Values, Vec<(&'static str, String)>)>,
    zone: TimeZone,
}

impl Settings {
    pub(crate) fn new() -> Self {
        let values: BTreeMap<_, _> = ALL.iter().map(|(name, value, ..)| (*name, (*value).to_owned())).collect();
        Self { first: values.clone(), values, before: None, zone: TimeZone::UTC }
    }

    /// A setting of the first message.
    pub(crate) fn begin(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        let name = self.set(name, value, false)?;
        self.first.insert(name, self.get(name).to_owned());
        Ok(())
    }

    /// Who asks, as clients are told.
    pub(crate) fn name(&mut self, user: &str) {
        self.values.insert("session_authorization", user.to_owned());
        self.first.insert("session_authorization", user.to_owned());
    }

    /// Sets one; returns its proper name. `local`: until the end of the transaction.
    pub(crate) fn set(&mut self, name: &str, value: &str, local: bool) -> Result<&'static str, Problem> {
        let (name, _, kind, _) = known(name)?;
        let kept = judged(name, value, *kind)?;
        if local && self.before.is_none() {
            // It would end with the statement.
            return Ok(name);
        }
        if *kind == Kind::Zone {
            self.zone = zone(&kept)?;
        }
        let was = self.values.insert(name, kept);
        if let (true, Some((_, set)), Some(was)) = (local, &mut self.before, was)
            && set.iter().all(|(known, _)| known != name)
        {
            set.push((name, was));
        }
        Ok(name)
    }

    /// Notes something that is only shown.
    pub(crate) fn note(&mut self, name: &'static str, value: String) {
        self.values.insert(name, value);
    }

    pub(crate) fn reset(&mut self, name: &str) -> Result<&'static str, Problem> {
        let (name, _, kind, _) = known(name)?;
        if *kind == Kind::Shown {
            return Err(Problem::found(Own::Value, *name));
        }
        let first = self.first.get(name).cloned().unwrap_or_default();
        self.set(name, &first, false)
    }

    pub(crate) fn reset_all(&mut self) {
        self.values = self.first.clone();
        self.settle();
    }

    pub(crate) fn get(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The value of one by any spelling of its name.
    pub(crate) fn show(&self, name: &str) -> Result<(&'static str, String), Problem> {
        let (name, ..) = known(name)?;
        Ok((name, self.get(name).to_owned()))
    }

    /// Whether one changes nothing here, whatever it is.
    pub(crate) fn changes_nothing(name: &str) -> bool {
        known(name).is_ok_and(|(_, _, kind, _)| *kind == Kind::Nothing)
    }

    /// All, in the order of their names.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// What clients are told of, by the names that they know.
    pub(crate) fn told(&self) -> Vec<(&'static str, String)> {
        let told = ALL.iter().filter(|(.., told)| *told);
        told.map(|(name, ..)| (told_as(name), self.get(name).to_owned())).collect()
    }

    pub(crate) fn begin_transaction(&mut self) {
        if self.before.is_none() {
            self.before = Some((self.values.clone(), Vec::new()));
        }
    }

    /// Ends a transaction: what it set stays if it is committed, but for what it set only for itself.
    pub(crate) fn end_transaction(&mut self, committed: bool) {
        let Some((before, local)) = self.before.take() else { return };
        if committed {
            self.values.extend(local);
        } else {
            let shown = ALL.iter().filter(|(_, _, kind, _)| *kind == Kind::Shown);
            let shown: Vec<_> = shown.map(|(name, ..)| (*name, self.get(name).to_owned())).collect();
            self.values = before;
            self.values.extend(shown);
        }
        self.settle();
    }

    fn settle(&mut self) {
        if let Ok(zone) = zone(self.get("timezone")) {
            self.zone = zone;
        }
    }

    pub(crate) fn lang(&self) -> Lang {
        Lang::of(self.get("lc_messages"))
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// A moment that questions are asked as of.
    pub(crate) fn moment(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// Time of one question, where it is to be less than the service's limit.
    pub(crate) fn time(&self) -> Option<Duration> {
        milliseconds(self.get("statement_timeout")).filter(|time| *time > 0).map(Duration::from_millis)
    }
}

/// The name by which clients are told of a setting.
pub(crate) fn told_as(name: &'static str) -> &'static str {
    TOLD_AS.iter().find(|(known, _)| *known == name).map_or(name, |(_, told)| told)
}

/// Whether clients are told when it changes.
pub(crate) fn is_told(name: &str) -> bool {
    ALL.iter().any(|(known, _, _, told)| *known == name && *told)
}

fn known(name: &str) -> Result<&'static (&'static str, &'static str, Kind, bool), Problem> {
    let lower = name.to_ascii_lowercase();
    ALL.iter().find(|(known, ..)| *known == lower).ok_or_else(|| Problem::found(Own::Setting, name))
}

fn judged(name: &str, value: &str, kind: Kind) -> Result<String, Problem> {
    let wrong = || Problem::found(Own::Value, format!("{name} = {value:?}"));
    // Clients are told of some values, and a zero would end one early.
    if value.contains('\0') {
        return Err(wrong());
    }
    let mut lower = value.trim().to_ascii_lowercase();
    if name == "client_encoding" {
        // Some drivers quote it, and there are several spellings.
        lower.retain(|character| character.is_ascii_alphanumeric());
    }
    match kind {
        Kind::Any | Kind::Nothing if value.len() <= 256 => Ok(value.to_owned()),
        Kind::Only(values) if values.contains(&lower.as_str()) => Ok(match name {
            "client_encoding" => "UTF8".to_owned(),
            "datestyle" => "ISO, MDY".to_owned(),
            "standard_conforming_strings" => "on".to_owned(),
            _ => lower,
        }),
        Kind::Time => milliseconds(value).map(|_| value.to_owned()).ok_or_else(wrong),
        Kind::Path if value.split(',').all(|schema| SCHEMAS.contains(&schema.trim().trim_matches('"'))) => {
            Ok(value.to_owned())
        }
        Kind::Zone => zone(value).map(|_| value.to_owned()),
        Kind::ReadOnly => match lower.as_str() {
            "on" | "true" | "yes" | "1" => Ok("on".to_owned()),
            "off" | "false" | "no" | "0" => Err(Own::ReadWrite.into()),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn zone(name: &str) -> Result<TimeZone, Problem> {
    let wrong = || Problem::found(Own::Value, format!("TimeZone = {name:?}"));
    match name.to_ascii_lowercase().as_str() {
        "utc" | "z" | "gmt" | "etc/utc" | "default" | "0" => Ok(TimeZone::UTC),
        "local" => Err(wrong()),
        _ => TimeZone::get(name).map_err(|_| wrong()),
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_change_answers_is_kept_to_or_refused() {
        let mut settings = Settings::new();
        for (name, value) in [
            ("DateStyle", "German"),
            ("client_encoding", "GBK"),
            ("standard_conforming_strings", "off"),
            ("bytea_output", "escape"),
            ("TimeZone", "Nowhere/City"),
            ("transaction_isolation", "serializable"),
            ("search_path", "other"),
            ("statement_timeout", "soon"),
            ("server_version", "9"),
            ("helan.table_versions", "x"),
            ("application_name", "a\0b"),
        ] {
            assert_eq!(settings.set(name, value, false).expect_err(name).status, "22023", "{name}");
        }
        assert_eq!(settings.set("transaction_read_only", "off", false).expect_err("writes").status, "25006");
        assert_eq!(settings.set("work_of_art", "1", false).expect_err("unknown").status, "42704");
        settings.set("timezone", "Asia/Shanghai", false).expect("a zone");
        assert_eq!(settings.zone().iana_name(), Some("Asia/Shanghai"));
        settings.set("statement_timeout", "2min", false).expect("a time");
        assert_eq!(settings.time(), Some(Duration::from_secs(120)));
    }

    #[test]
    fn a_rollback_takes_back_and_a_local_setting_ends_with_its_transaction() {
        let mut settings = Settings::new();
        settings.begin("helan.as_of", "2018-12-31").expect("any");
        settings.set(AS_OF, "2019-08-30", true).expect("any");
        assert_eq!(settings.moment(AS_OF), Some("2018-12-31"), "no transaction, no effect");
        settings.begin_transaction();
        settings.set(AS_OF, "2019-08-30", false).expect("any");
        settings.end_transaction(false);
        assert_eq!(settings.moment(AS_OF), Some("2018-12-31"));
        settings.begin_transaction();
        settings.set(AS_OF, "2019-08-30", true).expect("any");
        settings.set("timezone", "Asia/Shanghai", false).expect("a zone");
        settings.end_transaction(true);
        assert_eq!((settings.moment(AS_OF), settings.get("timezone")), (Some("2018-12-31"), "Asia/Shanghai"));
        settings.reset_all();
        assert_eq!((settings.moment(AS_OF), settings.zone()), (Some("2018-12-31"), &TimeZone::UTC));
    }
}
