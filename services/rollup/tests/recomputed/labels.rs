//! What is said of a number besides its digits: its releases, benchmarks and editions, which sums carry on.

use std::collections::BTreeSet;

/// The labels of everything that is in a number; an empty text where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    vintages: BTreeSet<String>,
    bases: BTreeSet<String>,
    editions: BTreeSet<String>,
}

impl Labels {
    pub(crate) fn of(vintage: Option<&str>, basis: Option<&str>, edition: Option<&str>) -> Self {
        let one = |text: Option<&str>| BTreeSet::from([text.unwrap_or_default().to_owned()]);
        Self { vintages: one(vintage), bases: one(basis), editions: one(edition) }
    }

    /// Those of a sum.
    pub(crate) fn of_parts<'l>(parts: impl IntoIterator<Item = &'l Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.vintages.extend(part.vintages.iter().cloned());
            all.bases.extend(part.bases.iter().cloned());
            all.editions.extend(part.editions.iter().cloned());
        }
        all
    }

    pub(crate) fn vintage(&self) -> Option<String> {
        shown(&self.vintages)
    }

    /// Rule 7: a number whose parts are on different benchmarks is on none of them.
    pub(crate) fn basis(&self) -> Option<String> {
        shown(&self.bases)
    }

    pub(crate) fn edition(&self) -> Option<String> {
        shown(&self.editions)
    }

    /// Why a whole with these labels is not compared with the sum of parts with those.
    pub(crate) fn residual_reason(&self, parts: &Self, linked: bool) -> Option<&'static str> {
        let one = |labels: &BTreeSet<String>| labels.first().filter(|label| !label.is_empty()).cloned();
        // A part that says no edition is of none, which is another one.
        let differs = |a: &BTreeSet<String>, b: &BTreeSet<String>| one(a).zip(one(b)).is_some_and(|(a, b)| a != b);
        if self.editions.len() > 1 || parts.editions.len() > 1 {
            Some("edition_mixed")
        } else if self.editions != parts.editions {
            Some("edition_differs")
        } else if self.bases.len() > 1 || parts.bases.len() > 1 {
            Some("basis_mixed")
        } else {
            (differs(&self.bases, &parts.bases) && !linked).then_some("basis_differs")
        }
    }
}

fn shown(labels: &BTreeSet<String>) -> Option<String> {
    match labels.len() {
        0 => None,
        1 => labels.first().filter(|label| !label.is_empty()).cloned(),
        _ => Some("mixed".to_owned()),
    }
}
