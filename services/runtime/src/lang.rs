//! The language in which services answer: Chinese or English.

/// Chinese or English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Chinese.
    Zh,
    /// English, where nothing else is said.
    #[default]
    En,
}

impl Lang {
    /// By the name of a locale, such as `zh_CN.UTF-8`.
    pub fn of(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") { Self::Zh } else { Self::En }
    }

    /// By a list of languages, as in `Accept-Language`: the first of ours that it names.
    pub fn accepted(list: &str) -> Self {
        let ours = list.split(',').map(|entry| entry.trim().to_ascii_lowercase());
        let first = ours.into_iter().find(|entry| entry.starts_with("zh") || entry.starts_with("en"));
        first.map_or_else(Self::default, |entry| Self::of(&entry))
    }

    /// One of two texts.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        if self == Self::Zh { zh } else { en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_ours_is_taken() {
        for (list, lang) in
            [("", Lang::En), ("zh", Lang::Zh), ("de, zh-CN;q=0.9, en", Lang::Zh), ("en-GB, zh", Lang::En)]
        {
            assert_eq!(Lang::accepted(list), lang, "{list}");
        }
        assert_eq!((Lang::of("zh_CN.UTF-8"), Lang::of("C")), (Lang::Zh, Lang::En));
    }
}
