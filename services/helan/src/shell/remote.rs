//! A running instance, asked through `/v1/sql`.

use std::path::Path;

use anyhow::{Context, bail};
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;
use futures::StreamExt;
use helan_query::http::TableEntry;
use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

use super::source::{Answer, Moments};
use crate::https::{Trust, why};
use crate::lang::Lang;

/// A running instance and who asks it.
#[derive(Clone)]
pub(crate) struct Remote {
    base: Url,
    token: String,
    client: reqwest::Client,
    lang: Lang,
}

impl Remote {
    /// Reads the token from a file, else from `HELAN_TOKEN`.
    pub(crate) fn new(base: &Url, token_file: Option<&Path>, trust: &Trust, lang: Lang) -> anyhow::Result<Self> {
        if !matches!(base.scheme(), "http" | "https") {
            bail!("--at {base}: name an address such as http://127.0.0.1:8080");
        }
        let token = match token_file {
            Some(path) => std::fs::read_to_string(path).with_context(|| format!("--token-file {}", path.display()))?,
            None => std::env::var("HELAN_TOKEN").map_err(|_| {
                anyhow::anyhow!(
                    "--at needs the token of an analyst: set HELAN_TOKEN or give --token-file FILE; an operator makes \
                     one by `helan credential add --role analyst`"
                )
            })?,
        };
        // The instance has its own limit on time; a client of its own would only hide it.
        let client = trust.client()?.connect_timeout(std::time::Duration::from_secs(10)).build()?;
        Ok(Self { base: base.clone(), token: token.trim().to_owned(), client, lang })
    }

    pub(crate) async fn ask(&self, text: &str, moments: &Moments) -> anyhow::Result<Answer> {
        let mut body = json!({ "query": text });
        for (name, moment) in [("as_of", &moments.as_of), ("recorded", &moments.recorded)] {
            if let Some(moment) = moment {
                body[name] = json!(moment);
            }
        }
        let request = self.client.post(self.url("/v1/sql")?).header("accept", "application/vnd.apache.arrow.stream");
        let response = self.send(request.header("content-type", "application/json").body(body.to_string())).await?;
        let header =
            |name| response.headers().get(name).and_then(|text| text.to_str().ok()).unwrap_or_default().to_owned();
        let (id, versions) = (header("helan-query"), header("helan-table-versions"));
        let mut rows = Rows {
            remote: self.clone(),
            id,
            response,
            decoder: StreamDecoder::new(),
            buffer: Buffer::default(),
            ended: false,
        };
        // The schema comes before the first batch.
        let first = rows.next().await?;
        let schema = rows.decoder.schema().context("the answer holds no schema")?;
        let first = futures::stream::iter(first.map(Ok));
        let rest =
            futures::stream::try_unfold(
                rows,
                |mut rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) },
            );
        Ok(Answer { schema, versions, rows: first.chain(rest).boxed() })
    }

    pub(crate) async fn tables(&self) -> anyhow::Result<Vec<TableEntry>> {
        let response = self.send(self.client.get(self.url("/v1/tables")?)).await?;
        response.json().await.context("/v1/tables")
    }

    async fn send(&self, request: RequestBuilder) -> anyhow::Result<Response> {
        let response = request.bearer_auth(&self.token).send().await;
        let response = response.map_err(|error| anyhow::Error::msg(why(&error)));
        let response = response.with_context(|| format!("{} does not answer", self.base))?;
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        match self.sentence(&body) {
            Some(sentence) => bail!("{sentence}"),
            None => bail!("{} answers {status}: is it a helan with the query role?", self.base),
        }
    }

    /// Why an answer broke off, in the words of the instance.
    async fn reason(&self, id: &str) -> Option<String> {
        let url = self.url(&format!("/v1/sql/{id}")).ok()?;
        let response = self.client.get(url).bearer_auth(&self.token).send().await.ok()?;
        let body: Value = response.json().await.ok()?;
        self.sentence(&body).filter(|_| body["code"] != "not_found")
    }

    fn sentence(&self, body: &Value) -> Option<String> {
        let text = |field: &str| body[field].as_str();
        // What is refused before it reaches the query role has its hint beside the error.
        let hint = |field: &str| text(field).or_else(|| body["errors"][0][field].as_str());
        let code = text("code")?;
        let (message, hint) = match self.lang {
            Lang::Zh => (text("message_zh")?, hint("hint_zh")?),
            Lang::En => (text("message_en")?, hint("hint_en")?),
        };
        Some(format!("{code}: {message}\n{hint}"))
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let base = self.base.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}")).with_context(|| format!("--at {}", self.base))
    }
}

/// Batches out of the bytes of an Arrow stream.
struct Rows {
    remote: Remote,
    id: String,
    response: Response,
    decoder: StreamDecoder,
    buffer: Buffer,
    ended: bool,
}

impl Rows {
    async fn next(&mut self) -> anyhow::Result<Option<arrow::array::RecordBatch>> {
        loop {
            while !self.buffer.is_empty() {
                if let Some(batch) = self.decoder.decode(&mut self.buffer)? {
                    return Ok(Some(batch));
                }
            }
            if self.ended {
                return Ok(None);
            }
            match self.response.chunk().await {
                Ok(Some(bytes)) => self.buffer = Buffer::from(bytes.as_ref()),
                Ok(None) => {
                    self.ended = true;
                    self.decoder.finish().context("the answer broke off")?;
                }
                Err(error) => {
                    let reason = self.remote.reason(&self.id).await;
                    let reason = reason.unwrap_or_else(|| error.to_string());
                    bail!("{}: {reason}", self.remote.lang.pick("结果中断", "the answer broke off"));
                }
            }
        }
    }
}
