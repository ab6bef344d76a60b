//! Who a request is from, by its token.

use axum::http::{HeaderMap, HeaderValue, header};
use helan_runtime::credentials::{AuthError, Credentials, Identity};

/// The header with the token, as it was sent.
pub fn token(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes)
}

/// Whose the token is; `now` is in microseconds since the epoch.
///
/// # Errors
/// If the token is missing or invalid, or the credentials cannot be read now.
pub fn identity(credentials: &Credentials, headers: &HeaderMap, now: i64) -> Result<Identity, AuthError> {
    credentials.authenticate(token(headers), now)
}
