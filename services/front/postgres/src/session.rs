//! One connection after its beginning: what it has set, prepared and begun, and the loop that answers it.

mod asking;
mod extended;
mod kept;
mod own;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::DataType;
use datafusion::scalar::ScalarValue;
use helan_runtime::credentials::{Identity, Proven};
use helan_runtime::shutdown::Shutdown;
use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::{Authentication, BackendKeyData, ParameterStatus, SecretKey};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage};
use tokio::time::{Instant, sleep_until, timeout};

use self::asking::Open;
use self::kept::Kept;
pub(crate) use self::kept::KeptByAll;
use crate::Postgres;
use crate::greet::Known;
use crate::problem::{Own, Problem, ToMessage};
use crate::settings::{AS_OF, RECORDED, Settings, is_told, told_as};
use crate::statement::{self, Statement};
use crate::types::Column;
use crate::wire::{Broken, MESSAGE, Wire};
use helan_connections::Place;

/// Bytes of the name of one. PostgreSQL cuts names off after 63, which makes two of them one; drivers' are short.
const NAME: usize = 256;
/// What one takes beside its texts: at the least, and for each of its columns …
const EACH: usize = 256;
/// … and parameters.
const PARAMETER: usize = 64;
/// Time for the last words of a connection.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Why a step did not come to its end.
pub(super) enum Stop {
    /// The client is told, and the connection goes on or not.
    Problem(Box<Problem>),
    /// The connection is gone.
    Broken(Broken),
}

impl<T: Into<Problem>> From<T> for Stop {
    fn from(problem: T) -> Self {
        Self::Problem(Box::new(problem.into()))
    }
}

impl From<Broken> for Stop {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Violated(what) => Problem::found(Own::Protocol, what).fatal().into(),
            other => Self::Broken(other),
        }
    }
}

type Step<T> = Result<T, Stop>;

/// A connection.
pub(crate) struct Session {
    front: Arc<Postgres>,
    wire: Wire,
    place: Place,
    proven: Proven,
    identity: Identity,
    settings: Settings,
    statements: HashMap<String, Prepared>,
    portals: HashMap<String, Portal>,
    transaction: TransactionStatus,
    /// After an error nothing is heard until the client has noticed.
    is_skipping: bool,
}

/// A statement that was parsed.
#[derive(Clone)]
struct Prepared {
    statement: Statement,
    /// Types of parameters that the client has named; 0 = not.
    oids: Vec<u32>,
    described: Option<Described>,
    kept: Kept,
}

/// What a statement would answer.
#[derive(Clone)]
struct Described {
    schema: arrow::datatypes::SchemaRef,
    columns: Vec<Column>,
    /// Its parameters' types, by number and as the engine has found them.
    parameters: Vec<(u32, Option<DataType>)>,
}

/// A statement with its parameters, or a cursor.
struct Portal {
    state: State,
    codes: Vec<i16>,
    /// Without what an answer takes.
    kept: Kept,
    life: Life,
}

fn short(name: &str) -> Result<(), Problem> {
    if name.len() > NAME { Err(Own::LongName.into()) } else { Ok(()) }
}

/// How long a portal lives, at most: a cursor that is not fetched in time ends before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Life {
    /// As long as its transaction.
    Transaction,
    /// As long as its connection, once its transaction is committed (`with hold`) …
    Holds,
    /// … as it is.
    Held,
}

enum State {
    /// With the values for the question of a cursor.
    Own(Statement, Vec<ScalarValue>),
    Question {
        text: String,
        parameters: Vec<ScalarValue>,
    },
    Open(Box<Open>),
    /// All its rows were sent.
    Done,
    /// Its time was over before its rows were fetched.
    Failed(Box<Problem>),
}

impl Session {
    pub(crate) fn new(front: Arc<Postgres>, place: Place, known: Known) -> Self {
        let Known { mut wire, proven, identity, mut settings } = known;
        wire.trust();
        settings.name(&identity.credential);
        Self {
            front,
            wire,
            place,
            proven,
            identity,
            settings,
            statements: HashMap::new(),
            portals: HashMap::new(),
            transaction: TransactionStatus::Idle,
            is_skipping: false,
        }
    }

