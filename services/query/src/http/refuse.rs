//! Who may ask, and the answer to others.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use helan_http::ErrorBody;
use helan_runtime::chinese::in_chinese;
use helan_runtime::credentials::Identity;
use helan_schemas::refusal::Code;

use super::Http;
use crate::desk::Unanswered;

/// An error answer: one of the documented codes, and what was found.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(super) code: Code,
    found_zh: String,
    found_en: String,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, found_zh: String::new(), found_en: String::new() }
    }
}

impl From<Unanswered> for Refusal {
    fn from(why: Unanswered) -> Self {
        if why.code() == Code::LakeUnavailable {
            return Self::unavailable(why);
        }
        let (found_zh, found_en) = why.found();
        Self { code: why.code(), found_zh, found_en }
    }
}

impl Refusal {
    /// A code, with what was found, in no language.
    pub(super) fn found(code: Code, found: impl ToString) -> Self {
        let found = found.to_string();
        Self { code, found_zh: in_chinese(&found), found_en: found }
    }

    /// What is wrong with a query's parameters, as axum says it. Parameters keep their names in every language.
    pub(super) fn of_query(text: &str) -> Self {
        let cause = text.split_once(": ").map_or(text, |(_, cause)| cause);
        let (found_zh, found_en) = match cause.split_once(": ") {
            Some((name, why)) => match why.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
                Some((name, known)) => {
                    let known = known.trim_start_matches([',', ' ']);
                    let known = known.trim_start_matches("expected one of ").trim_start_matches("expected ");
                    let known = known.replace(" or ", ", ");
                    (
                        format!("没有参数 {name}；可用的有 {known}"),
                        format!("there is no parameter {name}; there are {known}"),
                    )
                }
                None => (
                    format!("参数 {name} 的值无法读取：{}", in_chinese(why)),
                    format!("the value of {name} cannot be read: {why}"),
                ),
            },
            None => (in_chinese(cause), cause.to_owned()),
        };
        Self { code: Code::QueryInvalid, found_zh, found_en }
    }

    /// Logs a cause and answers that reading fails now.
    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "the lake or the log cannot be read");
        Code::LakeUnavailable.into()
    }

    /// As the sender reads it.
    pub(super) fn body(&self) -> ErrorBody {
        ErrorBody::found(self.code, &self.found_zh, &self.found_en)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        helan_http::respond(self.code, self.body())
    }
}

/// Who asks; any role may.
pub(super) fn asker(http: &Http, headers: &HeaderMap) -> Result<Identity, Refusal> {
    Ok(helan_http::identity(&http.credentials, headers, http.clock.now()).map_err(Code::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_names_in_chinese() {
        const FAILED: &str = "Failed to deserialize query string";
        for (cause, zh) in [
            ("open: provided string was not `true` or `false`", "参数 open 的值无法读取：须为 true 或 false"),
            ("limit: invalid digit found in string", "参数 limit 的值无法读取：不是整数"),
            (
                "open: unknown field `open`, expected one of `source`, `state`",
                "没有参数 open；可用的有 `source`, `state`",
            ),
            ("state: duplicate field `state`", "参数 state 的值无法读取：写了两次"),
        ] {
            let refusal = Refusal::of_query(&format!("{FAILED}: {cause}"));
            assert_eq!(refusal.found_zh, zh);
            assert!(!refusal.found_en.contains(FAILED), "{}", refusal.found_en);
        }
    }
}
