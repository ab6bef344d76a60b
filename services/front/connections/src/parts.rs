//! What every front end is built from.

use helan_query::desk::Desk;
use helan_runtime::clock::Clock;
use helan_runtime::credentials::{Credentials, WrongTokens};

use crate::{Connections, Counters, Limits, Tls};

/// The desk that is asked, who may ask it, and the connections that ask.
pub struct Parts {
    /// The desk.
    pub desk: Desk,
    /// Who may ask.
    pub credentials: Credentials,
    /// The time.
    pub clock: Clock,
    /// What is counted.
    pub counters: Counters,
    /// Where it is set, all connections are encrypted.
    pub tls: Option<Tls>,
    /// Wrong users and tokens of late.
    pub wrong: WrongTokens,
    /// The connections that are open.
    pub connections: Connections,
}

impl Parts {
    /// The parts of a front end that has no connections yet.
    pub fn new(
        desk: Desk,
        credentials: Credentials,
        clock: Clock,
        counters: Counters,
        tls: Option<Tls>,
        limits: &Limits,
    ) -> Self {
        let wrong = WrongTokens::new(clock.clone(), limits.wrong_tokens_per_minute);
        let connections = Connections::new(limits.connections, limits.connections_each);
        Self { desk, credentials, clock, counters, tls, wrong, connections }
    }
}
