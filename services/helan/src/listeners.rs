//! The addresses of a process, taken before it opens or starts anything: where one of them is another program's, the start
//! ends with that sentence and has done nothing.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::{TcpListener, TcpSocket};

use crate::fronts::Fronts;
use crate::serve::Settings;

/// Connections that the system keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// Addresses that no other program can take any more. Nobody can connect yet: a start may wait a minute for its log, and a
/// client is better refused than kept waiting.
pub(crate) struct Addresses {
    main: TcpSocket,
    operator: Option<TcpSocket>,
    postgres: Option<TcpSocket>,
    flight: Option<TcpSocket>,
}

/// Where clients connect.
pub(crate) struct Listeners {
    pub(crate) main: TcpListener,
    /// The operator's own, if there is one.
    pub(crate) operator: Option<TcpListener>,
    pub(crate) postgres: Option<TcpListener>,
    pub(crate) flight: Option<TcpListener>,
}

impl Addresses {
    /// Takes every address that the settings name.
    ///
    /// # Errors
    /// If one of them is taken, or is none of this machine.
    pub(crate) fn take(settings: &Settings) -> anyhow::Result<Self> {
        let Fronts { postgres_listen, flight_listen } = settings.fronts;
        let address = settings.listen;
        let main = take(address).with_context(|| format!("cannot listen on {address}"))?;
        let operator = settings
            .metrics_listen
            .map(|address| take(address).with_context(|| format!("cannot listen on {address} for metrics")));
        let postgres = postgres_listen
            .map(|address| take(address).with_context(|| format!("cannot listen on {address} (--postgres-listen)")));
        let flight = flight_listen
            .map(|address| take(address).with_context(|| format!("cannot listen on {address} (--flight-listen)")));
        Ok(Self { main, operator: operator.transpose()?, postgres: postgres.transpose()?, flight: flight.transpose()? })
    }

    /// Lets clients connect.
    ///
    /// # Errors
    /// If the system lets nobody listen there.
    pub(crate) fn listen(self) -> anyhow::Result<Listeners> {
        Ok(Listeners {
            main: listen(self.main)?,
            operator: self.operator.map(listen).transpose()?,
            postgres: self.postgres.map(listen).transpose()?,
            flight: self.flight.map(listen).transpose()?,
        })
    }
}

fn take(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A service that was just ended leaves connections behind, which keep the address for minutes otherwise.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    // As long as nobody listens, two that both say so may have one address.
    socket.set_reuseaddr(false)?;
    Ok(socket)
}

fn listen(socket: TcpSocket) -> anyhow::Result<TcpListener> {
    let address = socket.local_addr()?;
    socket.set_reuseaddr(true)?;
    socket.listen(BACKLOG).with_context(|| format!("cannot listen on {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_is_taken_before_anybody_can_connect_to_it() {
        let taken = take("127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let address = taken.local_addr().expect("its address");
        assert_eq!(take(address).expect_err("it is taken").kind(), std::io::ErrorKind::AddrInUse);
        assert!(tokio::net::TcpStream::connect(address).await.is_err(), "it does not listen yet");
        let listener = listen(taken).expect("nobody else has it");
        assert!(tokio::net::TcpStream::connect(address).await.is_ok());
        assert_eq!(take(address).expect_err("it is taken").kind(), std::io::ErrorKind::AddrInUse);
        drop(listener);
    }
}
