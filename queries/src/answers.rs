//! Views that a catalog names: one for each ratio that has an answer of its own (`indicators.csv`, column `answer`). One text
//! for all of them, in which the catalog's names are put; its meaning, and so its rule, follows from answer and indicator.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use helan_schemas::catalog::Catalog;

use crate::{Query, all, header};

pub(crate) const RATIO: &str = include_str!("../templates/ratio.sql");

/// The views of a catalog: those that every catalog has, and those that this one names.
#[derive(Clone, Debug)]
pub struct Views(Vec<&'static Query>);

impl Views {
    /// Those of a catalog.
    pub fn of(catalog: &Catalog) -> Self {
        let answers = catalog.answers();
        Self(answers.map(|(answer, indicator)| of_ratio(answer, indicator, catalog)).collect())
    }

    /// Every view.
    pub fn all(&self) -> impl Iterator<Item = &'static Query> {
        all().iter().chain(self.0.iter().copied())
    }

    /// The view of that name.
    pub fn get(&self, name: &str) -> Option<&'static Query> {
        crate::get(name).or_else(|| self.0.iter().copied().find(|query| query.name == name))
    }
}

/// A view of a ratio, as those that catalogs name: for what depends on the text alone, which is the same for all.
pub fn sample() -> &'static Query {
    let words = ["name", "unit", "numerator", "denominator"].map(|word| (word, word.to_owned(), word.to_owned()));
    written("sample", "sample", &words)
}

fn of_ratio(answer: &str, indicator: &str, catalog: &Catalog) -> &'static Query {
    let row = catalog.indicator(indicator);
    let names = |id: Option<&str>| {
        let named = id.and_then(|id| catalog.indicator(id)).map(|row| (row.name_zh.clone(), row.name_en.clone()));
        named.unwrap_or_else(|| (id.unwrap_or("–").to_owned(), id.unwrap_or("–").to_owned()))
    };
    let (name, numerator, denominator) = (
        names(Some(indicator)),
        names(row.and_then(|row| row.numerator.as_deref())),
        names(row.and_then(|row| row.denominator.as_deref())),
    );
    let unit = row.map_or_else(Default::default, |row| (row.unit_zh.clone(), row.unit_en.clone()));
    let words = [("name", name), ("unit", unit), ("numerator", numerator), ("denominator", denominator)];
    written(answer, indicator, &words.map(|(word, (zh, en))| (word, zh, en)))
}

/// The view with a catalog's words. Its text lives as long as the process, once for each that differs: catalogs are few.
fn written(answer: &str, indicator: &str, words: &[(&str, String, String)]) -> &'static Query {
    static WRITTEN: Mutex<BTreeMap<String, &'static Query>> = Mutex::new(BTreeMap::new());
    let mut text = RATIO.replace("{answer}", answer).replace("{indicator}", indicator);
    for (word, zh, en) in words {
        text = text.replace(&format!("{{{word}_zh}}"), &plain(zh)).replace(&format!("{{{word}_en}}"), &plain(en));
    }
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = written.get(&text) {
        return known;
    }
    let lasting: &'static str = text.clone().leak();
    let name = lasting.lines().next().and_then(|line| line.strip_prefix("-- name: ")).unwrap_or_default();
    let parsed = header::parse(name, lasting);
    let query: &'static Query =
        Box::leak(Box::new(parsed.unwrap_or_else(|problem| panic!("queries/templates/ratio.sql: {problem}"))));
    written.insert(text, query);
    query
}

/// A name as one line of a header takes it, in which `|` parts the languages.
fn plain(name: &str) -> String {
    name.split(|letter: char| letter.is_control() || letter == '|' || letter == '{').collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_names_the_views_of_its_ratios() {
        let mut files = Catalog::embedded().files;
        let indicators = files.get_mut("indicators.csv").expect("the file");
        *indicators =
            indicators.replace(",rd_intensity\n", ",effort\n").replace("全社会 R&D 投入强度", "\"强\n度 | x\"");
        let views = Views::of(&Catalog::from_files(files).expect("a catalog"));
        let (view, other) = (views.get("effort").expect("the view"), views.get("patent_density").expect("the other"));
        assert!(views.get("rd_intensity").is_none() && crate::get("effort").is_none());
        assert!(view.sql.contains("where indicator = 'rd_intensity'\n"), "{}", view.sql);
        assert!(view.zh.starts_with("强 度   x（%）："), "{}", view.zh);
        assert_eq!(views.all().count(), all().len() + 2);
        assert_ne!(crate::rule(view), crate::rule(other));
    }

    #[test]
    fn a_rule_is_made_of_the_answer_and_the_indicator_and_of_no_name() {
        let views = Views::of(&Catalog::embedded());
        let rule = |name| crate::rule(views.get(name).expect("the view"));
        assert_eq!(crate::rule(written("rd_intensity", "rd_intensity", &[])), rule("rd_intensity"));
        assert_ne!(crate::rule(written("rd_intensity", "patent_density", &[])), rule("rd_intensity"));
    }
}