    /// Answers until the connection ends.
    pub(crate) async fn run(mut self, shutdown: Shutdown) {
        let ended = async {
            self.welcome().await?;
            loop {
                let message = self.wait(&shutdown).await;
                self.place.idle(false);
                self.place.cancels.mark_unchanged();
                let message = match message {
                    Err(Stop::Broken(Broken::TooLong { kind, bytes })) => {
                        self.too_long(kind, bytes).await?;
                        continue;
                    }
                    message => message?,
                };
                if matches!(message, PgWireFrontendMessage::Terminate(_)) {
                    return Err(Stop::Broken(Broken::Ended));
                }
                self.hear(message).await?;
            }
        };
        let ended: Step<()> = ended.await;
        // Seats are given back before anything is told to a client that may not listen.
        self.portals.clear();
        match ended {
            Err(Stop::Problem(problem)) => {
                let lang = self.settings.lang();
                let is_violated = problem.code == Problem::from(Own::Protocol).code;
                if self.wire.put(&problem.fatal().to_message(lang)).is_ok() {
                    let last_words = async {
                        match is_violated {
                            true => self.wire.turn_away().await,
                            false => self.wire.close().await,
                        }
                    };
                    let _ = timeout(LAST_WORDS, last_words).await;
                }
            }
            Err(Stop::Broken(Broken::Ended)) | Ok(()) => {}
            Err(Stop::Broken(error)) => tracing::debug!(%error, "a connection ended early"),
        }
    }

    async fn welcome(&mut self) -> Step<()> {
        if !self.place.belongs_to(&self.identity.credential) {
            return Err(Problem::from(Own::CredentialFull).fatal().into());
        }
        // Those of its first message: refused now, because every question would be.
        for name in [AS_OF, RECORDED] {
            let text = self.settings.get(name).to_owned();
            self.moment(&text).await?;
        }
        self.wire.put(&PgWireBackendMessage::Authentication(Authentication::Ok))?;
        for (name, value) in self.settings.told() {
            self.wire.put(&PgWireBackendMessage::ParameterStatus(ParameterStatus::new(name.to_owned(), value)))?;
        }
        let key = BackendKeyData::new(self.place.number, SecretKey::I32(self.place.secret));
        self.wire.put(&PgWireBackendMessage::BackendKeyData(key))?;
        tracing::debug!(credential = %self.identity.credential, "a PostgreSQL client has come");
        self.ready().await
    }

