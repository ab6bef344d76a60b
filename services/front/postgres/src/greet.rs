//! How a connection begins: encryption, the first message, and who it is.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use helan_runtime::credentials::{AuthError, Challenge, Identity, Proven, Role, network};
use helan_schemas::refusal::Code;
use pgwire::messages::startup::{Authentication, NegotiateProtocolVersion, PasswordMessageFamily, SecretKey, Startup};
use pgwire::messages::{PgWireBackendMessage, PgWireFrontendMessage, ProtocolVersion};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::Postgres;
use crate::problem::{Own, Problem, ToMessage};
use crate::settings::Settings;
use crate::wire::{Broken, Connection, Wire, layout};
use helan_connections::Lang;

/// Asks for TLS …
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// … or for an encryption by Kerberos, which is not spoken here.
const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];
/// The first byte of a TLS record, from a client that does not ask first.
const TLS_RECORD: u8 = 0x16;
/// What is spoken within TLS.
const ALPN: &[u8] = b"postgresql";
const SCRAM: &str = "SCRAM-SHA-256";

/// What a new connection wants.
pub(crate) enum Begun {
    /// To ask.
    Session(Box<Known>),
    /// To end the question of another connection.
    Cancel(i32, SecretKey),
}

/// Who asks, and how the connection was begun.
pub(crate) struct Known {
    pub(crate) wire: Wire,
    pub(crate) proven: Proven,
    pub(crate) identity: Identity,
    pub(crate) settings: Settings,
}

/// Speaks TLS if it is asked for. What came before it is not taken for what came within.
pub(crate) async fn encrypted(front: &Postgres, mut stream: TcpStream) -> Result<(Wire, bool), Broken> {
    loop {
        let mut beginning = [0_u8; 8];
        let seen = stream.peek(&mut beginning).await?;
        if seen == 0 {
            return Err(Broken::Ended);
        }
        let wants_tls = beginning[0] == TLS_RECORD;
        if !wants_tls && beginning[0] != 0 {
            let wire = Wire::new(Box::new(stream));
            return Err(violated(wire, "no first message of this protocol".to_owned()).await);
        }
        if !wants_tls {
            // A first message has eight bytes at least, and they come together.
            if seen < beginning.len() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                continue;
            }
            match (beginning, &front.parts.tls) {
                (SSL_REQUEST, Some(_)) => {
                    stream.read_exact(&mut beginning).await?;
                    stream.write_all(b"S").await?;
                }
                (SSL_REQUEST | GSS_REQUEST, _) => {
                    stream.read_exact(&mut beginning).await?;
                    stream.write_all(b"N").await?;
                    continue;
                }
                _ => return Ok((Wire::new(Box::new(stream)), false)),
            }
        }
        let Some(tls) = &front.parts.tls else {
            return Err(violated(Wire::new(Box::new(stream)), "TLS, which is not set up".to_owned()).await);
        };
        let config = helan_connections::config_for(tls, ALPN);
        let stream: Box<dyn Connection> = Box::new(TlsAcceptor::from(config).accept(stream).await?);
        return Ok((Wire::new(stream), true));
    }
}

/// Finds out what a connection wants, and who it is. An error that can be told has been sent.
pub(crate) async fn begun(front: &Postgres, stream: TcpStream, peer: IpAddr) -> Result<Begun, Broken> {
    let (mut wire, is_encrypted) = encrypted(front, stream).await?;
    let mut settings = Settings::new();
    match introduced(front, &mut wire, &mut settings, (peer, is_encrypted)).await {
        Ok(Said::Cancel(number, secret)) => Ok(Begun::Cancel(number, secret)),
        Ok(Said::Who(proven, identity)) => Ok(Begun::Session(Box::new(Known { wire, proven, identity, settings }))),
        Ok(Said::Refused(problem, lang)) => {
            wire.put(&problem.fatal().to_message(lang))?;
            wire.close().await;
            Err(Broken::Ended)
        }
        Err(Broken::Violated(what)) => Err(violated(wire, what).await),
        Err(other) => Err(other),
    }
}

/// Tells a client that does not speak the protocol so, as far as it may understand it.
async fn violated(mut wire: Wire, what: String) -> Broken {
    let problem: Problem = Problem::found(Own::Protocol, &what);
    if wire.put(&problem.fatal().to_message(Lang::En)).is_ok() {
        wire.turn_away().await;
    }
    Broken::Violated(what)
}

/// What a first message, and what was asked after it, have said.
enum Said {
    Cancel(i32, SecretKey),
    Who(Proven, Identity),
    Refused(Problem, Lang),
}

