//! Nodes of areas, groups, periods and events: from the rows of the views down to the reports.

use crate::explain::facts::{Cell, Facts};
use crate::explain::node::Node;
use crate::rows::Row;

/// Deeper than any tree that the views add up: a catalog whose relations ran in a circle would end here.
pub(crate) const DEPTH: usize = 12;

pub(crate) fn get<'r>(row: &'r Row, name: &str) -> &'r str {
    row.get(name).map_or("", String::as_str)
}

/// The facts of a row under their columns' names, those that are there.
pub(crate) fn facts(row: &Row, names: &[&'static str]) -> Vec<(&'static str, String)> {
    names.iter().filter_map(|name| Some((*name, row.get(*name)?.clone()))).collect()
}

impl Facts {
    /// A node with its names and unit, and nothing else yet.
    pub(crate) fn node(&self, kind: &'static str, role: &'static str, cell: &Cell) -> Node {
        let (name_zh, name_en) = self.names.get(&cell.0).cloned().unwrap_or((cell.0.clone(), cell.0.clone()));
        let unknown = Row::new();
        let indicator = self.indicators.get(&cell.1).unwrap_or(&unknown);
        Node {
            kind,
            role,
            ref_area: cell.0.clone(),
            name_zh,
            name_en,
            indicator: cell.1.clone(),
            indicator_zh: get(indicator, "name_zh").to_owned(),
            indicator_en: get(indicator, "name_en").to_owned(),
            unit_zh: get(indicator, "unit_zh").to_owned(),
            unit_en: get(indicator, "unit_en").to_owned(),
            time_period: cell.2.clone(),
            ..Node::default()
        }
    }

    /// The tree below an area or a group.
    pub(crate) fn place(&self, cell: &Cell, role: &'static str) -> Node {
        self.place_at(cell, role, 0)
    }

    fn place_at(&self, cell: &Cell, role: &'static str, depth: usize) -> Node {
        if let Some(row) = self.groups.get(cell) {
            return self.group(cell, row, role, depth);
        }
        match self.areas.get(cell) {
            Some(row) => self.area(cell, row, role, depth),
            // Beside a value that is there nothing is missing: the child has just no figure to compare.
            None if role == "cross_check" => {
                Node { status: "no_figure".to_owned(), rules: vec![3], ..self.node("nothing", role, cell) }
            }
            // That it is missing makes the sum above partial.
            None => Node {
                status: "missing".to_owned(),
                marks: vec!["missing"],
                rules: vec![3],
                ..self.node("nothing", role, cell)
            },
        }
    }

    fn area(&self, cell: &Cell, row: &Row, role: &'static str, depth: usize) -> Node {
        let mut node = self.node("area", role, cell);
        node.value = row.get("value").cloned();
        node.status = get(row, "status").to_owned();
        node.marks = marks(row);
        node.facts = facts(
            row,
            &[
                "reported",
                "compiled",
                "residual",
                "residual_reason",
                "coverage_reported",
                "coverage_expected",
                "months_reported",
                "vintage",
                "basis",
                "edition",
                "missing_zh",
                "missing_en",
            ],
        );
        // Who reported nothing is missing from a sum, not from a figure of the area's own.
        if row.contains_key("reported") {
            node.facts.retain(|(name, _)| !name.starts_with("missing_"));
        }
        node.rules = vec![3, 5, 10];
        let own_value = self.over_areas(&cell.1) == "own_value";
        if own_value {
            node.rules.push(2);
        }
        let key = (self.tree(&cell.1), cell.0.clone(), get(row, "period_end").to_owned());
        let below = self.below.get(&key).map_or(&[][..], Vec::as_slice);
        // What lies within for every indicator may be a part for this one.
        let is_part = |area: &String| below.iter().any(|(relation, child)| relation == "part_of" && child == area);
        let inside = below.iter().filter(|(relation, child)| relation == "within" && !is_part(child));
        let inside: Vec<&str> = inside.map(|(_, child)| child.as_str()).collect();
        if !inside.is_empty() {
            node.rules.push(4);
            node.facts.push(("within_not_added", inside.join(", ")));
        }
        let reported = row.contains_key("reported");
        if let Some(period) = self.periods.get(cell) {
            node.children.push(self.period(cell, period));
        }
        let children = below.iter().filter(|(relation, _)| relation == "part_of").map(|(_, child)| child);
        let combines = !matches!(self.over_areas(&cell.1), "none" | "");
        if row.contains_key("compiled") && combines && depth < DEPTH {
            if !reported && !own_value {
                node.formula = Some(format!(
                    "Σ {} ({} / {})",
                    cell.1,
                    get(row, "children_reported"),
                    get(row, "children_expected")
                ));
                self.attribution(&mut node);
            }
            let role = if reported || own_value { "cross_check" } else { "child" };
            for child in children {
                let child = (child.clone(), cell.1.clone(), cell.2.clone());
                node.children.push(self.place_at(&child, role, depth + 1));
            }
        }
        if let Some(residual) = row.get("residual").filter(|_| reported) {
            let (whole, parts) = (get(row, "reported"), get(row, "compiled"));
            node.formula = Some(format!("reported {whole} = compiled {parts} + residual {residual}"));
            node.formula_zh = Some(format!("报送值 {whole} = 各部分合计 {parts} + 差额 {residual}"));
            node.children.push(Node {
                value: Some(residual.clone()),
                status: if own_value { "difference" } else { "residual" }.to_owned(),
                rules: if own_value { vec![2, 3] } else { vec![3, 11] },
                ..self.node("residual", "residual", cell)
            });
        }
        // Between two editions or benchmarks lies more than what has no reports behind it.
        node.children.extend(self.no_residual(cell, row));
        node.rules.sort_unstable();
        node
    }

    pub(crate) fn tree(&self, indicator: &str) -> String {
        self.trees.get(indicator).cloned().unwrap_or_default()
    }

    fn group(&self, cell: &Cell, row: &Row, role: &'static str, depth: usize) -> Node {
        let mut node = self.node("group", role, cell);
        node.value = row.get("value").cloned();
        node.status = get(row, "status").to_owned();
        node.marks = marks(row);
        node.facts = facts(
            row,
            &[
                "reported",
                "compiled",
                "residual",
                "residual_reason",
                "coverage_reported",
                "coverage_expected",
                "vintage",
                "basis",
                "edition",
                "missing_zh",
                "missing_en",
            ],
        );
        node.rules = vec![3, 4, 5, 10];
        let reported = row.contains_key("reported");
        if reported {
            node.facts.retain(|(name, _)| !name.starts_with("missing_"));
        }
        if !reported && row.contains_key("value") {
            node.formula =
                Some(format!("Σ {} ({} / {})", cell.1, get(row, "coverage_reported"), get(row, "coverage_expected")));
            self.attribution(&mut node);
        }
        if let Some(period) = self.periods.get(cell) {
            node.children.push(self.period(cell, period));
        }
        let added = row.contains_key("value");
        for (member, outermost) in
            self.members.get(&(self.tree(&cell.1), cell.0.clone(), cell.2.clone())).into_iter().flatten()
        {
            let role = match (outermost, reported) {
                (false, _) => "listed",
                (true, true) => "cross_check",
                (true, false) if added => "member",
                (true, false) => "listed",
            };
            if depth < DEPTH {
                let member = (member.clone(), cell.1.clone(), cell.2.clone());
                node.children.push(self.place_at(&member, role, depth + 1));
            }
        }
        node.children.extend(self.no_residual(cell, row));
        node
    }

    /// Why a whole that was reported is not compared with its parts.
    fn no_residual(&self, cell: &Cell, row: &Row) -> Option<Node> {
        let reason = row.get("residual_reason")?;
        Some(Node { status: reason.clone(), rules: vec![3, 7], ..self.node("residual", "residual", cell) })
    }

    /// The reported value of a period: from one observation or from several.
    fn period(&self, cell: &Cell, row: &Row) -> Node {
        let mut node = self.node("period", "reported", cell);
        node.value = row.get("amount").cloned();
        let method = get(row, "method");
        node.status = method.to_owned();
        node.facts = facts(
            row,
            &["months_reported", "months_expected", "origin_period", "obs_status", "vintage", "basis", "edition"],
        );
        node.rules = vec![6, 7];
        if matches!(method, "partial" | "carried") {
            node.marks.push(if method == "partial" { "partial" } else { "carried" });
        }
        let inputs = self.inputs.get(cell).map_or(&[][..], Vec::as_slice);
        if inputs.len() > 1 {
            node.formula = Some(format!("Σ {} ({})", method, inputs.len()));
        }
        for input in inputs {
            let observed = (cell.0.clone(), cell.1.clone(), get(input, "input_period").to_owned());
            let events = self.events.get(&observed).map_or(&[][..], Vec::as_slice);
            // The event that counts first, then those that it stands before.
            let first = events.iter().map(|event| get(event, "known_at")).min().unwrap_or_default();
            let (counts, others): (Vec<&Row>, Vec<&Row>) =
                events.iter().partition(|event| get(event, "current") == "true");
            let reporters: std::collections::BTreeSet<&str> =
                events.iter().map(|event| get(event, "reporter")).collect();
            for event in counts {
                let mut counted = self.event(&observed, event, "event", first);
                if reporters.len() > 1 {
                    counted.rules.push(12);
                    counted.rules.sort_unstable();
                }
                for other in &others {
                    let mut other_node = self.event(&observed, other, "not_counted", first);
                    let mark = if other.contains_key("withdrawn_at") {
                        "withdrawn"
                    } else if get(other, "reporter") == get(event, "reporter") {
                        "superseded"
                    } else {
                        "outranked"
                    };
                    other_node.marks.push(mark);
                    if mark == "outranked" {
                        other_node.rules.push(12);
                    }
                    counted.children.push(other_node);
                }
                node.children.push(counted);
            }
        }
        node
    }

    /// `first` is when the first report of the cell became known: a revision after it is not late.
    pub(crate) fn event(&self, cell: &Cell, row: &Row, role: &'static str, first: &str) -> Node {
        let mut node = self.node("event", role, cell);
        node.value = row.get("amount").cloned();
        node.status = get(row, "obs_status").to_owned();
        node.facts = facts(
            row,
            &[
                "source",
                "id",
                "submission",
                "reporter",
                "prepared_by",
                "reviewed_by",
                "approved_by",
                "evidence",
                "note",
                "value",
                "unit",
                "unit_mult",
                "vintage",
                "edition",
                "basis",
                "known_at",
                "recorded_at",
                "withdrawn_at",
                "topic",
                "partition",
                "offset",
                "index",
            ],
        );
        node.rules = vec![7];
        if get(row, "demo") == "true" {
            node.marks.push("demo");
        }
        if get(row, "obs_status") == "E" {
            node.marks.push("estimated");
            node.rules.push(11);
        }
        if let Some(due) = self.dues.get(cell).and_then(|due| due.get("due_at")) {
            node.facts.push(("due_at", due.clone()));
            node.rules.push(9);
            // Both are RFC 3339 in UTC with the same number of digits, so texts compare as moments do.
            if get(row, "known_at") > due.as_str() && get(row, "known_at") == first {
                node.marks.push("late");
            }
        }
        node
    }

    fn over_areas(&self, indicator: &str) -> &str {
        self.indicators.get(indicator).map_or("", |row| get(row, "over_areas"))
    }

    fn attribution(&self, node: &mut Node) {
        let attribution = self.indicators.get(&node.indicator).map_or("", |row| get(row, "attribution"));
        if !matches!(attribution, "" | "none") {
            node.facts.push(("attribution", attribution.to_owned()));
            node.rules.push(13);
        }
    }
}

fn marks(row: &Row) -> Vec<&'static str> {
    let mut marks = Vec::new();
    match get(row, "status") {
        "partial" => marks.push("partial"),
        "carried" => marks.push("carried"),
        _ => {}
    }
    if get(row, "demo") == "true" {
        marks.push("demo");
    }
    marks
}
