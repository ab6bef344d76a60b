//! By which rules a publication was made, and how they are named in its id.

use std::collections::BTreeMap;

use helan_queries::Views;
use helan_schemas::catalog::Catalog;
use helan_schemas::digest::sha256_hex;

use crate::answers::{Value, answers};

/// What every publication is made by beside its answers: which events stand behind them.
const LINEAGE: &str = "lineage";

/// The rule digest of each answer, and of the lineage. Kept with each publication (`publications.rules`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rules(BTreeMap<String, String>);

impl Rules {
    /// Those of this build, for the answers of a catalog.
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let views = Views::of(catalog);
        let lineage = (LINEAGE.to_owned(), LINEAGE.to_owned());
        let of = |(answer, view): (String, String)| views.get(&view).map(|view| (answer, helan_queries::rule(view)));
        Self(answers(catalog).into_iter().chain([lineage]).filter_map(of).collect())
    }

    /// Those of a publication: as they were kept with it. For one that is older than that column they follow from the
    /// digest of its SQL files: known for the first rules, otherwise that digest itself, which equals only its like.
    pub(crate) fn of_publication(kept: Option<&str>, files_digest: &str) -> Self {
        match kept.and_then(|kept| serde_json::from_str(kept).ok()) {
            Some(rules) => Self(rules),
            None if files_digest == FIRST_NAME => Self::first(),
            None => {
                // Its answers are those of all publications of that time.
                Self(FIRST.map(|(answer, _)| (answer.to_owned(), files_digest.to_owned())).into())
            }
        }
    }

    /// As they are kept with a publication.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("texts serialise into memory")
    }

    /// The rule of one answer, if it is known.
    pub(crate) fn get(&self, answer: &str) -> Option<&str> {
        self.0.get(answer).map(String::as_str)
    }

    /// The name of the rules in a publication's id: of those answers that it has values of, and of the lineage.
    pub(crate) fn name(&self, values: &[Value]) -> String {
        let feeds = |view: &str| view == LINEAGE || values.iter().any(|value| value.key.answer == view);
        let of = |rules: &Self| -> Vec<(String, String)> {
            rules.0.iter().filter(|(view, _)| feeds(view)).map(|(view, rule)| (view.clone(), rule.clone())).collect()
        };
        let rules = of(self);
        if rules == of(&Self::first()) {
            return FIRST_NAME.to_owned();
        }
        let parts: Vec<&[u8]> = rules.iter().flat_map(|(view, rule)| [view.as_bytes(), rule.as_bytes()]).collect();
        sha256_hex(&parts)
    }

    /// The same with another rule for one answer.
    #[cfg(test)]
    pub(crate) fn with(mut self, answer: &str, rule: &str) -> Self {
        self.0.insert(answer.to_owned(), rule.to_owned());
        self
    }

    fn first() -> Self {
        Self(FIRST.map(|(view, rule)| (view.to_owned(), rule.to_owned())).into())
    }
}

/// The digest of all SQL files by which publications were named until 28 November 2026. The same rules keep that name,
/// so that a publication is the same before and after an upgrade. Never edited.
const FIRST_NAME: &str = "1d34743e09b87d9a7c8202b6201e8765ca512a3817515ac417745d5767ef92bd";
/// What the rules of that name are.
const FIRST: [(&str, &str); 6] = [
    ("area_values", "8b4f46579eccb88411146d2bb0d02fc520ecec19f7cd1ad45026a87f1b46a476"),
    ("lineage", "55ff52b75cd18cc2bfeaccbbcbec8a92c1d32cd9f35314c5bbcf1a040382663e"),
    ("patent_density", "3af911dbb4790fa6f411f52e1766792fcbd0a1a6d34876038e9ca787b97af9a3"),
    ("quota_fulfilment", "1a28ddfe3f002aaac169927e543bb3b1c8b76ec2ae979efb68f6254dc6dc157f"),
    ("ratios", "6552985df8abee376915861de159c7a0c52d5bad8712beacd8f60c23f0b166ca"),
    ("rd_intensity", "b89826cb0d676175d2553583878a1491e505c3eb39ec10572c90b09e0e03abde"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Key;

    fn now() -> Rules {
        Rules::of(&Catalog::embedded())
    }

    fn value(answer: &str) -> Value {
        let (target_id, ref_area) = (None, "640000".to_owned());
        let (indicator, time_period) = ("i".to_owned(), "2018".to_owned());
        let key = Key { answer: answer.to_owned(), target_id, ref_area, indicator, time_period };
        Value { key, value: None, status: "reported".to_owned(), detail: "{}".to_owned() }
    }

    #[test]
    fn a_rule_that_feeds_none_of_its_values_renames_no_publication() {
        let values = [value("ratios"), value("area_values")];
        let changed = now().with("quota_fulfilment", "another");
        assert_eq!(changed.name(&values), now().name(&values));
        let changed = changed.with("ratios", "another");
        assert_ne!(changed.name(&values), now().name(&values));
        assert_eq!(changed.name(&values[1..]), now().name(&values[1..]));
    }

    #[test]
    fn the_first_rules_keep_their_name_and_are_known_by_it() {
        let first = Rules::of_publication(None, FIRST_NAME);
        assert_eq!(first.name(&[value("ratios")]), FIRST_NAME);
        assert_eq!(Rules::of_publication(Some(&first.to_json()), "any"), first);
        let [one, two] = ["one build", "another build"].map(|digest| Rules::of_publication(None, digest));
        assert!(one.get("ratios") != two.get("ratios") && one.get("ratios") != first.get("ratios"));
    }

    #[test]
    fn every_answer_has_a_rule() {
        assert_eq!(now().0.keys().collect::<Vec<_>>(), Rules::first().0.keys().collect::<Vec<_>>());
    }
}
