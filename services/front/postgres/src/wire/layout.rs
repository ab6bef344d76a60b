//! Whether what came has the layout of its kind. pgwire's decoding takes that for granted: it panics where a length or a
//! count reaches beyond the message.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BytesMut;
use pgwire::messages::startup::{Password, PasswordMessageFamily, SASLInitialResponse, SASLResponse};
use pgwire::messages::{DecodeContext, PgWireFrontendMessage};

use super::Broken;

/// What is left of a message. Each step is none where the message ends before.
struct Body<'a>(&'a [u8]);

impl Body<'_> {
    fn bytes(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A text and the zero behind it.
    fn text(&mut self) -> Option<()> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        self.bytes(end + 1).map(drop)
    }

    /// A count of things, each of so many bytes.
    fn list(&mut self, each: usize) -> Option<()> {
        let count = self.count()?;
        self.bytes(count * each).map(drop)
    }

    fn count(&mut self) -> Option<usize> {
        let bytes = self.bytes(2)?;
        Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
    }

    /// A length and so many bytes; -1 for none.
    fn value(&mut self) -> Option<()> {
        match i32::from_be_bytes(self.bytes(4)?.try_into().ok()?) {
            -1 => Some(()),
            length => self.bytes(usize::try_from(length).ok()?).map(drop),
        }
    }

    /// A statement or a portal, and its name.
    fn named(&mut self) -> Option<()> {
        matches!(self.bytes(1)?, b"S" | b"P").then_some(())?;
        self.text()
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Goes through the body of a message; none where it is not what its kind has.
fn layout(kind: u8, body: &[u8]) -> Option<()> {
    let mut body = Body(body);
    match kind {
        b'Q' => body.text()?,
        b'P' => {
            body.text()?;
            body.text()?;
            body.list(4)?;
        }
        b'B' => {
            body.text()?;
            body.text()?;
            body.list(2)?;
            for _ in 0..body.count()? {
                body.value()?;
            }
            body.list(2)?;
        }
        b'C' | b'D' => body.named()?,
        b'E' => {
            body.text()?;
            body.bytes(4)?;
        }
        b'H' | b'S' | b'X' => {}
        // What they mean depends on what was asked, and what is left of a copy is not read.
        _ => return Some(()),
    }
    body.end()
}

fn violated() -> Broken {
    Broken::Violated("a message is not as long as it says".to_owned())
}

/// Reads a whole message: its kind, its length, its body.
fn read(message: &mut BytesMut, context: &DecodeContext) -> Result<PgWireFrontendMessage, Broken> {
    let (kind, body) =
        message.split_first().and_then(|(kind, rest)| Some((*kind, rest.get(4..)?))).ok_or_else(violated)?;
    layout(kind, body).ok_or_else(violated)?;
    PgWireFrontendMessage::decode(message, context)?.ok_or_else(violated)
}

/// Reads a first message, which has no kind.
fn read_first(message: &mut BytesMut, context: &DecodeContext) -> Result<PgWireFrontendMessage, Broken> {
    PgWireFrontendMessage::decode(message, context)?.ok_or_else(violated)
}

/// Decodes; where that panics in spite of the layout, it is a violation like any other.
fn safely<T>(decode: impl FnOnce() -> Result<T, Broken>) -> Result<T, Broken> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(violated()))
}

pub(super) fn message(mut message: BytesMut, context: &DecodeContext) -> Result<PgWireFrontendMessage, Broken> {
    safely(|| read(&mut message, context))
}

pub(super) fn first(mut message: BytesMut, context: &DecodeContext) -> Result<PgWireFrontendMessage, Broken> {
    safely(|| read_first(&mut message, context))
}

