//! One form for the many ways in which a title is typed.

/// A text in small letters and half-width forms, with simplified characters where units are written, and without commas
/// in numbers. Raised digits are exponents behind a digit, and notes elsewhere.
pub(super) fn plain(text: &str) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let mut folded = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if let Some(digit) = RAISED.iter().position(|raised| *raised == c) {
            if before.is_ascii_digit() && !RAISED.contains(&before) {
                folded.push('^');
            }
            if before.is_ascii_digit() || RAISED.contains(&before) && folded.ends_with(|c: char| c.is_ascii_digit()) {
                folded.push(char::from(b'0' + digit as u8));
            }
            before = c;
            continue;
        }
        before = match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
            '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => continue,
            '\n' | '\r' | '\t' => c,
            c if c.is_whitespace() => ' ',
            '∶' | '︰' | '﹕' | 'ː' | '꞉' | '︓' => ':',
            '萬' => '万',
            '億' => '亿',
            '圓' | '圆' => '元',
            '幣' => '币',
            '單' => '单',
            '〔' => '[',
            '〕' => ']',
            '’' | '‘' => '\'',
            '￥' => '¥',
            c => c,
        };
        // Layout puts a space into words of two characters.
        if before == '位' && folded.trim_end_matches(' ').ends_with('单') {
            folded.truncate(folded.trim_end_matches(' ').len());
        }
        folded.push(before);
    }
    let lower = folded.to_lowercase().replace("10的", "10^").replace("次方", "").replace("10**", "10^");
    let bytes = lower.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let groups = |at: usize| {
        at > 0 && bytes[at] == b',' && digit(at - 1) && (1..=3).all(|next| digit(at + next)) && !digit(at + 4)
    };
    lower.char_indices().filter(|(at, _)| !groups(*at)).map(|(_, c)| c).collect()
}