    /// The next message; meanwhile what was begun and not fetched ends with its time.
    async fn wait(&mut self, shutdown: &Shutdown) -> Step<PgWireFrontendMessage> {
        loop {
            let open = self.portals.values().filter_map(|portal| match &portal.state {
                State::Open(open) => open.until,
                _ => None,
            });
            let next = open.min();
            self.place.idle(next.is_none());
            let late = async {
                match next {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.wire.next() => return Ok(message?),
                () = self.place.close.notified() => return Err(Problem::from(Own::MadeRoom).fatal().into()),
                () = shutdown.wait() => return Err(Problem::from(Own::Ending).fatal().into()),
                () = late => self.expire(),
            }
        }
    }

    /// Gives back the places of answers that were not fetched in time.
    fn expire(&mut self) {
        for portal in self.portals.values_mut() {
            if let State::Open(open) = &mut portal.state
                && open.until.is_some_and(|until| until <= Instant::now())
            {
                portal.state = State::Failed(Box::new(open.too_late()));
            }
        }
    }

    async fn hear(&mut self, message: PgWireFrontendMessage) -> Step<()> {
        if let PgWireFrontendMessage::Query(query) = message {
            self.is_skipping = false;
            let answered = self.simple(&query.query).await;
            let failed = self.told(answered)?;
            if self.transaction == TransactionStatus::Idle {
                self.end_portals(!failed);
            }
            return self.ready().await;
        }
        if let PgWireFrontendMessage::Sync(_) = message {
            let failed = std::mem::take(&mut self.is_skipping);
            if self.transaction == TransactionStatus::Idle {
                self.end_portals(!failed);
            }
            return self.ready().await;
        }
        if self.is_skipping {
            return Ok(());
        }
        let heard = match message {
            PgWireFrontendMessage::Parse(parse) => self.parse(parse).await,
            PgWireFrontendMessage::Bind(bind) => self.bind(bind).await,
            PgWireFrontendMessage::Describe(describe) => self.describe(describe).await,
            PgWireFrontendMessage::Execute(execute) => self.execute(execute).await,
            PgWireFrontendMessage::Close(close) => self.close(close),
            PgWireFrontendMessage::Flush(_) => Ok(self.wire.send().await?),
            // What is left of a copy that was refused.
            PgWireFrontendMessage::CopyData(_)
            | PgWireFrontendMessage::CopyDone(_)
            | PgWireFrontendMessage::CopyFail(_) => Ok(()),
            _ => Err(Problem::found(Own::Protocol, "a message out of place").fatal().into()),
        };
        if self.told(heard)? {
            self.is_skipping = true;
            // The client may wait for it before it sends anything.
            self.wire.send().await?;
        }
        Ok(self.wire.relieve().await?)
    }

    /// Tells of a message that was thrown away. A text ends with that; in the extended protocol nothing is heard then until the
    /// client has noticed, and what is left of a copy is not missed.
    async fn too_long(&mut self, kind: u8, bytes: usize) -> Step<()> {
        let is_text = kind == b'Q';
        if matches!(kind, b'd' | b'f') || (self.is_skipping && !is_text) {
            return Ok(());
        }
        self.told(Err(Problem::found(Own::LongMessage, format!("{bytes} > {MESSAGE}")).into()))?;
        self.is_skipping = !is_text;
        if !is_text {
            return Ok(self.wire.send().await?);
        }
        if self.transaction == TransactionStatus::Idle {
            self.end_portals(false);
        }
        self.ready().await
    }

    /// Ends those of a transaction with it.
    fn end_portals(&mut self, committed: bool) {
        for portal in self.portals.values_mut().filter(|portal| committed && portal.life == Life::Holds) {
            portal.life = Life::Held;
        }
        self.portals.retain(|_, portal| portal.life == Life::Held);
    }

    /// Tells the client of an error after which the connection goes on; whether there was one.
    fn told(&mut self, step: Step<()>) -> Step<bool> {
        match step {
            Ok(()) => Ok(false),
            Err(Stop::Problem(problem)) if !problem.is_fatal => {
                if self.transaction == TransactionStatus::Transaction {
                    self.transaction = TransactionStatus::Error;
                }
                self.wire.put(&problem.to_message(self.settings.lang()))?;
                Ok(true)
            }
            Err(other) => Err(other),
        }
    }

    async fn ready(&mut self) -> Step<()> {
        self.wire.put(&PgWireBackendMessage::ReadyForQuery(ReadyForQuery::new(self.transaction)))?;
        Ok(self.wire.send().await?)
    }

    fn complete(&mut self, tag: String) -> Step<()> {
        Ok(self.wire.put(&PgWireBackendMessage::CommandComplete(CommandComplete::new(tag)))?)
    }

    /// Answers a text of statements, up to the first that fails.
    async fn simple(&mut self, text: &str) -> Step<()> {
        self.portals.remove("");
        let statements = statement::read(text)?;
        if statements.iter().all(|statement| *statement == Statement::Empty) {
            return Ok(self.wire.put(&PgWireBackendMessage::EmptyQueryResponse(EmptyQueryResponse::new()))?);
        }
        for statement in statements {
            self.allowed(&statement)?;
            match statement {
                Statement::Empty => {}
                Statement::Question(text) => {
                    let mut open = self.open(&text, Vec::new()).await?;
                    let binary = vec![false; open.columns.len()];
                    self.wire.put(&PgWireBackendMessage::RowDescription(open.described(&binary)))?;
                    self.rows(&mut open, Some(&binary), None).await?;
                    self.complete(format!("SELECT {}", open.sent))?;
                }
                own => self.own(own, Vec::new(), &[], None, true).await?,
            }
            self.wire.relieve().await?;
        }
        Ok(())
    }

    /// After an error in a transaction only its end is heard.
    fn allowed(&self, statement: &Statement) -> Step<()> {
        let ends = matches!(statement, Statement::Commit | Statement::Rollback | Statement::Savepoint("ROLLBACK"));
        if self.transaction == TransactionStatus::Error && !ends { Err(Own::Aborted.into()) } else { Ok(()) }
    }

    /// Tells the client of a setting that has changed, if it wants to know.
    fn tell_setting(&mut self, name: &'static str) -> Step<()> {
        if is_told(name) {
            let status = ParameterStatus::new(told_as(name).to_owned(), self.settings.get(name).to_owned());
            self.wire.put(&PgWireBackendMessage::ParameterStatus(status))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        assert!(short(&"n".repeat(NAME)).is_ok());
        assert_eq!(short(&"n".repeat(NAME + 1)).expect_err("long").code, "name_too_long");
    }
}
