//! How many wrong tokens came from an address: what bounds the work that guessing makes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;

/// Addresses that are remembered; beyond it those with the fewest wrong tokens are forgotten.
const REMEMBERED: usize = 16_384;
const MINUTE: f64 = 60e6;

/// What counts as one address: of IPv6 the network that one customer gets.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// Counts wrong tokens by address. Clones share the counts.
#[derive(Clone, Debug)]
pub struct WrongTokens {
    clock: Clock,
    a_minute: f64,
    /// Level of each address, and when it was that. It falls by `a_minute` a minute.
    levels: Arc<Mutex<HashMap<IpAddr, (f64, i64)>>>,
}

impl WrongTokens {
    /// Wrong tokens that one address may send in a minute, unless said otherwise.
    pub const PER_MINUTE: u32 = 30;

    /// Counts that are forgotten at a rate.
    pub fn new(clock: Clock, a_minute: u32) -> Self {
        Self { clock, a_minute: f64::from(a_minute), levels: Arc::default() }
    }

    /// Whether too many came from an address.
    pub fn are_too_many(&self, client: IpAddr) -> bool {
        self.level(client, self.clock.steady()) >= self.a_minute
    }

    /// Counts a wrong token.
    pub fn count(&self, client: IpAddr) {
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
    fn wrong_tokens_are_forgotten_in_a_minute() {
        let clock = Clock::manual(1_000_000_000);
        let tokens = WrongTokens::new(clock.clone(), 3);
        let (one, other): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..3 {
            assert!(!tokens.are_too_many(one));
            tokens.count(one);
        }
        assert!(tokens.are_too_many(one) && !tokens.are_too_many(other));
        clock.set(clock.now() + 20_000_000);
        assert!(!tokens.are_too_many(one));
        for n in 0..2 * REMEMBERED {
            tokens.count(IpAddr::from((n as u32).to_be_bytes()));
        }
        assert!(tokens.levels.lock().expect("not poisoned").len() <= REMEMBERED);
    }
}
