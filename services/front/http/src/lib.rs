//! What every HTTP listener has, whatever is answered on it: connections within bounds, TLS, wrong tokens counted by
//! address; who a request's token names; and the body, status and headers of an answer that says what is wrong.

mod bearer;
mod discard;
mod limits;
mod problem;
mod serve;

pub use bearer::{identity, token};
pub use discard::discard;
pub use limits::Limits;
pub use problem::{ErrorAnswer, ErrorBody, ErrorLine, PROBLEM, method_not_allowed, not_found, respond};
pub use serve::{HttpCounters, Listening, Tls, TlsError, serve};