/// The body of a message whose meaning depends on what was asked, if it has that layout.
fn family(
    message: PasswordMessageFamily,
    fits: impl FnOnce(&mut Body<'_>) -> Option<()>,
) -> Result<PasswordMessageFamily, Broken> {
    let PasswordMessageFamily::Raw(bytes) = &message else { return Err(violated()) };
    let mut body = Body(bytes);
    fits(&mut body).and_then(|()| body.end()).ok_or_else(violated)?;
    Ok(message)
}

/// A token as it is.
pub(crate) fn password(message: PasswordMessageFamily) -> Result<Password, Broken> {
    Ok(family(message, |body| body.text())?.into_password()?)
}

/// The first message of a proof.
pub(crate) fn sasl_first(message: PasswordMessageFamily) -> Result<SASLInitialResponse, Broken> {
    Ok(family(message, |body| body.text().and_then(|()| body.value()))?.into_sasl_initial_response()?)
}

/// The last message of a proof.
pub(crate) fn sasl_last(message: PasswordMessageFamily) -> Result<SASLResponse, Broken> {
    Ok(message.into_sasl_response()?)
}

#[cfg(test)]
mod tests {
    use bytes::BufMut;
    use pgwire::messages::ProtocolVersion;
    use pgwire::messages::extendedquery::{Bind, Close, Describe, Execute, Parse};
    use pgwire::messages::simplequery::Query;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const KINDS: &[u8] = b"QPBCDEHSXpdcf\0?";

    fn context(is_first: bool) -> DecodeContext {
        let mut context = DecodeContext::new(ProtocolVersion::PROTOCOL3_0);
        context.awaiting_frontend_ssl = false;
        context.awaiting_frontend_startup = is_first;
        context
    }

    fn framed(kind: u8, body: &[u8]) -> BytesMut {
        let mut message = BytesMut::new();
        message.put_u8(kind);
        message.put_i32(body.len() as i32 + 4);
        message.put_slice(body);
        message
    }

    /// Everything that a client may send in place of a message. Without the net: what panics fails the test.
    fn is_heard(kind: u8, body: &[u8]) {
        let _ = read(&mut framed(kind, body), &context(false));
        let raw = || PasswordMessageFamily::Raw(body.into());
        let _ = (password(raw()).is_ok(), sasl_first(raw()).is_ok(), sasl_last(raw()).is_ok());
        for code in [3 << 16, 80_877_102, 80_877_103, 2 << 16] {
            let mut first = BytesMut::new();
            first.put_i32(body.len() as i32 + 8);
            first.put_i32(code);
            first.put_slice(body);
            let _ = read_first(&mut first, &context(true));
        }
    }

    fn whole() -> Vec<PgWireFrontendMessage> {
        let name = || Some("name".to_owned());
        vec![
            PgWireFrontendMessage::Query(Query::new("select 1".to_owned())),
            PgWireFrontendMessage::Parse(Parse::new(name(), "select $1".to_owned(), vec![23, 0])),
            PgWireFrontendMessage::Bind(Bind::new(name(), None, vec![1], vec![Some("1".into()), None], vec![0, 1])),
            PgWireFrontendMessage::Describe(Describe::new(b'S', name())),
            PgWireFrontendMessage::Execute(Execute::new(None, 7)),
            PgWireFrontendMessage::Close(Close::new(b'P', None)),
        ]
    }

    #[test]
    fn what_clients_send_has_its_layout() {
        for message in whole() {
            let mut bytes = BytesMut::new();
            message.encode(&mut bytes).expect("encoded");
            let said = format!("{message:?}");
            assert_eq!(format!("{:?}", read(&mut bytes, &context(false)).expect(&said)), said);
        }
        for kind in *b"HSX" {
            assert!(read(&mut framed(kind, b""), &context(false)).is_ok());
        }
        let first = b"SCRAM-SHA-256\0\0\0\0\x04n,,n";
        let first = sasl_first(PasswordMessageFamily::Raw(first[..].into())).expect("a first message");
        assert_eq!((first.auth_method.as_str(), first.data.as_deref()), ("SCRAM-SHA-256", Some(&b"n,,n"[..])));
        assert_eq!(password(PasswordMessageFamily::Raw(b"x\0"[..].into())).expect("one").password, "x");
    }

    #[test]
    fn what_is_cut_off_is_a_violation() {
        for message in whole() {
            let mut bytes = BytesMut::new();
            message.encode(&mut bytes).expect("encoded");
            for end in 5..bytes.len() {
                let cut = framed(bytes[0], &bytes[5..end]);
                assert!(matches!(read(&mut cut.clone(), &context(false)), Err(Broken::Violated(_))), "{cut:?}");
            }
        }
        for body in
            [&b""[..], b"SCRAM-SHA-256\0", b"SCRAM-SHA-256\0\0\0\0\x05n,,n", b"SCRAM-SHA-256\0\x7f\xff\xff\xffabc"]
        {
            assert!(
                matches!(sasl_first(PasswordMessageFamily::Raw(body.into())), Err(Broken::Violated(_))),
                "{body:?}"
            );
        }
        // The net below.
        assert!(matches!(safely(|| -> Result<(), _> { panic!("as pgwire does") }), Err(Broken::Violated(_))));
    }

    proptest! {
        #[test]
        fn no_message_panics(kind in prop::sample::select(KINDS), body in vec(any::<u8>(), 0..64)) {
            is_heard(kind, &body);
        }

        #[test]
        fn no_changed_message_panics(at in 0..6_usize, place in 0..64_usize, byte in any::<u8>(), end in 0..64_usize) {
            let mut bytes = BytesMut::new();
            whole().swap_remove(at).encode(&mut bytes).expect("encoded");
            let mut body = bytes[5..].to_vec();
            if let Some(changed) = body.get_mut(place) {
                *changed = byte;
            }
            body.truncate(end);
            is_heard(bytes[0], &body);
        }
    }
}