async fn introduced(
    front: &Postgres,
    wire: &mut Wire,
    settings: &mut Settings,
    (peer, is_encrypted): (IpAddr, bool),
) -> Result<Said, Broken> {
    let startup = match wire.first().await? {
        PgWireFrontendMessage::CancelRequest(cancel) => return Ok(Said::Cancel(cancel.pid, cancel.secret_key)),
        PgWireFrontendMessage::Startup(startup) => startup,
        _ => return Err(Broken::Violated("no first message of this protocol".to_owned())),
    };
    let is_safe = is_encrypted || peer.is_loopback();
    let known = match front.parts.tls.is_some() && !is_encrypted {
        true => Err(Own::NotEncrypted.into()),
        false => known(front, wire, &startup, settings, (peer, is_safe)).await?,
    };
    Ok(match known {
        Ok((proven, identity)) => Said::Who(proven, identity),
        Err(problem) => {
            Said::Refused(problem, Lang::of(startup.parameters.get("lc_messages").map_or("", String::as_str)))
        }
    })
}

type Judged<T> = Result<T, Problem>;

async fn known(
    front: &Postgres,
    wire: &mut Wire,
    startup: &Startup,
    settings: &mut Settings,
    (peer, is_safe): (IpAddr, bool),
) -> Result<Judged<(Proven, Identity)>, Broken> {
    negotiate(wire, startup)?;
    let given = |name: &str| startup.parameters.get(name).map_or("", String::as_str);
    let user = given("user").to_owned();
    if let Err(problem) = begin(settings, &startup.parameters) {
        return Ok(Err(problem));
    }
    let client = network(peer);
    let too_many = front.parts.wrong.are_too_many(client);
    let now = front.parts.clock.now();
    let challenge = match front.parts.credentials.challenge(&user, !too_many, now) {
        Ok(challenge) => challenge,
        Err(error) => return Ok(Err(Code::from(error).into())),
    };
    let proven = match challenge {
        Some(challenge) => scram(wire, &challenge).await?,
        None if is_safe => sent(front, wire, &user).await?,
        None => return Ok(Err(Own::NoVerifier.into())),
    };
    let held = proven.ok_or(AuthError::Unknown).and_then(|proven| {
        let identity = front.parts.credentials.holds(&proven, front.parts.clock.now())?;
        Ok((proven, identity))
    });
    let (proven, identity) = match held {
        Ok(held) => held,
        Err(AuthError::Unavailable) => return Ok(Err(Code::CredentialsUnavailable.into())),
        Err(error) => {
            front.parts.wrong.count(client);
            front.parts.counters.wrong_tokens.inc();
            let problem = match error {
                _ if too_many => Code::TooManyWrongTokens.into(),
                AuthError::Unknown => Own::WrongPassword.into(),
                other => Code::from(other).into(),
            };
            return Ok(Err(problem));
        }
    };
    if identity.role == Role::Reporter {
        return Ok(Err(Code::RoleCannotAsk.into()));
    }
    match given("database") {
        "" | "helan" => {}
        own if own == user => {}
        other => return Ok(Err(Problem::found(Own::Database, format!("{other:?}")))),
    }
    Ok(Ok((proven, identity)))
}

/// The settings that a first message brings, by name and in `options`.
fn begin(settings: &mut Settings, parameters: &BTreeMap<String, String>) -> Judged<()> {
    for (name, value) in parameters {
        match name.as_str() {
            "user" | "database" | "replication" => {}
            "options" => {
                for (name, value) in options(value) {
                    settings.begin(&name, &value)?;
                }
            }
            name if name.starts_with("_pq_.") => {}
            name => settings.begin(name, value)?,
        }
    }
    match parameters.get("replication").map_or("", String::as_str) {
        "" | "false" | "off" | "no" | "0" => Ok(()),
        _ => Err(Problem::found(Own::NotOffered, "replication")),
    }
}

/// `-c name=value --name=value`, with spaces and backslashes behind a backslash.
fn options(text: &str) -> Vec<(String, String)> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (space, _) if space.is_whitespace() => words.push(String::new()),
            (other, Some(word)) => word.push(other),
            (_, None) => {}
        }
    }
    let given = words.iter().map(|word| word.strip_prefix("-c").or(word.strip_prefix("--")).unwrap_or(word));
    given
        .filter_map(|word| word.split_once('='))
        .map(|(name, value)| (name.replace('-', "_"), value.to_owned()))
        .collect()
}

fn negotiate(wire: &mut Wire, startup: &Startup) -> Result<(), Broken> {
    if startup.protocol_number_major != 3 {
        return Err(Broken::Violated(format!("protocol {}", startup.protocol_number_major)));
    }
    let unknown: Vec<_> = startup.parameters.keys().filter(|name| name.starts_with("_pq_.")).cloned().collect();
    if startup.protocol_number_minor > 0 || !unknown.is_empty() {
        let newest = NegotiateProtocolVersion::new(ProtocolVersion::PROTOCOL3_0.into(), unknown);
        wire.put(&PgWireBackendMessage::NegotiateProtocolVersion(newest))?;
    }
    Ok(())
}

