//! The language in which Helan speaks to a person: Chinese or English.

use std::sync::OnceLock;

/// The language of this process, where code that writes has no argument for it.
static SPOKEN: OnceLock<Lang> = OnceLock::new();

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Lang {
    /// 中文
    Zh,
    /// English
    En,
}

impl Lang {
    /// The language asked for, else the locale's.
    pub(crate) fn resolve(asked: Option<Self>) -> Self {
        asked.unwrap_or_else(|| {
            let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
                .iter()
                .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
            if set.is_some_and(|locale| locale.starts_with("zh")) { Self::Zh } else { Self::En }
        })
    }

    /// Makes it the process's language; the first time counts.
    pub(crate) fn speak(self) {
        let _ = SPOKEN.set(self);
    }

    /// The process's language.
    pub(crate) fn spoken() -> Self {
        *SPOKEN.get_or_init(|| Self::resolve(None))
    }

    /// The text in this language.
    pub(crate) fn pick<'t>(self, zh: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// A count with its English words: `1 report`, `2 reports`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
