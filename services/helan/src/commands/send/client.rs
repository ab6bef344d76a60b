//! Speaks with the server: the same request again and again until it is answered, or the time is over.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use helan_http::{ErrorAnswer, ErrorLine};
use helan_ingest::CatalogAnswer;
use helan_schemas::catalog::Catalog;
use helan_schemas::refusal::Code;
use reqwest::{RequestBuilder, StatusCode, header};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::Stopped;
use super::check::Published;
use super::parts::Part;
use crate::errors::said;
use crate::https::{Trust, untrusted, why};
use crate::lang::Lang;
use crate::say::note;

/// Pause after the first failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Time for one answer; an append may take half a minute.
const ANSWER_TIME: Duration = Duration::from_secs(90);
/// How long the server is asked to wait for an outcome before it says that there is none yet.
const RECEIPT_SECONDS: u32 = 10;
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// The token, from a file or the environment.
pub(super) fn token(file: Option<&Path>) -> anyhow::Result<String> {
    let text = match file {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("--token-file {}", path.display()))?,
        None => match std::env::var("HELAN_TOKEN") {
            Ok(text) => text,
            Err(_) => bail!("no token: name its file by --token-file, or put it into HELAN_TOKEN"),
        },
    };
    let token = text.trim().to_owned();
    if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
        // Never repeated: it is a secret even when it is wrong.
        bail!("the token is empty or holds spaces; the file has the token and nothing else");
    }
    Ok(token)
}

/// A connection to one server, for so long.
pub(super) struct Client {
    http: reqwest::Client,
    base: Url,
    token: String,
    deadline: Instant,
    lang: Lang,
    /// Whether the user was told that there is no answer yet.
    has_told: AtomicBool,
}

/// What became of a request.
pub(super) enum Answer {
    /// It was done.
    Done(Value),
    /// It can never be done.
    Refused(Vec<String>),
}

impl Client {
    pub(super) fn new(
        base: Url,
        token: String,
        patience: Duration,
        (trust, lang): (&Trust, Lang),
    ) -> anyhow::Result<Self> {
        if !matches!(base.scheme(), "http" | "https") {
            bail!("--to {base}: give an http or https address");
        }
        let http = trust.client()?.timeout(ANSWER_TIME).connect_timeout(CONNECT_TIME).build()?;
        Ok(Self { http, base, token, deadline: Instant::now() + patience, lang, has_told: AtomicBool::new(false) })
    }

