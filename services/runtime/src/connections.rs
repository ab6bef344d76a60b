//! What is the same for the connections of every listener of a process, whatever is spoken on them.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Time that what is under way has to end after shutdown was asked for: longer than an append may take.
pub const DRAIN_TIME: Duration = Duration::from_secs(35);
/// Pause after a failed accept: the process is out of file descriptors, and asking again at once would only spin.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// After this silence the kernel asks whether the other side still lives, and after three unanswered questions it ends
/// the connection: those of machines that lost their power, and of crashed routers, must not fill the table.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);
const KEEP_ALIVE_QUESTIONS: u32 = 3;

/// Prepares a connection that was accepted: answers may be many small messages, and connections stand idle for hours.
///
/// # Errors
/// If the other side has gone already.
pub fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keep_alive = TcpKeepalive::new().with_time(KEEP_ALIVE_AFTER).with_interval(KEEP_ALIVE_EVERY);
    SockRef::from(stream).set_tcp_keepalive(&keep_alive.with_retries(KEEP_ALIVE_QUESTIONS))
}
