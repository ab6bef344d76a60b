//! Finds requests that say their length twice, by `Content-Length` and by `Transfer-Encoding`: what stands before this
//! server may have gone by the other one and so see other requests than it does. hyper takes one away before anybody can
//! look, so the bytes are watched as they come.
//!
//! Source: RFC 9112, section 6.1 and 6.3: such a request may be refused, and its connection ends.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether a request of a connection said its length twice.
#[derive(Clone, Debug, Default)]
pub(super) struct SaidTwice(Arc<AtomicBool>);

impl SaidTwice {
    /// Whether one did so far.
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A connection whose requests' heads are watched.
pub(super) struct Watched<S> {
    stream: S,
    requests: Requests,
    said_twice: SaidTwice,
}

impl<S> Watched<S> {
    /// Watches a connection; no head is longer than `longest`, or hyper refuses it.
    pub(super) fn new(stream: S, longest: usize) -> (Self, SaidTwice) {
        let said_twice = SaidTwice::default();
        let requests = Requests { at: At::Head(Vec::new()), longest };
        (Self { stream, requests, said_twice: said_twice.clone() }, said_twice)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.requests.pass(&buffer.filled()[before..]) {
            self.said_twice.0.store(true, Ordering::Release);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Where in the requests of a connection its bytes are.
struct Requests {
    at: At,
    longest: usize,
}

enum At {
    /// In a head: what of it has come.
    Head(Vec<u8>),
    /// In a body of so many bytes more.
    Body(u64),
    /// In the line that says a chunk's size: what of it has come.
    Size(Vec<u8>),
    /// In a chunk, of so many bytes more with its line end.
    Chunk(u64),
    /// In the lines behind the last chunk: how long the current one is.
    Trailer(usize),
    /// Nowhere that this could follow; hyper ends such a connection.
    Lost,
}

impl Requests {
    /// Goes on by some bytes; true if a head among them says its length twice.
    fn pass(&mut self, mut bytes: &[u8]) -> bool {
        while let Some(byte) = bytes.first().copied() {
            match &mut self.at {
                At::Lost => return false,
                At::Body(left) | At::Chunk(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= taken as u64;
                    bytes = &bytes[taken..];
                    if *left == 0 {
                        self.at =
                            if matches!(self.at, At::Body(_)) { At::Head(Vec::new()) } else { At::Size(Vec::new()) };
                    }
                    continue;
                }
                At::Head(head) => {
                    // Line ends may stand before a request.
                    if !head.is_empty() || !matches!(byte, b'\r' | b'\n') {
                        head.push(byte);
                    }
                    if head.ends_with(b"\n\r\n") || head.ends_with(b"\n\n") {
                        match body(head) {
                            Some(next) => self.at = next,
                            None => {
                                self.at = At::Lost;
                                return true;
                            }
                        }
                    } else if head.len() > self.longest {
                        self.at = At::Lost;
                    }
                }
                At::Size(line) => {
                    line.push(byte);
                    if byte == b'\n' {
                        self.at = match size(line) {
                            Some(0) => At::Trailer(0),
                            Some(size) => At::Chunk(size.saturating_add(2)),
                            None => At::Lost,
                        };
                    } else if line.len() > self.longest {
                        self.at = At::Lost;
                    }
                }
                At::Trailer(length) => match byte {
                    b'\n' if *length == 0 => self.at = At::Head(Vec::new()),
                    b'\n' => *length = 0,
                    b'\r' => {}
                    _ => *length += 1,
                },
            }
            bytes = &bytes[1..];
        }
        false
    }
}

/// What follows a head; none if it says that twice.
fn body(head: &[u8]) -> Option<At> {
    let (mut length, mut chunked) = (None, false);
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = line[..colon].trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            length = Some(&line[colon + 1..]);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            chunked = true;
        }
    }
    match (length, chunked) {
        (Some(_), true) => None,
        (None, true) => Some(At::Size(Vec::new())),
        (None, false) => Some(At::Head(Vec::new())),
        (Some(text), false) => {
            let length = std::str::from_utf8(text.trim_ascii()).ok().and_then(|text| text.parse().ok());
            Some(length.map_or(At::Lost, |length| if length == 0 { At::Head(Vec::new()) } else { At::Body(length) }))
        }
    }
}

/// The size that a line names before a chunk, in hexadecimal; what follows a semicolon is an extension.
fn size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TWICE: &str = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length: 3\r\n\r\n";
    /// Requests that say their length once, though some of their bodies look like such a head.
    fn fine() -> Vec<String> {
        let chunks = format!("{:x};a=b\r\n{TWICE}\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", TWICE.len());
        vec![
            "GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
            format!("\r\nPOST /a HTTP/1.1\r\nContent-Length: {}\r\n\r\n{TWICE}", TWICE.len()),
            "POST /a HTTP/1.1\ncontent-length:0\n\n".to_owned(),
            format!("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
            "POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nx-content-length: 3\r\nx: transfer-encoding: y\r\ncontent-length: 2\r\n\r\nab"
                .to_owned(),
        ]
    }

    proptest! {
        /// However the bytes come: it is found behind any requests, and nothing is found in what is none.
        #[test]
        fn a_length_said_twice_is_found(
            before in prop::collection::vec(0_usize..6, 0..5),
            cuts in prop::collection::vec(1_usize..40, 1..20),
            last in any::<bool>(),
            swapped in any::<bool>(),
        ) {
            let all = fine();
            let mut text: String = before.iter().map(|at| all[*at].as_str()).collect();
            if last && swapped {
                text.push_str("POST /a HTTP/1.1\r\nCONTENT-LENGTH : 3\r\nhost: x\r\nTransfer-Encoding:\tchunked\r\n\r\n");
            } else if last {
                text.push_str(TWICE);
            }
            let mut requests = Requests { at: At::Head(Vec::new()), longest: 4096 };
            let (mut rest, mut found) = (text.as_bytes(), false);
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                found |= requests.pass(now);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, last);
        }
    }
}
