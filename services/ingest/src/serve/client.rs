//! Whose request it is, by address, and how many wrong tokens came from there.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName};
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{AuthError, Credentials};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Addresses that are remembered; beyond it those with the fewest wrong tokens are forgotten.
const REMEMBERED: usize = 16_384;
const MINUTE: f64 = 60e6;

/// What counts as one address: of IPv6 the network that one customer gets.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

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

/// Counts wrong tokens by address. Clones share the counts.
#[derive(Clone, Debug)]
pub(super) struct WrongTokens {
    credentials: Credentials,
    clock: Clock,
    a_minute: f64,
    /// Level of each address, and when it was that. It falls by `a_minute` a minute.
    levels: Arc<Mutex<HashMap<IpAddr, (f64, i64)>>>,
}

impl WrongTokens {
    pub(super) fn new(credentials: Credentials, clock: Clock, a_minute: u32) -> Self {
        Self { credentials, clock, a_minute: f64::from(a_minute), levels: Arc::default() }
    }

    /// What is known of a token without looking at the file for it.
    pub(super) fn judge(&self, authorization: &[u8]) -> Result<(), AuthError> {
        self.credentials.recognise(authorization, self.clock.now()).map(|_| ())
    }

    /// Whether a request is turned away unseen: too many wrong tokens came from its address, and this one is wrong too.
    /// A right one is let through, so that a stranger behind the same address locks nobody out. That tells no more than
    /// 401 does: a token is 256 bits of chance, and what is bounded is the work that wrong ones make.
    pub(super) fn turns_away(&self, client: IpAddr, judged: Result<(), AuthError>) -> bool {
        !matches!(judged, Ok(()) | Err(AuthError::Unavailable))
            && self.level(client, self.clock.steady()) >= self.a_minute
    }

    /// Counts a wrong token.
    pub(super) fn count(&self, client: IpAddr) {
        let now = self.clock.steady();
        let level = self.level(client, now);
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        if levels.len() >= REMEMBERED && !levels.contains_key(&client) {
            levels.retain(|_, (level, at)| self.fallen(*level, *at, now) > 0.0);
            if levels.len() >= REMEMBERED {
                let middle = self.a_minute / 2.0;
                levels.retain(|_, (level, at)| self.fallen(*level, *at, now) > middle);
            }
            if levels.len() >= REMEMBERED {
                levels.clear();
            }
        }
        levels.insert(client, (level + 1.0, now));
    }

    fn level(&self, client: IpAddr, now: i64) -> f64 {
        let levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        levels.get(&client).map_or(0.0, |(level, at)| self.fallen(*level, *at, now))
    }

    fn fallen(&self, level: f64, at: i64, now: i64) -> f64 {
        (level - (now - at).max(0) as f64 * self.a_minute / MINUTE).max(0.0)
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
    fn wrong_tokens_are_forgotten_in_a_minute() {
        let clock = Clock::manual(1_000_000_000);
        let folder = tempfile::tempdir().expect("a folder");
        let credentials = Credentials::open(folder.path().join("credentials.jsonl"));
        let tokens = WrongTokens::new(credentials, clock.clone(), 3);
        let wrong = tokens.judge(b"Bearer nonsense");
        assert_eq!(wrong, Err(AuthError::Malformed));
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..3 {
            assert!(!tokens.turns_away(one, wrong));
            tokens.count(one);
        }
        assert!(tokens.turns_away(one, wrong) && !tokens.turns_away(other, wrong));
        clock.set(clock.now() + 20_000_000);
        assert!(!tokens.turns_away(one, wrong));
        for n in 0..2 * REMEMBERED {
            tokens.count(IpAddr::from((n as u32).to_be_bytes()));
        }
        assert!(tokens.levels.lock().expect("not poisoned").len() <= REMEMBERED);
    }
}
