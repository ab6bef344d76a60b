//! The other path, editions: what a figure is in each edition in which every report behind it has a value.

use std::collections::BTreeMap;

use crate::history::{EDITIONS, Event};
use crate::labels::Labels;
use crate::model::{Cell, Model, cell, id, last_digit, report};
use crate::places::Figure;

/// A figure within an edition.
#[derive(Clone, Debug)]
pub(crate) struct InEdition {
    pub(crate) amount: i128,
    /// What one in the last digits is worth, together.
    pub(crate) last_digit: i128,
    pub(crate) labels: Labels,
    pub(crate) estimated: bool,
}

impl Model<'_> {
    /// Each report in the figure is replaced by that of the edition; an edition that lacks one says nothing of the figure.
    pub(crate) fn within_editions(&self, figure: Option<&Figure>) -> BTreeMap<&'static str, InEdition> {
        let Some(figure) = figure.filter(|figure| figure.complete && figure.value.is_some()) else {
            return BTreeMap::new();
        };
        if self.standing.iter().all(|event| report(event).edition.is_none()) {
            return BTreeMap::new();
        }
        let events = self.standing.iter().filter(|event| figure.events.contains(&id(event)));
        let said: Vec<BTreeMap<&'static str, &Event>> = events
            .map(|event| self.in_editions(&cell(report(event).area, report(event).indicator, &report(event).period)))
            .collect();
        let of = |edition: &'static str| {
            let reports: Vec<&Event> = said.iter().filter_map(|of| of.get(edition).copied()).collect();
            let labels: Vec<Labels> = reports.iter().map(|event| self.labels(event)).collect();
            let amounts: Vec<i128> = reports.iter().filter_map(|event| report(event).amount).collect();
            let sum = InEdition {
                amount: amounts.iter().sum(),
                last_digit: amounts.iter().copied().map(last_digit).sum(),
                labels: Labels::of_parts(&labels),
                estimated: reports.iter().any(|event| report(event).status == "E"),
            };
            (!reports.is_empty() && reports.len() == said.len()).then_some((edition, sum))
        };
        EDITIONS.iter().filter_map(|(edition, _)| of((*edition)?)).collect()
    }

    /// The newest amount of a cell in each edition, by the reporter whose value counts.
    fn in_editions(&self, cell: &Cell) -> BTreeMap<&'static str, &Event> {
        let newest = self.newest_by(cell, |event| report(event).edition);
        newest.into_iter().filter_map(|(edition, event, _)| Some((edition?, event))).collect()
    }
}

/// When an edition came out.
pub(crate) fn published(edition: &str) -> u16 {
    EDITIONS.iter().find(|(id, _)| *id == Some(edition)).map_or(0, |(_, year)| *year)
}
