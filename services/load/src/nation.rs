//! The catalog of an invented nation, to measure what answers cost at its size: made, not kept as files.
//!
//! Areas are a tree: one nation, provinces, prefectures in each, counties in those. One office a province reports flows and
//! stocks of its counties; the sums above them and the ratios are left to Helan, as in a real yearbook they are not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Prefectures of a province, and counties of a prefecture.
const PREFECTURES: usize = 10;
const COUNTIES: usize = 9;
/// Areas of one province: itself, its prefectures, their counties.
const PROVINCE: usize = 1 + PREFECTURES + PREFECTURES * COUNTIES;
/// Most provinces: their codes have two digits.
const MOST_PROVINCES: usize = 99;
/// Of a hundred indicators, so many are ratios; of the others, one in three is a stock.
const RATIOS: usize = 12;
/// The years that its offices report, up to the last.
const YEARS: i32 = 6;
const LAST_YEAR: i32 = 2018;

/// How large a nation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Areas: rounded up to whole provinces of 101.
    pub areas: usize,
    /// Indicators, `rd_expenditure`, `turnover` and `rd_intensity` among them: at least 10.
    pub indicators: usize,
}

impl Size {
    fn provinces(self) -> usize {
        self.areas.saturating_sub(1).div_ceil(PROVINCE).clamp(1, MOST_PROVINCES)
    }

    fn ratios(self) -> usize {
        (self.indicators * RATIOS / 100).max(1)
    }
}

/// The files of a nation's catalog, by name. Figures are for quarters from 2012 to 2017, which makes 24 periods; targets are
/// of 2012, which the first two million events reach.
pub fn nation(size: Size) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([("catalog.toml".to_owned(), HEAD.to_owned())]);
    let mut put =
        |name: &str, heading: &str, rows: String| files.insert(format!("{name}.csv"), format!("{heading}\n{rows}"));
    put("areas", "code,scheme,level,name_en,valid_from,valid_to,known_from", areas(size));
    put("relations", "child,parent,relation,valid_from,valid_to,known_from", relations(size));
    put(
        "indicators",
        "indicator,name_en,kind,unit,unit_en,over_areas,over_time,numerator,denominator,factor,denominator_date,decimals,\
         attribution,min,max",
        indicators(size),
    );
    put(
        "reporters",
        "reporter,name_en,kind,precedence,may_back_date,may_estimate,valid_from,valid_to",
        rows(size, |out, province| {
            writeln!(
                out,
                "office-{province:02},Office of province {province:02},city,10,true,false,{}-01-01,",
                LAST_YEAR - YEARS
            )
        }),
    );
    put(
        "sources",
        "source,reporter,demo",
        rows(size, |out, province| writeln!(out, "/nation/{province:02},office-{province:02},false")),
    );
    put(
        "scopes",
        "reporter,ref_area,indicator",
        rows(size, |out, province| writeln!(out, "office-{province:02},{province:02}/*,*")),
    );
    put(
        "targets",
        "target_id,kind,name_en,ref_area,indicator,unit_text,target_value,unit_mult,comparator,strength,time_period,section,\
         phrase,verb,valid_from,valid_to,known_from",
        targets(size),
    );
    files
}

const HEAD: &str = "# Made by `helan load nation`: an invented nation, to measure with.\nid = \"nation\"\nname_en = \"An invented \
                    nation\"\nregion = \"0\"\ntime_zone = \"UTC\"\ndefault_period = \"2018\"\nlanguage = \"en\"\nrounding = \
                    \"half_up\"\nsource_zh = \"invented\"\nsource_en = \"invented\"\n";

/// A row for each province. Writing into a text does not fail.
fn rows(size: Size, mut row: impl FnMut(&mut String, usize) -> std::fmt::Result) -> String {
    let mut out = String::new();
    for province in 1..=size.provinces() {
        let _ = row(&mut out, province);
    }
    out
}

fn prefecture(province: usize, at: usize) -> String {
    format!("{province:02}{at:02}")
}

fn areas(size: Size) -> String {
    let below = rows(size, |out, province| {
        writeln!(out, "{province:02},local,province,Province {province:02},,,")?;
        for at in 1..=PREFECTURES {
            let code = prefecture(province, at);
            writeln!(out, "{code},local,prefecture,Prefecture {code},,,")?;
            for county in 1..=COUNTIES {
                writeln!(out, "{code}{county:02},local,county,County {code}{county:02},,,")?;
            }
        }
        Ok(())
    });
    format!("0,local,nation,The nation,,,\n{below}")
}

fn relations(size: Size) -> String {
    rows(size, |out, province| {
        writeln!(out, "{province:02},0,part_of,,,")?;
        for at in 1..=PREFECTURES {
            let code = prefecture(province, at);
            writeln!(out, "{code},{province:02},part_of,,,")?;
            for county in 1..=COUNTIES {
                writeln!(out, "{code}{county:02},{code},part_of,,,")?;
            }
        }
        Ok(())
    })
}

fn indicators(size: Size) -> String {
    let mut out = String::new();
    let mut amount = |id: &str, stock: bool| {
        let (kind, over_time) = if stock { ("stock", "last") } else { ("flow", "sum") };
        let _ =
            writeln!(out, "{id},Indicator {id},{kind},UNIT,units,additive,{over_time},,,,,0,operation,0,1000000000");
    };
    amount("rd_expenditure", false);
    amount("turnover", false);
    let others = size.indicators.saturating_sub(2 + size.ratios()).max(7);
    for at in 1..=others {
        amount(&format!("i{at:03}"), at % 3 == 0);
    }
    let mut ratio = |id: &str, above: &str, below: &str| {
        let _ = writeln!(out, "{id},Ratio {id},ratio,PERCENT,%,none,none,{above},{below},100,same_end,2,none,,");
    };
    ratio("rd_intensity", "rd_expenditure", "turnover");
    for at in 1..size.ratios() {
        ratio(&format!("r{at:03}"), &format!("i{:03}", 1 + (3 * at) % others), "turnover");
    }
    out
}

fn targets(size: Size) -> String {
    let row = |id: &str, area: &str| {
        format!("{id},ratio,R&D intensity,{area},rd_intensity,%,2.5,0,>=,hard,2012,1,2.5 per cent,reach,,,\n")
    };
    let provinces =
        rows(size, |out, province| write!(out, "{}", row(&format!("P{province:02}"), &format!("{province:02}"))));
    row("N", "0") + &provinces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feeds;
    use crate::recipe::Length;
    use helan_schemas::catalog::Catalog;

    #[test]
    fn a_nation_is_a_sound_catalog_whose_offices_report() {
        let size = Size { areas: 200, indicators: 20 };
        let catalog = Catalog::from_files(nation(size)).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!((catalog.areas.len(), catalog.reporters.len()), (1 + 2 * PROVINCE, 2));
        let reported = catalog.indicators.iter().filter(|indicator| indicator.is_reported()).count();
        assert_eq!((catalog.indicators.len(), reported), (20, 18));
        let feeds = feeds(&catalog, &[], &[Length::Quarter], None);
        let (areas, quarters) = (PROVINCE, 4 * YEARS as usize);
        assert!(feeds.iter().all(|feed| feed.cells.len() == areas * reported * quarters), "{}", feeds[0].cells.len());
        // The smallest that can be asked for.
        let least = nation(Size { areas: 1, indicators: 1 });
        assert!(Catalog::from_files(least).is_ok());
    }
}
