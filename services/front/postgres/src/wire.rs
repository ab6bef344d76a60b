//! Messages over a connection, read and written within bounds.

use std::io;

use bytes::{Buf, BytesMut};
use pgwire::error::PgWireError;
use pgwire::messages::{DecodeContext, PgWireBackendMessage, PgWireFrontendMessage, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Largest message before authentication, bytes.
const STRANGER: usize = 10_000;
/// Bytes of a message; a text takes at most 64 KiB, parameters the rest.
const MESSAGE: usize = 1024 * 1024;
/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

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
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Connection>) -> Self {
        let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
        context.awaiting_frontend_ssl = false;
        context.awaiting_frontend_startup = false;
        Self { stream, input: BytesMut::new(), output: BytesMut::new(), context, most: STRANGER }
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
        let mut message = self.input.split_to(length);
        self.context.awaiting_frontend_startup = true;
        let decoded = PgWireFrontendMessage::decode(&mut message, &self.context);
        self.context.awaiting_frontend_startup = false;
        decoded?.ok_or_else(|| Broken::Violated("half a message".to_owned()))
    }

    /// The next message, if all of it has come.
    fn buffered(&mut self) -> Result<Option<PgWireFrontendMessage>, Broken> {
        let Some([_, length @ ..]) = self.input.first_chunk::<5>() else { return Ok(None) };
        let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
        if !(4..=self.most).contains(&length) {
            return Err(Broken::Violated(format!("a message of {length} bytes; at most {} are taken", self.most)));
        }
        if self.input.len() <= length {
            return Ok(None);
        }
        let mut message = self.input.split_to(length + 1);
        let decoded = PgWireFrontendMessage::decode(&mut message, &self.context)?;
        decoded.map(Some).ok_or_else(|| Broken::Violated("half a message".to_owned()))
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

    /// Sends what waits and ends the connection.
    pub(crate) async fn close(&mut self) {
        if self.flush().await.is_ok() {
            let _ = self.stream.shutdown().await;
        }
    }
}
