//! The area or indicator that was most likely meant by one that the catalog lacks.

use std::collections::BTreeSet;

use helan_schemas::nearest::{begins, nearest};

use super::Judge;
use crate::problems::quoted_or_meant;

/// Searches of one request: its answer lists no more errors anyway.
pub(super) const SEARCHES: u32 = 200;

impl Judge<'_> {
    /// An unknown indicator, and the one of that name or a similar id.
    pub(super) fn meant_indicator(&self, written: &str) -> String {
        let rows = &self.catalog.indicators;
        let named = rows.iter().filter(|row| is_name(written, [&row.name_zh, &row.name_en]));
        let named = only(named.map(|row| row.indicator.as_str()));
        let near = || nearest(written, rows.iter().map(|row| row.indicator.as_str()));
        quoted_or_meant(written, self.may_search().then(|| named.or_else(near)).flatten())
    }

    /// An unknown area, and the one of that name, of a code that differs by zeros or one letter, or whose name alone begins so.
    /// Codes are alike: where several are as near, none is named.
    pub(super) fn meant_area(&self, written: &str) -> String {
        quoted_or_meant(written, self.may_search().then(|| self.area_near(written)).flatten())
    }

    fn area_near(&self, written: &str) -> Option<&str> {
        let areas = self.catalog.areas.iter().map(|row| (row.code.as_str(), [&row.name_zh, &row.name_en]));
        let groups = self.catalog.groups.iter().map(|row| (row.group_id.as_str(), [&row.name_zh, &row.name_en]));
        let all: Vec<_> = areas.chain(groups).collect();
        let codes = || all.iter().map(|(code, _)| *code);
        let named = only(all.iter().filter(|(_, names)| is_name(written, *names)).map(|(code, _)| *code));
        // 1 for 01, 6401 or 640100000000 for 640100.
        let is_digits = |code: &str| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        let padded = || {
            let alike = |strip: fn(&str) -> &str| {
                only(codes().filter(|code| is_digits(code) && is_digits(written) && strip(code) == strip(written)))
            };
            alike(|code| code.trim_start_matches('0')).or_else(|| alike(|code| code.trim_end_matches('0')))
        };
        let near = || {
            let found = nearest(written, codes())?;
            let is_alone = !codes().any(|code| code != found && is_as_near(code, found, written));
            (is_alone && !(is_digits(written) && written.len() == found.len())).then_some(found)
        };
        // 宁夏 and 宁夏省 for 宁夏回族自治区.
        let begun = || {
            let begins = |name: &&String| begins(without_kind(written.trim()), name);
            only(all.iter().filter(|(_, names)| names.iter().any(begins)).map(|(code, _)| *code))
        };
        named.or_else(padded).or_else(near).or_else(begun)
    }

    fn may_search(&self) -> bool {
        let left = self.searches.get();
        self.searches.set(left.saturating_sub(1));
        left > 0
    }
}

fn is_name(written: &str, names: [&String; 2]) -> bool {
    names.into_iter().any(|name| !name.is_empty() && name.to_lowercase() == written.trim().to_lowercase())
}

/// The name of an area without what kind of area it is.
fn without_kind(name: &str) -> &str {
    ["自治区", "省", "市", "区", "县"].iter().find_map(|kind| name.strip_suffix(kind)).unwrap_or(name)
}

/// The one of all, or none.
fn only<'c>(codes: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let codes: BTreeSet<_> = codes.collect();
    codes.first().copied().filter(|_| codes.len() == 1)
}

/// Whether another code would be found as well if the first were not there.
fn is_as_near(other: &str, found: &str, written: &str) -> bool {
    let distance = |code: &str| helan_schemas::nearest::distance(&written.to_lowercase(), &code.to_lowercase());
    distance(other) <= distance(found)
}
