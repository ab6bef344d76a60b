//! Nodes of what one edition says, for a ratio whose parts are taken from one edition.

use crate::explain::facts::{Cell, Facts};
use crate::explain::node::Node;
use crate::explain::places::{DEPTH, get};
use crate::rows::Row;

impl Facts {
    /// What one edition says of a place's value: the report that it has, or the parts that are added up within it.
    pub(crate) fn in_edition(&self, cell: &Cell, edition: &str, role: &'static str) -> Node {
        self.in_edition_at(cell, edition, role, 0)
    }

    fn in_edition_at(&self, cell: &Cell, edition: &str, role: &'static str, depth: usize) -> Node {
        let group = self.groups.get(cell);
        let is_sum = group.or(self.areas.get(cell)).is_some_and(|row| get(row, "status") == "compiled");
        if !is_sum {
            return self.reports_in_edition(cell, edition, role);
        }
        let parts = match group {
            Some(_) => {
                let members = self.members.get(&(self.tree(&cell.1), cell.0.clone(), cell.2.clone()));
                names(members, |(member, outermost)| outermost.then_some(member))
            }
            None => {
                let end = self.areas.get(cell).map_or("", |row| get(row, "period_end")).to_owned();
                let below = self.below.get(&(self.tree(&cell.1), cell.0.clone(), end));
                names(below, |(relation, child)| (relation == "part_of").then_some(child))
            }
        };
        let kind = if group.is_some() { "group" } else { "area" };
        let mut node = self.of_edition(kind, cell, edition, role);
        node.status = "compiled".to_owned();
        node.formula = Some(format!("Σ {} ({} / {})", cell.1, parts.len(), parts.len()));
        node.rules = if group.is_some() { vec![3, 4, 5, 7, 10] } else { vec![3, 5, 7, 10] };
        if depth < DEPTH {
            let role = if group.is_some() { "member" } else { "child" };
            let part =
                |area: String| self.in_edition_at(&(area, cell.1.clone(), cell.2.clone()), edition, role, depth + 1);
            node.children = parts.into_iter().map(part).collect();
        }
        node
    }

    /// The reports behind a reported value, each as the edition has it.
    fn reports_in_edition(&self, cell: &Cell, edition: &str, role: &'static str) -> Node {
        let inputs = self.inputs.get(cell).map_or(&[][..], Vec::as_slice);
        let report = |input: &Row, role: &'static str| {
            let observed = (cell.0.clone(), cell.1.clone(), get(input, "input_period").to_owned());
            let events = self.events.get(&observed).map_or(&[][..], Vec::as_slice);
            let first = events.iter().map(|event| get(event, "known_at")).min().unwrap_or_default();
            // An edition's value is that of the reporter whose value counts; what counts itself comes first.
            let counting = events.iter().find(|event| get(event, "current") == "true");
            let reporter = counting.map_or("", |event| get(event, "reporter"));
            let is_of = |event: &&Row| {
                get(event, "edition") == edition
                    && get(event, "reporter") == reporter
                    && !event.contains_key("withdrawn_at")
            };
            let event = counting.filter(is_of).or_else(|| events.iter().find(is_of));
            event.map(|event| self.event(&observed, event, role, first))
        };
        if let [input] = inputs
            && matches!(role, "numerator" | "denominator")
            && let Some(event) = report(input, role)
        {
            return event;
        }
        let mut node = self.of_edition("area", cell, edition, role);
        node.status = "reported".to_owned();
        node.rules = vec![3, 6, 7];
        node.children = inputs.iter().filter_map(|input| report(input, "event")).collect();
        node
    }

    fn of_edition(&self, kind: &'static str, cell: &Cell, edition: &str, role: &'static str) -> Node {
        let rows = self.editions.get(cell).map_or(&[][..], Vec::as_slice);
        let row = rows.iter().find(|row| get(row, "edition") == edition);
        Node {
            value: row.and_then(|row| row.get("amount").cloned()),
            facts: vec![("edition", edition.to_owned())],
            ..self.node(kind, role, cell)
        }
    }
}

fn names<P>(parts: Option<&Vec<P>>, name: impl Fn(&P) -> Option<&String>) -> Vec<String> {
    parts.into_iter().flatten().filter_map(|part| name(part).cloned()).collect()
}