    fn url(&self, path: &str) -> Result<Url, Stopped> {
        let mut base = self.base.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", self.base.path()));
        }
        base.join(path).map_err(|error| Stopped::Usage(anyhow::anyhow!("{}{path}: {error}", self.base)))
    }

    /// The catalog that the server publishes.
    pub(super) async fn catalog(&self) -> Result<Published, Stopped> {
        let request = self.http.get(self.url("v1/catalog")?);
        let value = match self.ask(request, "v1/catalog").await? {
            Answer::Done(value) => value,
            Answer::Refused(lines) => return Err(Stopped::Refused(lines)),
        };
        let odd = |why: String| Stopped::Usage(anyhow::anyhow!("{}: its catalog cannot be used: {why}", self.base));
        let answer: CatalogAnswer = serde_json::from_value(value).map_err(|error| odd(error.to_string()))?;
        let catalog = Catalog::from_files(answer.files)
            .map_err(|problems| odd(problems.first().map(ToString::to_string).unwrap_or_default()))?;
        if catalog.digest != answer.digest {
            return Err(odd("this helan reads it differently; use the server's version".to_owned()));
        }
        let Some(reporter) = answer.reporter else {
            let words = self.lang.pick("该访问令牌不属于报送单位", "the token is not a reporter's");
            return Err(Stopped::Refused(vec![format!("{}: {words} (role_not_allowed)", self.base)]));
        };
        Ok(Published { catalog, reporter, limits: answer.limits, lang: self.lang })
    }

    /// Sends a part; gives the answer of the server that has it.
    pub(super) async fn send(&self, part: &Part, shown: &str) -> Result<Answer, Stopped> {
        let request = self.http.post(self.url("v1/events")?);
        let request = request.header(header::CONTENT_TYPE, "application/cloudevents-batch+json");
        let request = request.header("idempotency-key", &part.key).body(part.body.clone());
        self.ask(request, shown).await
    }

    /// What became of a submission, at the address that the server gave.
    pub(super) async fn receipt(&self, address: &str) -> Result<Answer, Stopped> {
        let url = self.url(address.trim_start_matches('/'))?;
        self.ask(self.http.get(url).header("prefer", format!("wait={RECEIPT_SECONDS}")), address).await
    }

    /// Waits, but not beyond the end of all patience.
    pub(super) async fn pause(&self, time: Duration, what: &str) -> Result<(), Stopped> {
        let until = Instant::now() + time;
        if until > self.deadline {
            return Err(Stopped::GaveUp(what.to_owned()));
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }

    /// Repeats a request until it has an answer that will not change. Repeats do no harm.
    async fn ask(&self, request: RequestBuilder, what: &str) -> Result<Answer, Stopped> {
        let request = request.bearer_auth(&self.token).header(header::ACCEPT, "application/json");
        let mut pause = FIRST_PAUSE;
        loop {
            let Some(again) = request.try_clone() else {
                return Err(Stopped::Usage(anyhow::anyhow!("{what}: the request cannot be repeated")));
            };
            let (why, asked_for) = match tokio::time::timeout_at(self.deadline, attempt(again)).await {
                Err(_) => return Err(Stopped::GaveUp(format!("{what}: no answer"))),
                Ok(Attempt::Done(value)) => return Ok(Answer::Done(value)),
                Ok(Attempt::Refused(status, text)) => return Ok(Answer::Refused(self.lines(what, status, &text))),
                Ok(Attempt::Failed { why, retry_after }) => (why, retry_after),
            };
            if let Some(error) = untrusted(&why) {
                return Err(Stopped::Usage(error.context(format!("--to {}", self.base))));
            }
            tracing::info!(what, why, "trying again");
            let why = said(&why, self.lang);
            if !self.has_told.swap(true, Ordering::Relaxed) {
                match self.lang {
                    Lang::Zh => note!("尚无答复：{what}：{why}；继续尝试，直到 --patience 用尽（Ctrl-C 结束）"),
                    Lang::En => {
                        note!("no answer yet: {what}: {why}; trying on until --patience is used up (Ctrl-C ends it)")
                    }
                }
            }
            // What the server asks for is a least; waiting less would only be refused again.
            self.pause(pause.max(asked_for.unwrap_or_default()), &format!("{what}: {why}")).await?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// The errors of an answer, one a line.
    fn lines(&self, what: &str, status: StatusCode, text: &str) -> Vec<String> {
        match serde_json::from_str::<ErrorAnswer>(text) {
            Ok(answer) => answer.errors.iter().map(|error| line(what, error, self.lang)).collect(),
            Err(_) => vec![format!("{what}: HTTP {status}")],
        }
    }
}

enum Attempt {
    Done(Value),
    Refused(StatusCode, String),
    Failed { why: String, retry_after: Option<Duration> },
}

async fn attempt(request: RequestBuilder) -> Attempt {
    let failed = |why: String| Attempt::Failed { why, retry_after: None };
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return failed(why(&error)),
    };
    let status = answer.status();
    let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let text = match answer.text().await {
        Ok(text) => text,
        Err(error) => return failed(why(&error)),
    };
    match status.as_u16() {
        200..=299 => {
            serde_json::from_str(&text).map_or_else(|error| failed(format!("HTTP {status}: {error}")), Attempt::Done)
        }
        // Waiting does not make a wrong token right.
        429 if is_of_wrong_tokens(&text) => Attempt::Refused(status, text),
        408 | 425 | 429 | 500..=599 => {
            Attempt::Failed { why: format!("HTTP {status}"), retry_after: retry_after.map(Duration::from_secs) }
        }
        _ => Attempt::Refused(status, text),
    }
}

/// Whether an answer says that this token is wrong, as too many were before it.
fn is_of_wrong_tokens(text: &str) -> bool {
    serde_json::from_str::<ErrorAnswer>(text).is_ok_and(|answer| answer.code == Code::TooManyWrongTokens.code())
}

/// An error as a line: where, what, what to do.
pub(super) fn line(what: &str, error: &ErrorLine, lang: Lang) -> String {
    let place = match (&error.cell, error.line, error.row) {
        (Some(cell), ..) => format!("{cell} {}", error.label.as_deref().unwrap_or_default()),
        (None, Some(line), _) => format!("{}{line}", lang.pick("行 ", "line ")),
        (None, None, Some(row)) => format!("{}{row}", lang.pick("第 ", "event ")),
        _ => String::new(),
    };
    let field = error.field.as_deref().filter(|_| error.cell.is_none()).unwrap_or_default();
    let message = lang.pick(&error.message_zh, &error.message_en);
    let hint = lang.pick(&error.hint_zh, &error.hint_en);
    let where_: Vec<_> = [what, place.trim(), field].into_iter().filter(|text| !text.is_empty()).collect();
    format!("{}: {message} ({}); {hint}", where_.join(": "), error.code)
}
