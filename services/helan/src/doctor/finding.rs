//! What a check found, and what to do about it, in Chinese and English.

use serde::Serialize;

use crate::errors;
use crate::lang::Lang;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok,
    /// It works, but will cause trouble.
    Warn,
    /// Reports are lost, refused or not counted until it is corrected.
    Fail,
}

impl Outcome {
    /// The word for it.
    pub(crate) fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Ok => lang.pick("正常", "ok"),
            Self::Warn => lang.pick("注意", "warn"),
            Self::Fail => lang.pick("故障", "fail"),
        }
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which check: one of [`CHECKS`].
    pub(crate) check: &'static str,
    /// How bad it is.
    pub(crate) outcome: Outcome,
    /// What was found.
    pub(crate) found_zh: String,
    /// What was found.
    pub(crate) found_en: String,
    /// What to do; empty if nothing.
    pub(crate) advice_zh: String,
    /// What to do; empty if nothing.
    pub(crate) advice_en: String,
}

/// Every check: its code and its names.
pub(crate) const CHECKS: &[(&str, &str, &str)] = &[
    ("catalog", "指标目录", "catalog"),
    ("data_directory", "数据目录", "data directory"),
    ("file_system", "文件系统", "file system"),
    ("disk_space", "磁盘空间", "disk space"),
    ("disk_sync", "写入与落盘", "write and sync"),
    ("credentials", "访问令牌文件", "credentials"),
    ("kafka_properties", "Kafka 属性文件", "Kafka properties"),
    ("log", "日志", "log"),
    ("topics", "主题设置", "topics"),
    ("identity", "日志与数据湖的对应", "log and lake"),
    ("offsets", "读取进度", "offsets"),
    ("continuity", "日志的连续性", "continuity"),
    ("lake", "数据湖", "lake"),
    ("lake_files", "数据湖文件", "lake's files"),
    ("lake_cells", "数值缓存", "cached cells"),
    ("lake_store", "数据湖存储", "lake's store"),
    ("clock", "时钟", "clock"),
    ("listener", "监听地址", "listener"),
    ("postgres_listener", "PostgreSQL 监听地址", "postgres listener"),
    ("flight_listener", "Flight SQL 监听地址", "flight listener"),
];

impl Finding {
    /// All is well.
    pub(crate) fn ok(check: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::of(check, Outcome::Ok, (zh.into(), en.into()), ("", ""))
    }

    /// It works, but will cause trouble.
    pub(crate) fn warn(check: &'static str, found: (String, String), advice: (&str, &str)) -> Self {
        Self::bad(check, Outcome::Warn, found, advice)
    }

    /// It must be corrected.
    pub(crate) fn fail(check: &'static str, found: (String, String), advice: (&str, &str)) -> Self {
        Self::bad(check, Outcome::Fail, found, advice)
    }

    fn bad(check: &'static str, outcome: Outcome, found: (String, String), advice: (&str, &str)) -> Self {
        // An error that it names is English.
        Self::of(check, outcome, (errors::said(&found.0, Lang::Zh), found.1), advice)
    }

    fn of(check: &'static str, outcome: Outcome, found: (String, String), advice: (&str, &str)) -> Self {
        debug_assert!(CHECKS.iter().any(|(code, ..)| *code == check), "CHECKS does not name {check}");
        let (found_zh, found_en) = found;
        Self { check, outcome, found_zh, found_en, advice_zh: advice.0.to_owned(), advice_en: advice.1.to_owned() }
    }

    /// The check's name.
    pub(crate) fn name(&self, lang: Lang) -> &'static str {
        let names = CHECKS.iter().find(|(code, ..)| *code == self.check);
        names.map_or(self.check, |(_, zh, en)| lang.pick(zh, en))
    }

    /// What was found.
    pub(crate) fn found(&self, lang: Lang) -> &str {
        lang.pick(&self.found_zh, &self.found_en)
    }

    /// What to do.
    pub(crate) fn advice(&self, lang: Lang) -> &str {
        lang.pick(&self.advice_zh, &self.advice_en)
    }
}
