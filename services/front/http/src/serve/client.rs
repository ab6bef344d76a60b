//! Whose request it is, by address, and how many wrong tokens came from there.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{AuthError, Credentials, WrongTokens as Counted, network};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The address of a request's client. Behind a proxy it is the last one of `X-Forwarded-For`, which that proxy wrote;
/// what stands before it is the client's own claim. Without a proxy all of it is.
pub(super) fn client_of(headers: &HeaderMap, peer: IpAddr, behind_proxy: bool) -> IpAddr {
    if !behind_proxy {
        return network(peer);
    }
    let last = headers.get_all(FORWARDED_FOR).iter().next_back().and_then(|value| value.to_str().ok());
    let last = last.and_then(|text| text.rsplit(',').next()).map(str::trim);
    let parsed = last.and_then(|text| {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
    });
    network(parsed.unwrap_or(peer))
}

/// Judges tokens and counts wrong ones by address. Clones share the counts.
#[derive(Clone, Debug)]
pub(super) struct WrongTokens {
    credentials: Credentials,
    clock: Clock,
    counted: Counted,
}

impl WrongTokens {
    pub(super) fn new(credentials: Credentials, clock: Clock, a_minute: u32) -> Self {
        let counted = Counted::new(clock.clone(), a_minute);
        Self { credentials, clock, counted }
    }

    /// What is known of a token without looking at the file for it.
    pub(super) fn judge(&self, authorization: &[u8]) -> Result<(), AuthError> {
        self.credentials.recognise(authorization, self.clock.now()).map(|_| ())
    }

    /// Whether a request is turned away unseen: too many wrong tokens came from its address, and this one is wrong too.
    /// A right one is let through, so that a stranger behind the same address locks nobody out. That tells no more than
    /// 401 does: no token can be guessed ([`helan_runtime::credentials`]); what is bounded is the work that wrong ones make.
    pub(super) fn turns_away(&self, client: IpAddr, judged: Result<(), AuthError>) -> bool {
        !matches!(judged, Ok(()) | Err(AuthError::Unavailable)) && self.counted.are_too_many(client)
    }

    /// Counts a wrong token.
    pub(super) fn count(&self, client: IpAddr) {
        self.counted.count(client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hop_is_the_proxys_word() {
        let peer: IpAddr = "10.0.0.1".parse().expect("an address");
        let client = |lines: &[&str], behind_proxy| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, line.parse().expect("a value"));
            }
            client_of(&headers, peer, behind_proxy).to_string()
        };
        assert_eq!(client(&["203.0.113.7"], false), "10.0.0.1");
        assert_eq!(client(&["203.0.113.7"], true), "203.0.113.7");
        assert_eq!(client(&["1.1.1.1, 203.0.113.7"], true), "203.0.113.7");
        assert_eq!(client(&["1.1.1.1", "203.0.113.7"], true), "203.0.113.7");
        assert_eq!(client(&["203.0.113.7:5050"], true), "203.0.113.7");
        assert_eq!(client(&["[2001:db8:1:2:3::4]:5050"], true), "2001:db8:1:2::");
        assert_eq!(client(&["[2001:db8:1:2:3::4]"], true), "2001:db8:1:2::");
        assert_eq!(client(&["::ffff:203.0.113.7"], true), "203.0.113.7");
        assert_eq!(client(&["unknown"], true), "10.0.0.1");
        assert_eq!(client(&[], true), "10.0.0.1");
    }

    #[test]
    fn only_wrong_tokens_are_turned_away_and_only_after_too_many() {
        let clock = Clock::manual(1_000_000_000);
        let folder = tempfile::tempdir().expect("a folder");
        let credentials = Credentials::open(folder.path().join("credentials.jsonl"));
        let tokens = WrongTokens::new(credentials, clock, 1);
        let wrong = tokens.judge(b"Bearer nonsense");
        assert_eq!(wrong, Err(AuthError::Malformed));
        let one: IpAddr = [10, 0, 0, 1].into();
        assert!(!tokens.turns_away(one, wrong));
        tokens.count(one);
        assert!(tokens.turns_away(one, wrong) && !tokens.turns_away(one, Ok(())));
        assert!(!tokens.turns_away(one, Err(AuthError::Unavailable)));
    }
}