/// The whole token, where it cannot be read on the way.
async fn sent(front: &Postgres, wire: &mut Wire, user: &str) -> Result<Option<Proven>, Broken> {
    ask(wire, Authentication::CleartextPassword).await?;
    let token = layout::password(password(wire).await?)?.password;
    Ok(front.parts.credentials.sent(user, &token))
}

/// The exchange of RFC 5802. None where the proof is wrong.
async fn scram(wire: &mut Wire, challenge: &Challenge) -> Result<Option<Proven>, Broken> {
    ask(wire, Authentication::SASL(vec![SCRAM.to_owned()])).await?;
    let first = layout::sasl_first(password(wire).await?)?;
    let text = first.data.as_deref().and_then(|data| std::str::from_utf8(data).ok()).unwrap_or_default();
    let begun = First::read(text).filter(|_| first.auth_method == SCRAM);
    let Some(First { header, bare, nonce }) = begun else { return Err(Broken::Violated("SCRAM".to_owned())) };
    let mut own = [0_u8; 18];
    OsRng.try_fill_bytes(&mut own).map_err(std::io::Error::other)?;
    let nonce = nonce.to_owned() + &BASE64.encode(own);
    let ours = format!("r={nonce},s={},i={}", BASE64.encode(&challenge.salt), challenge.iterations);
    let (header, bare) = (BASE64.encode(header), bare.to_owned());
    ask(wire, Authentication::SASLContinue(ours.clone().into())).await?;
    let last = layout::sasl_last(password(wire).await?)?.data;
    let last = std::str::from_utf8(&last).unwrap_or_default();
    let Some((without, proof)) = last.rsplit_once(",p=") else { return Err(Broken::Violated("SCRAM".to_owned())) };
    if without != format!("c={header},r={nonce}") {
        return Ok(None);
    }
    let Ok(proof) = BASE64.decode(proof) else { return Ok(None) };
    let Some((signature, proven)) = challenge.judge(format!("{bare},{ours},{without}").as_bytes(), &proof) else {
        return Ok(None);
    };
    let signature = format!("v={}", BASE64.encode(signature));
    wire.put(&PgWireBackendMessage::Authentication(Authentication::SASLFinal(signature.into())))?;
    Ok(Some(proven))
}

/// A client's first message: `n,,n=,r=…`.
struct First<'a> {
    header: &'a str,
    bare: &'a str,
    nonce: &'a str,
}

impl<'a> First<'a> {
    fn read(text: &'a str) -> Option<Self> {
        // Binding to the channel is not offered, so a client that asks for it (`p=`) is not who it seems.
        let rest = text.strip_prefix("n,").or_else(|| text.strip_prefix("y,"))?;
        let bare = rest.split_once(',').filter(|(identity, _)| identity.is_empty() || identity.starts_with("a="))?.1;
        let header = &text[..text.len() - bare.len()];
        let nonce = bare.split(',').nth(1)?.strip_prefix("r=").filter(|nonce| !nonce.is_empty())?;
        bare.starts_with("n=").then_some(Self { header, bare, nonce })
    }
}

async fn ask(wire: &mut Wire, how: Authentication) -> Result<(), Broken> {
    wire.put(&PgWireBackendMessage::Authentication(how))?;
    wire.flush().await
}

async fn password(wire: &mut Wire) -> Result<PasswordMessageFamily, Broken> {
    match wire.next().await? {
        PgWireFrontendMessage::PasswordMessageFamily(message) => Ok(message),
        PgWireFrontendMessage::Terminate(_) => Err(Broken::Ended),
        _ => Err(Broken::Violated("no password".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_message_is_read_as_the_standard_says() {
        let first = First::read("n,,n=,r=abc").expect("one");
        assert_eq!((first.header, first.bare, first.nonce), ("n,,", "n=,r=abc", "abc"));
        assert_eq!(First::read("y,a=x,n=u,r=abc").expect("one").header, "y,a=x,");
        for wrong in
            ["", "n", "n,,", "n,,n=", "p=tls-server-end-point,,n=,r=abc", "n,,n=,r=", "n,x,n=,r=abc", "n,,m=,n=,r=a"]
        {
            assert!(First::read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn options_are_settings() {
        let read = options(r"-c helan.as_of=2019-08-30 --search-path=public -c application_name=a\ b");
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("helan.as_of", "2019-08-30"), ("search_path", "public"), ("application_name", "a b")]);
    }
}
