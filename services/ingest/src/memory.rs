//! Memory for requests, counted in bytes and in shares: what one credential holds never takes the room of another.

use std::collections::HashMap;
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use helan_schemas::refusal::Code;

use crate::problems::Problems;

/// The first capacity of a growing buffer; it doubles from there.
const FIRST: usize = 8 * 1024;
/// How much is unpacked at once.
const CHUNK: usize = 64 * 1024;

/// Memory for bodies and for what is made of them, shared by all requests.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Arc<Pool>);

#[derive(Debug)]
struct Pool {
    total: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    all: usize,
    each: HashMap<Arc<str>, usize>,
}

impl Memory {
    /// So many bytes.
    pub(crate) fn new(total: usize) -> Self {
        Self(Arc::new(Pool { total, used: Mutex::default() }))
    }

    /// The share of one request of a credential.
    pub(crate) fn share(&self, credential: &Arc<str>) -> Share {
        Share { of: Some((self.0.clone(), credential.clone())), held: AtomicUsize::new(0) }
    }
}

impl Pool {
    /// A credential may hold as much as it leaves free: half of what the others leave. So there is room for the next
    /// one, however much each of them wants.
    fn take(&self, credential: &Arc<str>, bytes: usize) -> Result<(), Code> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let own = used.each.get(credential).copied().unwrap_or(0);
        let all = used.all.saturating_add(bytes);
        if own.saturating_add(bytes) > self.total.saturating_sub(all) {
            // Who holds something already has to send fewer at a time; for others the service is full.
            return Err(if own == 0 { Code::Busy } else { Code::TooManyRequests });
        }
        used.all = all;
        *used.each.entry(credential.clone()).or_default() += bytes;
        Ok(())
    }

    fn give_back(&self, credential: &Arc<str>, bytes: usize) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.all -= bytes;
        if let Some(own) = used.each.get_mut(credential) {
            *own -= bytes;
            if *own == 0 {
                used.each.remove(credential);
            }
        }
    }
}

/// What one request holds. All of it is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    /// None = not counted: a file on the sender's own machine.
    of: Option<(Arc<Pool>, Arc<str>)>,
    held: AtomicUsize,
}

impl Share {
    /// A share without a bound, for files that are checked before they are sent.
    pub(crate) fn unbounded() -> Self {
        Self { of: None, held: AtomicUsize::new(0) }
    }

    /// Counts bytes that are about to be used.
    ///
    /// # Errors
    /// There is no room for them; nothing was counted.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Problems> {
        let Some((pool, credential)) = &self.of else { return Ok(()) };
        pool.take(credential, bytes).map_err(|code| Problems::one(code, ""))?;
        self.held.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Appends to a buffer that will hold `most` bytes at most. Capacity is counted before it grows, and grows with
    /// what has come, never with what was announced.
    pub(crate) fn append(&self, buffer: &mut Vec<u8>, more: &[u8], most: usize) -> Result<(), Problems> {
        let needed = buffer.len() + more.len();
        if needed > buffer.capacity() {
            let capacity = (2 * buffer.capacity()).max(FIRST).min(most).max(needed);
            self.take(capacity - buffer.capacity())?;
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(more);
        Ok(())
    }

    /// Unpacks a reader up to `most` bytes and one more, which tells a text at the bound from one beyond it; `judge`
    /// may end it earlier by what there is.
    pub(crate) fn unpack(
        &self,
        mut reader: impl Read,
        most: usize,
        broken: impl Fn(std::io::Error) -> Problems,
        judge: impl Fn(usize) -> Result<(), Problems>,
    ) -> Result<Vec<u8>, Problems> {
        let mut out = Vec::new();
        let mut chunk = vec![0_u8; CHUNK];
        loop {
            let read = reader.read(&mut chunk).map_err(&broken)?;
            if read == 0 {
                return Ok(out);
            }
            let read = read.min(most + 1 - out.len());
            self.append(&mut out, &chunk[..read], most + 1)?;
            judge(out.len())?;
            if out.len() > most {
                return Ok(out);
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some((pool, credential)) = &self.of {
            pool.give_back(credential, self.held.load(Ordering::Relaxed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<(), Problems>) -> Option<Code> {
        result.err().map(|problems| problems.code())
    }

    #[test]
    fn however_much_others_hold_there_is_room_for_the_next() {
        let memory = Memory::new(1_000_000);
        let mut held = Vec::new();
        for name in 0..10 {
            let share = memory.share(&format!("sender-{name}").into());
            let mut own = 0;
            while share.take(100).is_ok() {
                own += 100;
            }
            assert!((400..=500_000).contains(&own), "{name}: {own}");
            held.push(share);
        }
        let last = memory.share(&"last".into());
        assert_eq!(code(last.take(1_000_000)), Some(Code::Busy));
        drop(held);
        assert_eq!(code(last.take(500_000)), None);
        assert_eq!(code(last.take(1)), Some(Code::TooManyRequests));
        drop(last);
        let used = memory.0.used.lock().expect("not poisoned");
        assert!(used.all == 0 && used.each.is_empty(), "{used:?}");
    }

    #[test]
    fn requests_of_one_credential_have_one_share() {
        let memory = Memory::new(100);
        let (one, two) = (memory.share(&"a".into()), memory.share(&"a".into()));
        assert_eq!(code(one.take(30)), None);
        assert_eq!(code(two.take(30)), Some(Code::TooManyRequests));
        assert_eq!(code(two.take(20)), None);
        drop(one);
        assert_eq!(code(two.take(30)), None);
    }

    #[test]
    fn a_buffer_counts_what_it_holds_not_how_it_came() {
        let memory = Memory::new(400_000);
        let share = memory.share(&"a".into());
        let mut buffer = Vec::new();
        for _ in 0..100_000 {
            share.append(&mut buffer, b"x", 100_000).expect("room");
        }
        assert_eq!((buffer.len(), buffer.capacity()), (100_000, 100_000));
        assert_eq!(share.held.load(Ordering::Relaxed), 100_000);
    }

    #[test]
    fn what_is_unpacked_is_counted_as_it_grows() {
        let memory = Memory::new(1_000_000);
        let share = memory.share(&"a".into());
        let broken = |error: std::io::Error| Problems::one(Code::GzipInvalid, error);
        let endless = share.unpack(std::io::repeat(b'x'), 1 << 30, broken, |_| Ok(()));
        assert_eq!(endless.map(|_| ()).map_err(|problems| problems.code()), Err(Code::TooManyRequests));
        let few = memory.share(&"b".into()).unpack(&b"four"[..], 3, broken, |_| Ok(())).expect("room");
        assert_eq!(few, b"four");
    }
}
