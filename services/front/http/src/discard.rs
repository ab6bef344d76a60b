//! Reads and discards unused request bodies.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures::StreamExt;

/// Reads the rest of a body that nobody wants, up to so many bytes and so long: a client that does not listen while it
/// sends then gets its answer instead of a reset connection.
pub async fn discard(mut stream: BodyDataStream, most: usize, time: Duration) {
    let mut left = most;
    let drain = async {
        while let Some(Ok(chunk)) = stream.next().await {
            left = match left.checked_sub(chunk.len()) {
                Some(left) => left,
                None => break,
            };
        }
    };
    // Whether it ends in time makes no difference: the answer is the same.
    let _ = tokio::time::timeout(time, drain).await;
}
