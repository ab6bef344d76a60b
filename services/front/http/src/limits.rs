//! What the connections of one listener may use.

use std::time::Duration;

use helan_runtime::credentials::WrongTokens;

/// The limits. The defaults are the documented ones; tests use smaller ones.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time for a request's headers, also the first ones of a connection that stands idle.
    pub header_timeout: Duration,
    /// Connections at a time of one listener, and half of the files that the process may open at most. Beyond it an idle
    /// one makes room; if all are at work, only probes are answered.
    pub connections: usize,
    /// Of these, connections of one address, or of one IPv6 network of 64 bits; not looked at behind a proxy, whose
    /// connections all are.
    pub connections_each: usize,
    /// Wrong tokens from one address in a minute; beyond it wrong ones are answered 429 unseen, right ones are taken.
    pub wrong_tokens_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(15),
            connections: 1024,
            connections_each: 256,
            wrong_tokens_per_minute: WrongTokens::PER_MINUTE,
        }
    }
}
