//! Whether two sets of answers say the same, although other rules made them: a later build has more columns, and other
//! words for the same figures.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::answers::Value;

/// Columns that the newer rows of an answer have and none of the older: they came with a later build.
pub(crate) struct LaterColumns(BTreeMap<String, BTreeSet<String>>);

impl LaterColumns {
    /// None: both were made by the same rules, so every column counts.
    pub(crate) fn none() -> Self {
        Self(BTreeMap::new())
    }

    pub(crate) fn between(old: &[Value], new: &[Value]) -> Self {
        let (known, mut found) = (columns(old), columns(new));
        // An answer without older rows has nothing to compare with.
        found.retain(|answer, names| match known.get(answer) {
            Some(known) => {
                names.retain(|name| !known.contains(name));
                true
            }
            None => false,
        });
        Self(found)
    }

    /// Whether two rows of one key have the same value, status and detail, later columns aside.
    pub(crate) fn agree(&self, was: &Value, is: &Value) -> bool {
        if was == is {
            return true;
        }
        if (&was.key, was.value, &was.status) != (&is.key, is.value, &is.status) {
            return false;
        }
        let Some(later) = self.0.get(&is.key.answer) else { return false };
        match (fields(&was.detail), fields(&is.detail)) {
            (Some(mut was), Some(mut is)) => {
                // Sentences follow from the figures beside them.
                let figure = |name: &String| !name.ends_with("_zh") && !name.ends_with("_en");
                was.retain(|name, _| figure(name));
                is.retain(|name, _| figure(name) && !later.contains(name));
                was == is
            }
            _ => false,
        }
    }
}

/// Whether every row of the one is a row of the other, later columns aside. Both are in the order of their keys.
pub(crate) fn say_the_same(old: &[Value], new: &[Value]) -> bool {
    let later = LaterColumns::between(old, new);
    old.len() == new.len() && old.iter().zip(new).all(|(was, is)| later.agree(was, is))
}

/// The columns that some row of an answer fills.
fn columns(values: &[Value]) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for value in values {
        let names = out.entry(value.key.answer.clone()).or_default();
        names.extend(fields(&value.detail).into_iter().flatten().map(|(name, _)| name));
    }
    out
}

fn fields(detail: &str) -> Option<Map<String, Json>> {
    serde_json::from_str(detail).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Key;

    fn row(area: &str, detail: &str) -> Value {
        Value {
            key: Key {
                answer: "ratios".to_owned(),
                target_id: None,
                ref_area: area.to_owned(),
                indicator: "i".to_owned(),
                time_period: "2018".to_owned(),
            },
            value: Some(1),
            status: "reported".to_owned(),
            detail: detail.to_owned(),
        }
    }

    #[test]
    fn a_later_column_makes_no_other_answer_and_a_changed_one_does() {
        let old = [row("A", r#"{"value":"1","shown":"1"}"#), row("B", r#"{"value":"1"}"#)];
        let wider = [row("A", r#"{"value":"1","shown":"1","more":"x"}"#), row("B", r#"{"value":"1","more":"y"}"#)];
        assert!(say_the_same(&old, &old) && say_the_same(&old, &wider));
        // What one of the older rows fills is known: it is no later column where another row gets it, or loses it.
        for changed in [r#"{"value":"1","more":"x"}"#, r#"{"value":"2","shown":"1","more":"x"}"#] {
            assert!(!say_the_same(&old, &[row("A", changed), wider[1].clone()]), "{changed}");
        }
        assert!(!say_the_same(&old, &[wider[0].clone(), row("B", r#"{"value":"1","shown":"1"}"#)]));
        let said = [row("A", r#"{"value":"1","shown":"1","reason_zh":"x"}"#), old[1].clone()];
        assert!(say_the_same(&said, &wider), "other words, the same figures");
        assert!(!say_the_same(&old, &wider[..1]));
        assert!(!say_the_same(&old, &[Value { value: Some(2), ..wider[0].clone() }, wider[1].clone()]));
        assert!(!LaterColumns::none().agree(&old[0], &wider[0]), "by the same rules every column counts");
    }
}
