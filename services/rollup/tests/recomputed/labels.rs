//! What is said of a number besides its digits: its releases and its benchmarks, which sums carry on.

use std::collections::BTreeSet;

/// The labels of everything that is in a number; an empty text where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    vintages: BTreeSet<String>,
    bases: BTreeSet<String>,
}

impl Labels {
    pub(crate) fn of(vintage: Option<&str>, basis: Option<&str>) -> Self {
        let one = |text: Option<&str>| BTreeSet::from([text.unwrap_or_default().to_owned()]);
        Self { vintages: one(vintage), bases: one(basis) }
    }

    /// Those of a sum.
    pub(crate) fn of_parts<'l>(parts: impl IntoIterator<Item = &'l Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.vintages.extend(part.vintages.iter().cloned());
            all.bases.extend(part.bases.iter().cloned());
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
}

fn shown(labels: &BTreeSet<String>) -> Option<String> {
    match labels.len() {
        0 => None,
        1 => labels.first().filter(|label| !label.is_empty()).cloned(),
        _ => Some("mixed".to_owned()),
    }
}
