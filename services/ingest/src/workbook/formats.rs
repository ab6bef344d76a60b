//! Number formats, as far as they tell what a number cell is: a plain number, a date, or one that shows another number
//! than it holds.

/// What a cell's format does to its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The number, perhaps with fewer digits.
    Plain,
    /// A day or a time.
    Date,
    /// Another number: per cent, thousands cut off, a point that is only drawn.
    Other,
}

/// What a built-in format does; none for an id that is not built in.
pub(super) fn built_in(id: u32) -> Option<Shown> {
    match id {
        0..=8 | 11 | 37..=44 | 48 | 49 => Some(Shown::Plain),
        9 | 10 => Some(Shown::Other),
        12 | 13 => Some(Shown::Plain),
        14..=22 | 27..=36 | 45..=47 | 50..=58 => Some(Shown::Date),
        _ => None,
    }
}

/// What a format code does to a positive number: its first section counts.
pub(super) fn code(code: &str) -> Shown {
    let mut shown = Shown::Plain;
    let mut chars = code.chars().peekable();
    let mut after_digit = false;
    let mut commas = 0_u32;
    while let Some(c) = chars.next() {
        match c {
            ';' => break,
            '"' => {
                let text: String = chars.by_ref().take_while(|c| *c != '"').collect();
                // A quoted point between digits is drawn, not meant: 0"."0000 shows 12345 as 1.2345.
                if after_digit && text == "." {
                    return Shown::Other;
                }
            }
            '\\' | '!' => {
                let drawn = chars.next();
                if drawn == Some('.') && after_digit {
                    return Shown::Other;
                }
            }
            '_' | '*' => drop(chars.next()),
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                if inside.chars().all(|c| matches!(c, 'h' | 'H' | 'm' | 'M' | 's' | 'S')) && !inside.is_empty() {
                    return Shown::Date;
                }
            }
            '%' | '‰' => return Shown::Other,
            'y' | 'Y' | 'd' | 'D' | 'h' | 'H' | 'm' | 'M' | 's' | 'S' | 'e'
                if !is_exponent(c, after_digit, &mut chars) =>
            {
                shown = Shown::Date;
            }
            'G' if chars.clone().collect::<String>().starts_with("eneral") => {
                chars.by_ref().take(6).for_each(drop);
                after_digit = true;
            }
            '0' | '#' | '?' => {
                after_digit = true;
                commas = 0;
            }
            ',' if after_digit => commas += 1,
            '.' if commas > 0 => return Shown::Other,
            _ => {}
        }
    }
    // A comma after the last digit divides by a thousand.
    if commas > 0 && shown == Shown::Plain { Shown::Other } else { shown }
}

/// `E+` after a digit is an exponent; a lone `e` is a year.
fn is_exponent(c: char, after_digit: bool, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    c == 'e' && after_digit && matches!(chars.peek(), Some('+' | '-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_is_shown() {
        for (text, shown) in [
            ("General", Shown::Plain),
            ("0.00", Shown::Plain),
            ("#,##0.00_);[Red](#,##0.00)", Shown::Plain),
            ("¥#,##0.00", Shown::Plain),
            ("0.00E+00", Shown::Plain),
            ("\"亿元\"0.00", Shown::Plain),
            ("0.00\"万元\"", Shown::Plain),
            ("@", Shown::Plain),
            ("yyyy\"年\"m\"月\"", Shown::Date),
            ("[$-804]yyyy/m/d", Shown::Date),
            ("mmm-yy", Shown::Date),
            ("[h]:mm", Shown::Date),
            ("0.0%", Shown::Other),
            ("#,##0,", Shown::Other),
            ("#,##0.0,", Shown::Other),
            ("0,.0", Shown::Other),
            ("0!.0000", Shown::Other),
            ("0\\.0,", Shown::Other),
            ("0\".\"0000", Shown::Other),
        ] {
            assert_eq!(code(text), shown, "{text}");
        }
        assert_eq!(built_in(14), Some(Shown::Date));
        assert_eq!(built_in(10), Some(Shown::Other));
        assert_eq!(built_in(176), None);
    }
}
