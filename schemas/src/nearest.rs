//! The known name that a person most likely meant.

/// Longest text for which a name is looked for: nobody mistypes more, and the work grows with its square.
const MOST_CHARS: usize = 64;

/// The name nearest to what was written, if one is near enough to be meant. Upper and lower case are the same.
pub fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = written.chars().count();
    if length > MOST_CHARS {
        return None;
    }
    // A third of the letters may be wrong.
    let most = length.max(3) / 3;
    let written = written.to_lowercase();
    let near = names.filter(|name| name.chars().count().abs_diff(length) <= most);
    let near = near.map(|name| (distance(&written, &name.to_lowercase()), name)).min()?;
    (near.0 <= most).then_some(near.1)
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
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abcd", "bacd"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
