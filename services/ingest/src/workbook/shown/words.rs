//! Words that a format draws beside a number: a scale, a unit, a currency.

/// Words for powers of ten, longest first where one begins another. Those that mean different powers in different
/// places (兆, m, M, MM) are not here.
const SCALES: [(&str, i32); 45] = [
    ("万亿", 12),
    ("萬億", 12),
    ("千亿", 11),
    ("百亿", 10),
    ("十亿", 9),
    ("千万", 7),
    ("千萬", 7),
    ("百万", 6),
    ("百萬", 6),
    ("十万", 5),
    ("亿", 8),
    ("億", 8),
    ("万", 4),
    ("萬", 4),
    ("千", 3),
    ("仟", 3),
    ("百", 2),
    ("佰", 2),
    ("hundred million", 8),
    ("ten thousand", 4),
    ("hundreds", 2),
    ("hundred", 2),
    ("thousands", 3),
    ("thousand", 3),
    ("tausend", 3),
    ("tsd.", 3),
    ("tsd", 3),
    ("thd.", 3),
    ("millions", 6),
    ("million", 6),
    ("millionen", 6),
    ("mill.", 6),
    ("mio.", 6),
    ("mio", 6),
    ("mln", 6),
    ("mn", 6),
    ("milliarden", 9),
    ("milliarde", 9),
    ("mrd.", 9),
    ("mrd", 9),
    ("mld", 9),
    ("billions", 9),
    ("billion", 9),
    ("bn", 9),
    ("k", 3),
];

/// Currency signs and the units that they can stand for.
const CURRENCIES: [(&str, &[&str]); 12] = [
    ("¥", &["CNY", "JPY"]),
    ("￥", &["CNY", "JPY"]),
    ("RMB", &["CNY"]),
    ("人民币", &["CNY"]),
    ("US$", &["USD"]),
    ("HK$", &["HKD"]),
    ("$", &["USD", "HKD", "TWD", "SGD", "AUD", "CAD", "NZD", "MXN"]),
    ("€", &["EUR"]),
    ("£", &["GBP"]),
    ("₩", &["KRW"]),
    ("₽", &["RUB"]),
    ("₹", &["INR"]),
];

/// Whether words beside a number of a unit say what its row says: nothing new, or the unit at the row's power of ten.
pub(super) fn fit(words: &[String], scale: i32, units: &[&str]) -> bool {
    let mut drawn = Drawn::default();
    let known = words.iter().all(|word| drawn.read(word, units));
    known && (!drawn.scale && !drawn.unit || drawn.power == scale)
}

#[derive(Default)]
struct Drawn {
    scale: bool,
    unit: bool,
    power: i32,
}

impl Drawn {
    /// Reads a word; false if nobody can say what it means.
    fn read(&mut self, word: &str, units: &[&str]) -> bool {
        let blank = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '（' | '）');
        let mut rest = word.trim_matches(blank).to_lowercase();
        while !rest.is_empty() {
            let unit = units.iter().map(|unit| unit.to_lowercase()).find(|unit| !unit.is_empty() && *unit == rest);
            if unit.is_some() && !self.unit {
                self.unit = true;
                return true;
            }
            if let Some(after) = currency(&rest, units) {
                rest = after.trim_matches(blank).to_owned();
                continue;
            }
            // `千克` is no thousand of anything: a scale stands alone, or before the unit.
            let scale = SCALES.iter().filter(|(name, _)| rest.starts_with(name)).max_by_key(|(name, _)| name.len());
            let Some((name, power)) = scale.filter(|_| !self.scale) else { return false };
            self.scale = true;
            self.power = *power;
            rest = rest[name.len()..].trim_matches(blank).to_owned();
        }
        true
    }
}

/// What follows a currency sign that does not contradict the unit.
fn currency<'t>(text: &'t str, units: &[&str]) -> Option<&'t str> {
    let signs = CURRENCIES.iter().filter(|(sign, _)| text.starts_with(&sign.to_lowercase()));
    let (sign, codes) = signs.max_by_key(|(sign, _)| sign.len())?;
    let of = |codes: &[&str]| units.iter().any(|unit| codes.contains(unit));
    // A unit of the catalog's own may be any currency.
    let other = CURRENCIES.iter().any(|(_, codes)| of(codes));
    (of(codes) || !other).then(|| &text[sign.len()..])
}
