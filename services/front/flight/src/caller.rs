//! Who calls: judged from the headers of each call, before anything of it is read.

use std::net::IpAddr;

use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use helan_connections::Lang;
use helan_query::desk::Moment;
use helan_runtime::credentials::{AuthError, Identity, Role, network};
use helan_schemas::refusal::Code;
use http::{HeaderMap, header};
use tonic::{Request, Status};

use crate::Flight;
use crate::problem::{Own, Problem, ToStatus};

/// Go's client leaves out the padding that the standard asks for.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// T of the names without `_as_of`, for every question of a client.
pub(crate) const AS_OF: &str = "helan-as-of";
/// R beside it.
pub(crate) const RECORDED: &str = "helan-recorded";

/// Who calls, and what its headers say.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    pub(crate) lang: Lang,
    pub(crate) as_of: Option<String>,
    pub(crate) recorded: Option<String>,
}

impl Caller {
    /// The caller of a request; each was given one when it was let in.
    pub(crate) fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let caller = request.extensions().get::<Self>().cloned();
        caller.ok_or_else(|| Problem::from(Code::TokenMissing).to_status(Lang::default()))
    }
}

/// The language that headers ask for.
pub(crate) fn lang_of(headers: &HeaderMap) -> Lang {
    headers.get(header::ACCEPT_LANGUAGE).and_then(|list| list.to_str().ok()).map_or_else(Lang::default, Lang::accepted)
}

/// A moment as a question has it.
pub(crate) fn moment(written: Option<&String>) -> Option<Moment> {
    written.map(|text| Moment::Written(text.clone()))
}

impl Flight {
    /// Judges a call by its headers.
    pub(crate) fn caller(&self, headers: &HeaderMap, peer: IpAddr) -> Result<Caller, Problem> {
        let authorization = headers.get(header::AUTHORIZATION).ok_or(Code::TokenMissing)?.as_bytes();
        let now = self.parts.clock.now();
        let client = network(peer);
        let given = basic(authorization);
        let bearer = match &given {
            // A user is named beside a token that names it too: both must agree.
            Some(Some((user, token))) => {
                self.parts.credentials.sent(user, token).map(|_| format!("Bearer {token}").into_bytes())
            }
            Some(None) => None,
            None => Some(authorization.to_vec()),
        };
        let judged = match &bearer {
            None => Err(AuthError::Unknown),
            // Who has sent too many wrong ones does not have the file read for each.
            Some(bearer) if self.parts.wrong.are_too_many(client) => self.parts.credentials.recognise(bearer, now),
            Some(bearer) => self.parts.credentials.authenticate(Some(bearer), now),
        };
        let identity = match judged {
            Ok(identity) => identity,
            Err(AuthError::Unavailable) => return Err(Code::CredentialsUnavailable.into()),
            Err(_) if self.parts.wrong.are_too_many(client) => {
                self.parts.counters.wrong_tokens.inc();
                return Err(Code::TooManyWrongTokens.into());
            }
            Err(error) => {
                self.parts.wrong.count(client);
                self.parts.counters.wrong_tokens.inc();
                return Err(match error {
                    AuthError::Unknown if given.is_some() => Own::WrongPassword.into(),
                    other => Code::from(other).into(),
                });
            }
        };
        if identity.role == Role::Reporter {
            return Err(Code::RoleCannotAsk.into());
        }
        let text = |name: &str| match headers.get(name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(Ok(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(Err(_)) => Err(Problem::from(Code::AsOfInvalid)),
        };
        Ok(Caller { identity, lang: lang_of(headers), as_of: text(AS_OF)?, recorded: text(RECORDED)? })
    }
}

/// User and password of `Basic …`; none within where they cannot be read.
pub(crate) fn basic(authorization: &[u8]) -> Option<Option<(String, String)>> {
    let (scheme, rest) = authorization.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let read = || {
        let text = String::from_utf8(BASE64.decode(rest.trim_ascii()).ok()?).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    };
    Some(read())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_read_as_the_standard_says() {
        let encoded = format!("Basic {}", BASE64.encode("bi:helan_bi_x:y"));
        assert_eq!(basic(encoded.as_bytes()), Some(Some(("bi".to_owned(), "helan_bi_x:y".to_owned()))));
        assert_eq!(basic(b"Basic YTpi"), basic(b"basic  YTpi "));
        assert_eq!(basic(b"Basic YTpiYg"), basic(b"Basic YTpiYg=="));
        assert_eq!(basic(b"Basic !"), Some(None));
        assert_eq!((basic(b"Bearer helan_bi_x"), basic(b"Basi")), (None, None));
    }
}
