//! Errors in the reader's language.

use helan_runtime::chinese::in_chinese;

use crate::lang::Lang;

/// What was wrong, in a language.
pub(crate) fn said(text: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => in_chinese(text),
        Lang::En => text.to_owned(),
    }
}
