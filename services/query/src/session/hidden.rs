//! Shared values whose inside the compiler does not look through.
//!
//! Whether a future can be sent between threads is found by looking through all that it holds. Through a plan of SQL, with all
//! its expressions, that takes seconds, again for each future; most of the time that this crate and the front ends took to
//! build went there.

use std::ops::Deref;
use std::sync::{Arc, Weak};

/// A shared value.
pub(crate) struct Hidden<T: 'static>(Arc<dyn AsRef<T> + Send + Sync>);

/// A reference to a shared value that does not keep it.
pub(crate) struct WeakHidden<T: 'static>(Weak<dyn AsRef<T> + Send + Sync>);

struct Inside<T>(T);

impl<T> AsRef<T> for Inside<T> {
    fn as_ref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync> Hidden<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Arc::new(Inside(value)))
    }
}

impl<T> Hidden<T> {
    pub(crate) fn downgrade(&self) -> WeakHidden<T> {
        WeakHidden(Arc::downgrade(&self.0))
    }

    /// Whether the reference is to this value.
    pub(crate) fn is(&self, other: &WeakHidden<T>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.0), other.0.as_ptr())
    }
}

impl<T> Clone for Hidden<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Deref for Hidden<T> {
    type Target = T;

    fn deref(&self) -> &T {
        (*self.0).as_ref()
    }
}
