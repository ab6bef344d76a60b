//! The known name that a person most likely meant.

/// Longest text for which a name is looked for: nobody mistypes more, and the work grows with its square.
const MOST_CHARS: usize = 64;

/// The name nearest to what was written, if one is near enough to be meant: a slip away, of the same words in another order,
/// or the only one that begins so. Upper and lower case are the same.
pub fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = written.chars().count();
    if length > MOST_CHARS {
        return None;
    }
    // A third of the letters may be wrong.
    let most = length.max(3) / 3;
    let written = written.to_lowercase();
    let names: Vec<(String, &str)> = names.map(|name| (name.to_lowercase(), name)).collect();
    let near = names.iter().filter(|(lower, _)| lower.chars().count().abs_diff(length) <= most);
    let near = near.map(|(lower, name)| (distance(&written, lower), *name)).min();
    let near = near.filter(|(distance, _)| *distance <= most).map(|(_, name)| name);
    let turned = || {
        let own = words(&written);
        names.iter().find(|(lower, _)| own.len() > 1 && words(lower) == own).map(|(_, name)| *name)
    };
    let begun = || {
        let mut begun = names.iter().filter(|(lower, _)| begins(&written, lower));
        let (first, name) = begun.next()?;
        begun.all(|(other, _)| other == first).then_some(*name)
    };
    near.or_else(turned).or_else(begun)
}

/// Whether a name begins with what was written, which is two Hanzi or three letters at least: less is of many names.
pub fn begins(written: &str, name: &str) -> bool {
    let least = if written.is_ascii() { 3 } else { 2 };
    written.chars().count() >= least && name.to_lowercase().starts_with(&written.to_lowercase())
}

/// The words of a name, in the order of their letters.
fn words(name: &str) -> Vec<&str> {
    let mut words: Vec<_> = name.split(['_', '-', ' ']).collect();
    words.sort_unstable();
    words
}

/// Letters to insert, delete, replace or swap with their neighbour so that one becomes the other (optimal string alignment).
pub fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut above = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, theirs) in other.iter().enumerate() {
            let mut least = (row[j] + usize::from(letter != theirs)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *letter == other[j - 1] && one[i - 1] == *theirs {
                least = least.min(above[j - 1] + 1);
            }
            next.push(least);
        }
        above = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_another_word_none() {
        let names = ["partitions", "listen", "flush_age"];
        assert_eq!(nearest("partitons", names.into_iter()), Some("partitions"));
        assert_eq!(nearest("flush-age", names.into_iter()), Some("flush_age"));
        assert_eq!(nearest("Flush_Age", names.into_iter()), Some("flush_age"));
        assert_eq!(nearest("colour", names.into_iter()), None);
        assert_eq!(nearest(&"partitions".repeat(7), names.into_iter()), None);
        assert_eq!(nearest("gpd", ["gdp", "rd"].into_iter()), Some("gdp"));
        let fields = ["value", "Value", "ref_area", "rd_expenditure", "rd_intensity"];
        assert_eq!(nearest("val", fields.into_iter()), Some("value"));
        assert_eq!(nearest("expenditure_rd", fields.into_iter()), Some("rd_expenditure"));
        // Two begin so; two letters begin too many names.
        assert_eq!(nearest("rd_", fields.into_iter()), None);
        assert_eq!(nearest("va", fields.into_iter()), None);
        assert!(begins("宁夏", "宁夏回族自治区") && !begins("宁", "宁夏回族自治区") && !begins("", "x"));
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abcd", "bacd"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
