//! Every reason for which something is turned away: one code, one HTTP status, what it means and what to do, in both
//! languages. The page `services/ingest/ERRORS.md` is written from this list, and a test keeps them equal.
//!
//! A message is a code's meaning and, after a colon, what was found; a hint says what to do. Codes are an interface: they
//! are only ever added.

macro_rules! codes {
    (() $($variant:ident = $code:literal, $status:literal, $zh:literal, $en:literal, $hint_zh:literal, $hint_en:literal;)+) => {
        /// A reason; the text forms are an interface and only grow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $en] $variant),+ }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as receipts, tables and metrics write it.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status with which ingest answers; 0 for reasons that only the aggregator gives.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),+ }
            }

            /// What it means, in Chinese.
            pub fn meaning_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// What it means, in English.
            pub fn meaning_en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }

            /// What to do, in Chinese.
            pub fn hint_zh(self) -> &'static str {
                match self { $(Self::$variant => $hint_zh),+ }
            }

            /// What to do, in English.
            pub fn hint_en(self) -> &'static str {
                match self { $(Self::$variant => $hint_en),+ }
            }
        }
    };
}

mod codes;

pub use codes::Code;

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use crate::codes::{OBS_STATUSES, may_lack_value};
    use crate::topics::MAX_SUBMISSION_BYTES;

    #[test]
    fn codes_are_unique_and_say_everything() {
        let mut codes: Vec<_> = Code::ALL.iter().map(|code| code.code()).collect();
        assert!(codes.iter().all(|code| code.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!([0, 400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429, 503].contains(&code.status()), "{code}");
            for text in [code.meaning_zh(), code.meaning_en(), code.hint_zh(), code.hint_en()] {
                assert!(!text.is_empty() && !text.ends_with(['.', '。']), "{code}: {text}");
            }
        }
    }

    #[test]
    fn texts_tell_what_holds() {
        let most = format!("{} MiB", MAX_SUBMISSION_BYTES >> 20);
        for text in [Code::SubmissionTooLarge.meaning_zh(), Code::SubmissionTooLarge.meaning_en()] {
            assert!(text.contains(&most), "{text}");
        }
        let statuses = OBS_STATUSES.into_iter().filter(|code| may_lack_value(code));
        let (zh, en) = (Code::ValueMissing.hint_zh(), Code::ValueMissing.hint_en());
        let without_value: Vec<&str> = statuses.collect();
        assert!(zh.contains(&without_value.join("、")), "{zh}");
        assert!(en.replace(" or ", ", ").contains(&without_value.join(", ")), "{en}");
    }
}
