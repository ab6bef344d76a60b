//! The body of an answer: rows as bytes, piece by piece, and the reasons of bodies that broke off.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use datafusion::error::DataFusionError;
use helan_http::ErrorBody;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::encode::{Encoder, broken_off};
use super::request::Format;
use crate::desk::{self, Answer, Desk, Ending, Rows, Unanswered, within};
use crate::http::refuse::Refusal;

/// Bytes that are sent on together.
const PIECE: usize = 64 * 1024;
/// Pieces of an answer that wait for the client.
const WAITING: usize = 4;
/// Time between the last line of an answer that breaks off and the cut.
const LAST_WORD: Duration = Duration::from_millis(100);
/// Answers that broke off whose reason is remembered, oldest forgotten first.
const REMEMBERED: usize = 256;

/// Why answers broke off: by the query's id, with the credential that asked it.
#[derive(Default)]
pub(in crate::http) struct BrokenOff(Mutex<VecDeque<(String, Arc<str>, ErrorBody)>>);

impl BrokenOff {
    /// Why an answer broke off; only of one that this credential asked, if one is named.
    pub(super) fn reason(&self, id: &str, credential: Option<&Arc<str>>) -> Option<ErrorBody> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = |(known, own, _): &&(String, Arc<str>, ErrorBody)| {
            known == id && credential.is_none_or(|credential| credential == own)
        };
        remembered.iter().find(asked).map(|(_, _, error)| error.clone())
    }

    fn remember(&self, id: &str, credential: &Arc<str>, error: ErrorBody) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.push_back((id.to_owned(), credential.clone(), error));
        if remembered.len() > REMEMBERED {
            remembered.pop_front();
        }
    }
}

/// Who gets a body, and how.
pub(super) struct Sending {
    pub(super) id: String,
    pub(super) credential: Arc<str>,
    pub(super) format: Format,
    pub(super) raw: bool,
    pub(super) broken_off: Arc<BrokenOff>,
}

/// A piece of a body, or none at its end.
type Piece = Result<Option<Bytes>, Unanswered>;

impl Sending {
    /// The body of an answer, once its first piece is made: what goes wrong before it has a status of its own. Rows are
    /// written on the threads of questions.
    pub(super) async fn body(self, desk: &Desk, answer: Answer) -> Result<Body, Unanswered> {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        let (until, watch) = (answer.rows.deadline(), answer.rows.watch());
        let late = answer.rows.too_late();
        let until = until.map(|deadline| deadline + desk::GRACE);
        let (id, format, broken_off) = (self.id.clone(), self.format, self.broken_off.clone());
        let task = Ending(desk.spawn(self.write(answer, sender)), watch);
        match within(until, receiver.recv()).await {
            Some(Some(Ok(Some(first)))) => {
                let rest =
                    Rest { first: Some(first), receiver, until, _task: task, ended: false, broken_off, id, format };
                Ok(Body::from_stream(futures::stream::unfold(rest, Rest::next)))
            }
            Some(Some(Ok(None))) => Ok(Body::empty()),
            Some(Some(Err(why))) => Err(why),
            Some(None) => Err(Unanswered::Ended),
            None => Err(late),
        }
    }

    async fn write(self, answer: Answer, sender: Sender<Piece>) {
        let Answer { schema, mut rows, .. } = answer;
        let (deadline, mut sent) = (rows.deadline(), false);
        let encoder = Encoder::new(self.format, &schema, self.raw).map_err(|error| failed(error.into()));
        let written = async { pieces(&mut rows, encoder?, &sender, &mut sent).await };
        let written = within(deadline, written).await;
        let why = match written {
            Some(Ok(())) | Some(Err(Unanswered::Ended)) => return,
            Some(Err(why)) => why,
            None => rows.too_late(),
        };
        rows.broke_off(&why);
        if sent {
            // Found there by whoever fetches the rest, however long the pieces before it take.
            self.broken_off.remember(&self.id, &self.credential, Refusal::from(why).body());
            return;
        }
        let _ = sender.try_send(Err(why));
    }
}

/// Writes rows into pieces. [`Unanswered::Ended`] also means that nobody listens any more.
async fn pieces(
    rows: &mut Rows,
    mut encoder: Encoder,
    sender: &Sender<Piece>,
    sent: &mut bool,
) -> Result<(), Unanswered> {
    let send = async |piece: Option<Bytes>| sender.send(Ok(piece)).await.map_err(|_| Unanswered::Ended);
    let mut waiting = encoder.take();
    while let Some(batch) = rows.next().await? {
        encoder.write(&batch).map_err(|error| failed(error.into()))?;
        waiting.extend(encoder.take());
        if waiting.len() >= PIECE {
            rows.sent(waiting.len())?;
            send(Some(std::mem::take(&mut waiting).into())).await?;
            *sent = true;
        }
    }
    encoder.finish().map_err(|error| failed(error.into()))?;
    waiting.extend(encoder.take());
    if !waiting.is_empty() {
        rows.sent(waiting.len())?;
        send(Some(waiting.into())).await?;
    }
    send(None).await
}

fn failed(error: DataFusionError) -> Unanswered {
    Unanswered::Failed(crate::guard::messages::said(&error))
}

/// The rest of a body.
struct Rest {
    first: Option<Bytes>,
    receiver: Receiver<Piece>,
    until: Option<tokio::time::Instant>,
    _task: Ending,
    ended: bool,
    broken_off: Arc<BrokenOff>,
    id: String,
    format: Format,
}

impl Rest {
    /// The next piece. An error makes the server cut the body off.
    async fn next(mut self) -> Option<(Result<Bytes, std::io::Error>, Self)> {
        if let Some(first) = self.first.take() {
            return Some((Ok(first), self));
        }
        if self.ended {
            // What was written before is on its way to the client first: cutting off drops what waits.
            tokio::time::sleep(LAST_WORD).await;
            return Some((Err(std::io::Error::other("the answer broke off")), self));
        }
        let why = match within(self.until, self.receiver.recv()).await {
            Some(Some(Ok(Some(piece)))) => return Some((Ok(piece), self)),
            Some(Some(Ok(None))) => return None,
            Some(Some(Err(why))) => Refusal::from(why).body(),
            Some(None) | None => {
                let late = || Refusal::from(helan_schemas::refusal::Code::SqlTimeLimit).body();
                self.broken_off.reason(&self.id, None).unwrap_or_else(late)
            }
        };
        self.ended = true;
        Some((Ok(broken_off(self.format, &why).unwrap_or_default().into()), self))
    }
}
