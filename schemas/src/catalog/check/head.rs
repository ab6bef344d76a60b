//! `catalog.toml`.

use jiff::tz::TimeZone;

use super::places::Places;
use crate::catalog::codes::Language;
use crate::catalog::load::HEAD;
use crate::catalog::problem::Problems;
use crate::catalog::rows::Head;
use crate::period::Period;

pub(super) fn check(head: &Head, text: &str, places: &Places<'_>, problems: &mut Problems) {
    let at = |key: &str| {
        let line = text.lines().position(|line| line.split('=').next().is_some_and(|name| name.trim() == key));
        (HEAD, line.map_or(0, |line| line as u64 + 1))
    };
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    super::id(at("id"), "id", &head.id, allowed, "lowercase letters, digits and hyphens", problems);
    for (key, value) in [("name_zh", &head.name_zh), ("name_en", &head.name_en)] {
        let is_left_out = match head.language {
            Some(Language::En) => key == "name_zh",
            Some(Language::Zh) => key == "name_en",
            None => false,
        };
        if value.trim().is_empty() && !is_left_out {
            problems.add(at(key), "empty_cell", format!("{key} is empty"), "people read it", "write a name");
        }
    }
    if TimeZone::get(&head.time_zone).is_err() {
        let what = format!("time_zone {:?} is not known", head.time_zone);
        let fix = "write an IANA name such as Asia/Shanghai or Europe/Vienna";
        problems.add(at("time_zone"), "time_zone", what, "it says when a day begins and ends", fix);
    }
    let period = Period::parse(&head.default_period);
    if let Err(error) = &period {
        let what = format!("default_period {:?} {error}", head.default_period);
        let fix = "write a period such as 2018, 2018-Q2 or 2018-06";
        problems.add(at("default_period"), "bad_period", what, "roll-ups take it when none is named", fix);
    }
    if !places.is_area(&head.region) {
        super::dangling(at("region"), "region", &head.region, "areas.csv", problems);
    } else if let Ok(period) = period
        && !places.is_place_on(&head.region, period.end)
    {
        let what = format!("region {:?} is not there at the end of {}", head.region, head.default_period);
        let fix = "correct valid_from and valid_to of the region in areas.csv, or default_period";
        problems.add(at("region"), "not_there_then", what, "nothing could be rolled up to it", fix);
    }
}
