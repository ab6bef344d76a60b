//! An answer on its way to a client: a stream that ends with its last row, or says why it does not.
//!
//! Rows are written by a task of their own, which the limits end however slowly a client reads; what it has not read by
//! then is dropped. A client that goes away, or asks for it, ends the plan.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use futures::{Stream, StreamExt};
use helan_connections::{Counters, Lang};
use helan_query::desk::{Rows, Unanswered};
use prost::Message;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{timeout, timeout_at};
use tonic::Status;

use crate::connection::Close;
use crate::problem::{Own, Problem, ToStatus};
use crate::running::Entered;
use crate::sent;

/// Messages that wait for the client.
const WAITING: usize = 2;
/// Bytes of rows in a message, about.
const PIECE: usize = 512 * 1024;

/// Time in which a client takes the reason why its answer broke off. After that its connection ends, with what waits in it.
const LAST_WORD: Duration = Duration::from_secs(5 * 60);

/// A message, or none at the end of the answer.
type Piece = Result<Option<FlightData>, Problem>;

/// The rows of an answer, and how they are sent.
pub(crate) struct Sending {
    pub(crate) rows: Rows,
    pub(crate) schema: SchemaRef,
    pub(crate) entered: Entered,
    pub(crate) counters: Counters,
    pub(crate) lang: Lang,
    pub(crate) close: Close,
}

impl Sending {
    /// The stream; dropping it ends the plan.
    pub(crate) fn stream(self) -> Answer {
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        let (lang, unread) = (self.lang, Arc::downgrade(&receiver));
        tokio::spawn(self.send(sender, unread));
        Answer { receiver, lang, is_over: false }
    }

    async fn send(self, sender: Sender<Piece>, unread: Weak<Mutex<Receiver<Piece>>>) {
        let Self { rows, schema, mut entered, counters, close, .. } = self;
        let (deadline, late) = (rows.deadline(), rows.too_late());
        let rows = Arc::new(tokio::sync::Mutex::new(rows));
        let written = async {
            let written = write(rows.clone(), schema, &sender);
            match deadline {
                Some(deadline) => timeout_at(deadline, written).await.unwrap_or_else(|_| Err(late.clone())),
                None => written.await,
            }
        };
        let why: Problem = tokio::select! {
            written = written => match written {
                Ok(()) => return,
                Err(why) => {
                    rows.lock().await.broke_off(&why);
                    why.into()
                }
            },
            () = entered.ended() => Own::Cancelled.into(),
            () = sender.closed() => {
                counters.vanished.inc();
                return;
            }
        };
        // A client that reads nothing keeps no memory, and finds the reason when it reads again.
        if let Some(unread) = unread.upgrade() {
            let mut unread = unread.lock().unwrap_or_else(PoisonError::into_inner);
            while unread.try_recv().is_ok() {}
        }
        let _ = sender.try_send(Err(why));
        drop((rows, entered));
        if timeout(LAST_WORD, sender.closed()).await.is_err() {
            close.0.notify_one();
        }
    }
}

/// Writes rows into messages; [`Unanswered::Ended`] also means that nobody listens any more.
async fn write(
    rows: Arc<tokio::sync::Mutex<Rows>>,
    schema: SchemaRef,
    sender: &Sender<Piece>,
) -> Result<(), Unanswered> {
    let failed = |error: FlightError| match error {
        FlightError::ExternalError(why) => match why.downcast::<Unanswered>() {
            Ok(why) => *why,
            Err(other) => Unanswered::Failed(other.to_string()),
        },
        other => Unanswered::Failed(other.to_string()),
    };
    let columns = schema.clone();
    let batches = futures::stream::unfold(rows.clone(), move |rows| {
        let columns = columns.clone();
        async move {
            let next = rows.lock().await.next().await.transpose()?;
            let batch = next.map_err(|why| FlightError::ExternalError(Box::new(why)));
            let batch = batch.and_then(|batch| sent::batch(&batch, &columns).map_err(FlightError::Arrow));
            Some((batch, rows))
        }
    });
    let encoder = FlightDataEncoderBuilder::new().with_schema(schema).with_max_flight_data_size(PIECE);
    let mut messages = encoder.build(batches.boxed());
    while let Some(message) = messages.next().await {
        let message = message.map_err(failed)?;
        rows.lock().await.sent(message.encoded_len())?;
        sender.send(Ok(Some(message))).await.map_err(|_| Unanswered::Ended)?;
    }
    sender.send(Ok(None)).await.map_err(|_| Unanswered::Ended)
}

/// The stream of an answer.
pub(crate) struct Answer {
    receiver: Arc<Mutex<Receiver<Piece>>>,
    lang: Lang,
    is_over: bool,
}

impl Stream for Answer {
    type Item = Result<FlightData, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let received = self.receiver.lock().unwrap_or_else(PoisonError::into_inner).poll_recv(context);
        let told = match std::task::ready!(received) {
            Some(Ok(Some(message))) => return Poll::Ready(Some(Ok(message))),
            Some(Ok(None)) => None,
            Some(Err(told)) => Some(told),
            // The task has died: what came is not all.
            None => Some(Own::Cancelled.into()),
        };
        self.is_over = true;
        Poll::Ready(told.map(|problem| Err(problem.to_status(self.lang))))
    }
}
