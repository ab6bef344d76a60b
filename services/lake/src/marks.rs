//! Digests by which a table recognises the log that it was filled from.
//!
//! An offset is a number: another log, an older copy that has grown, topics that were made anew have records at the same
//! numbers. So a commit that moves a partition's offset also keeps digests of two records that lie before it: of the
//! last one, and of an anchor, which was the last one some seconds ago, in case the log is replaced while it is read.
//!
//! They stand beside the offset as two further transactions, `…/digest` and `…/anchor`. A transaction has one number, so
//! it holds the low bits of the record's digest and of its offset. Where an earlier build has moved the offset on alone,
//! the low bits differ from those of the stored offset, and the marks are ignored.

use crate::error::LakeError;
use crate::snapshot::TableSnapshot;
use crate::tip::TableTip;

/// Bits of the offset; the others hold the digest. An anchor lies less than a million records back.
const OFFSET_BITS: u32 = 20;
const OFFSET_MASK: i64 = (1 << OFFSET_BITS) - 1;
const DIGEST_MASK: i64 = (1 << (63 - OFFSET_BITS)) - 1;

/// A record of one partition, and 43 bits of its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its offset.
    pub offset: i64,
    digest: i64,
}

impl Mark {
    /// A record with the digest that the log gives it.
    pub fn new(offset: i64, digest: i64) -> Self {
        Self { offset, digest: digest & DIGEST_MASK }
    }

    /// Whether a digest that the log gives is that of this record.
    pub fn fits(self, digest: i64) -> bool {
        self.digest == digest & DIGEST_MASK
    }

    fn pack(self) -> i64 {
        self.digest << OFFSET_BITS | self.offset & OFFSET_MASK
    }

    /// The mark at the nearest offset before `next`.
    fn unpack(packed: i64, next: i64) -> Self {
        let back = (next - 1 - packed) & OFFSET_MASK;
        Self { offset: next - 1 - back, digest: packed >> OFFSET_BITS }
    }
}

/// The marks of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The record before the stored offset.
    pub last: Mark,
    /// An earlier one, or the same.
    pub anchor: Mark,
}

/// Names of their transactions, after the offset's own.
const LAST: &str = "digest";
const ANCHOR: &str = "anchor";

impl Marks {
    /// The marks of a commit whose last record is `last`; an anchor too far back is given up.
    pub fn new(last: Mark, anchor: Option<Mark>) -> Self {
        let near = |anchor: &Mark| (0..=OFFSET_MASK).contains(&(last.offset - anchor.offset));
        Self { last, anchor: anchor.filter(near).unwrap_or(last) }
    }

    pub(crate) fn txns(self, app_id: &str) -> [(String, i64); 2] {
        [(LAST, self.last), (ANCHOR, self.anchor)].map(|(name, mark)| (format!("{app_id}/{name}"), mark.pack()))
    }

    fn read(next: i64, last: Option<i64>, anchor: Option<i64>) -> Option<Self> {
        let last = Mark::unpack(last.filter(|packed| *packed >= 0)?, next);
        (last.offset == next - 1).then(|| Self { last, anchor: Mark::unpack(anchor.unwrap_or(last.pack()), next) })
    }
}

/// Transactions that clear the marks of an offset.
pub(crate) fn none(app_id: &str) -> impl Iterator<Item = (String, i64)> {
    [LAST, ANCHOR].into_iter().map(move |name| (format!("{app_id}/{name}"), -1))
}

impl TableSnapshot {
    /// The marks beside an application id whose version is `next`; none of a table that an earlier build wrote last.
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub async fn marks(&self, app_id: &str, next: i64) -> Result<Option<Marks>, LakeError> {
        let last = self.txn(&format!("{app_id}/{LAST}")).await?;
        Ok(Marks::read(next, last, self.txn(&format!("{app_id}/{ANCHOR}")).await?))
    }
}

impl TableTip {
    /// As [`TableSnapshot::marks`].
    ///
    /// # Errors
    /// If the table's log cannot be read.
    pub async fn marks(&self, app_id: &str, next: i64) -> Result<Option<Marks>, LakeError> {
        let last = self.txn(&format!("{app_id}/{LAST}")).await?;
        Ok(Marks::read(next, last, self.txn(&format!("{app_id}/{ANCHOR}")).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_while_the_offset_is_theirs() {
        let digest = i64::MAX / 3;
        for next in [1, 2, 1 << 20, (1 << 20) + 1, 5_000_000_000] {
            for back in [0, 1, 77, OFFSET_MASK, OFFSET_MASK + 1] {
                let (last, anchor) = (Mark::new(next - 1, digest), Mark::new(next - 1 - back, 99));
                let marks = Marks::new(last, Some(anchor).filter(|anchor| anchor.offset >= 0));
                let [(_, a), (_, b)] = marks.txns("p");
                assert!(a >= 0 && b >= 0);
                assert_eq!(Marks::read(next, Some(a), Some(b)), Some(marks), "{next} {back}");
                let kept = back <= OFFSET_MASK && anchor.offset >= 0;
                assert_eq!(marks.anchor, if kept { anchor } else { last });
                // An earlier build has moved the offset on, and left the marks where they were.
                assert_eq!(Marks::read(next + 3, Some(a), Some(b)), None);
            }
        }
        assert!(Mark::new(7, digest).fits(digest) && !Mark::new(7, digest).fits(digest + 1));
        assert_eq!(Marks::read(4, None, None), None);
        let absent: Vec<_> = none("p").map(|(_, packed)| packed).collect();
        assert!((1..1 << 21).all(|next| Marks::read(next, Some(absent[0]), Some(absent[1])).is_none()));
    }
}
