//! Messages over a connection, read and written within bounds.

pub(crate) mod layout;

use std::io;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use pgwire::error::PgWireError;
use pgwire::messages::{DecodeContext, PgWireBackendMessage, PgWireFrontendMessage, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

/// Largest message before authentication, bytes.
const STRANGER: usize = 10_000;
/// Bytes of a message; a text takes at most 64 KiB, parameters the rest.
pub(crate) const MESSAGE: usize = 1024 * 1024;
/// Bytes of a message that is too long, up to which it is read and thrown away, so that its sender can be told.
const PASSED_OVER: usize = 64 * 1024 * 1024;
/// Kinds of messages that grow with what clients send.
const GROWING: &[u8] = b"QPBCDEdf";
/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// Bytes that are sent together: more than that does not wait here.
pub(crate) const PIECE: usize = 64 * 1024;
/// Time for which what was sent may lie before its client reads on, if its question has no longer time itself.
const UNREAD: Duration = Duration::from_secs(60);
/// What a client that is turned away may still be sending, bytes and time. An end with unread bytes would take away
/// from it what it is told.
const REST: usize = 64 * 1024;
const REST_TIME: Duration = Duration::from_secs(1);

/// A connection, encrypted or not.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The other side has ended it.
    #[error("the connection ended")]
    Ended,
    /// What came is not the protocol.
    #[error("{0}")]
    Violated(String),
    /// A message was too long, and all of it was thrown away: the next one can be read.
    #[error("a message of {bytes} bytes")]
    TooLong {
        /// Its first byte.
        kind: u8,
        bytes: usize,
    },
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<PgWireError> for Broken {
    fn from(error: PgWireError) -> Self {
        match error {
            PgWireError::IoError(error) => Self::Io(error),
            other => Self::Violated(other.to_string()),
        }
    }
}

/// Messages over a connection.
pub(crate) struct Wire {
    stream: Box<dyn Connection>,
    input: BytesMut,
    output: BytesMut,
    context: DecodeContext,
    most: usize,
    /// A message that is too long, of which some is still to come.
    passed_over: Option<PassedOver>,
    /// The end of the last question's time.
    until: Option<Instant>,
}

struct PassedOver {
    kind: u8,
    bytes: usize,
    left: usize,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Connection>) -> Self {
        let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
        context.awaiting_frontend_ssl = false;
        context.awaiting_frontend_startup = false;
        let (input, output) = (BytesMut::new(), BytesMut::new());
        Self { stream, input, output, context, most: STRANGER, passed_over: None, until: None }
    }

    /// From now on its sender is known.
    pub(crate) fn trust(&mut self) {
        self.most = MESSAGE;
    }

    /// The first message, which has no kind.
    pub(crate) async fn first(&mut self) -> Result<PgWireFrontendMessage, Broken> {
        let length = loop {
            if let Some(bytes) = self.input.first_chunk::<4>() {
                break usize::try_from(i32::from_be_bytes(*bytes)).unwrap_or(0);
            }
            self.more().await?;
        };
        if !(8..=STRANGER).contains(&length) {
            return Err(Broken::Violated(format!("a first message of {length} bytes")));
        }
        while self.input.len() < length {
            self.more().await?;
        }
        self.context.awaiting_frontend_startup = true;
        let decoded = layout::first(self.input.split_to(length), &self.context);
        self.context.awaiting_frontend_startup = false;
        decoded
    }

    /// The next message, if all of it has come.
    fn buffered(&mut self) -> Result<Option<PgWireFrontendMessage>, Broken> {
        if let Some(long) = &mut self.passed_over {
            let come = long.left.min(self.input.len());
            self.input.advance(come);
            long.left -= come;
            if long.left > 0 {
                return Ok(None);
            }
            let (kind, bytes) = (long.kind, long.bytes);
            self.passed_over = None;
            return Err(Broken::TooLong { kind, bytes });
        }
        let Some([kind, length @ ..]) = self.input.first_chunk::<5>() else { return Ok(None) };
        let (kind, length) = (*kind, usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0));
        let is_trusted = self.most == MESSAGE;
        if is_trusted && (MESSAGE + 1..=PASSED_OVER).contains(&length) && GROWING.contains(&kind) {
            self.passed_over = Some(PassedOver { kind, bytes: length + 1, left: length + 1 });
            return self.buffered();
        }
        if !(4..=self.most).contains(&length) {
            return Err(Broken::Violated(format!("a message of {length} bytes; at most {} are taken", self.most)));
        }
        if self.input.len() <= length {
            return Ok(None);
        }
        layout::message(self.input.split_to(length + 1), &self.context).map(Some)
    }

    /// The next message. Nothing is lost when this is dropped.
    pub(crate) async fn next(&mut self) -> Result<PgWireFrontendMessage, Broken> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(message);
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Result<(), Broken> {
        self.input.reserve(CHUNK);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(Broken::Ended),
            _ => Ok(()),
        }
    }

    /// Returns when the other side is gone. What it sends meanwhile is kept, up to a bound, for [`Wire::next`].
    pub(crate) async fn gone(&mut self) -> Broken {
        loop {
            if self.input.len() > MESSAGE {
                return std::future::pending().await;
            }
            if let Err(broken) = self.more().await {
                return broken;
            }
        }
    }

    /// Puts a message behind those that wait to be sent.
    pub(crate) fn put(&mut self, message: &PgWireBackendMessage) -> Result<(), Broken> {
        Ok(message.encode(&mut self.output)?)
    }

    /// What waits to be sent, to write rows into.
    pub(crate) fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Sends what waits. Dropped, it goes on where it was.
    pub(crate) async fn flush(&mut self) -> Result<(), Broken> {
        while self.output.has_remaining() {
            self.stream.write_buf(&mut self.output).await?;
        }
        Ok(self.stream.flush().await?)
    }

    /// Notes until when an answer may be read.
    pub(crate) fn wait_until(&mut self, until: Option<Instant>) {
        self.until = until;
    }

    /// Sends what waits, to a client that may not read: one that does not for a while is taken to be gone.
    pub(crate) async fn send(&mut self) -> Result<(), Broken> {
        let end = Instant::now() + UNREAD;
        self.send_until(self.until.map_or(end, |until| until.max(end))).await
    }

    async fn send_until(&mut self, end: Instant) -> Result<(), Broken> {
        timeout_at(end, self.flush()).await.unwrap_or(Err(Broken::Ended))
    }

    /// Sends what waits if it is much, so that no number of messages makes it grow.
    pub(crate) async fn relieve(&mut self) -> Result<(), Broken> {
        if self.output.len() < PIECE { Ok(()) } else { self.send().await }
    }

    /// Ends a connection that is turned away, so that its client can read why.
    pub(crate) async fn turn_away(&mut self) {
        self.close().await;
        let rest = async {
            let mut read = 0;
            while read < REST && self.more().await.is_ok() {
                read += self.input.len();
                self.input.clear();
            }
        };
        let _ = timeout(REST_TIME, rest).await;
    }

    /// Sends what waits and ends the connection.
    pub(crate) async fn close(&mut self) {
        if self.flush().await.is_ok() {
            let _ = self.stream.shutdown().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    /// A client that sends message after message gets what it asks for as it reads; without reading it gets an end.
    #[tokio::test]
    async fn what_waits_to_be_read_does_not_grow() {
        let (ours, mut theirs) = duplex(PIECE);
        let mut wire = Wire::new(Box::new(ours));
        let reading = tokio::spawn(async move {
            let (mut bytes, mut all) = (vec![0; PIECE], 0);
            loop {
                match theirs.read(&mut bytes).await.expect("read") {
                    0 => return all,
                    some => all += some,
                }
            }
        });
        for _ in 0..100 {
            wire.output().extend_from_slice(&[0; PIECE / 2]);
            wire.relieve().await.expect("it is read");
            assert!(wire.output.len() < PIECE);
        }
        wire.close().await;
        drop(wire);
        assert_eq!(reading.await.expect("read"), 50 * PIECE);

        let (ours, theirs) = duplex(PIECE);
        let mut wire = Wire::new(Box::new(ours));
        wire.output().extend_from_slice(&[0; 2 * PIECE]);
        assert!(matches!(wire.send_until(Instant::now() + Duration::from_millis(50)).await, Err(Broken::Ended)));
        drop(theirs);
    }

    #[tokio::test]
    async fn a_message_that_is_too_long_is_thrown_away_and_the_next_one_read() {
        let (ours, mut theirs) = duplex(PIECE);
        let mut wire = Wire::new(Box::new(ours));
        wire.trust();
        let client = async {
            let mut messages = vec![b'Q'];
            messages.extend_from_slice(&(4 * MESSAGE as u32).to_be_bytes());
            messages.resize(4 * MESSAGE + 1, b'x');
            messages.extend_from_slice(b"S\0\0\0\x04");
            theirs.write_all(&messages).await.expect("it is taken");
        };
        let heard = async {
            let long = wire.next().await;
            assert!(matches!(long, Err(Broken::TooLong { kind: b'Q', bytes }) if bytes == 4 * MESSAGE + 1), "{long:?}");
            assert!(wire.input.capacity() < MESSAGE, "it is not kept");
            wire.next().await
        };
        let ((), next) = tokio::join!(client, heard);
        assert!(matches!(next, Ok(PgWireFrontendMessage::Sync(_))), "{next:?}");
    }

    #[tokio::test]
    async fn who_is_turned_away_is_told_whatever_it_still_sends() {
        let (ours, mut theirs) = duplex(1024);
        let mut wire = Wire::new(Box::new(ours));
        wire.output().extend_from_slice(b"why");
        let client = async {
            theirs.write_all(&[0; 8 * 1024]).await.expect("it is taken");
            let mut told = Vec::new();
            theirs.read_to_end(&mut told).await.expect("read");
            theirs.shutdown().await.expect("ended");
            told
        };
        let ((), told) = tokio::join!(wire.turn_away(), client);
        assert_eq!(told, b"why");
    }
}
