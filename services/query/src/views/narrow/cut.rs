//! The pieces of a part that has more statements than are looked at together.

use std::collections::BTreeMap;

use datafusion::logical_expr::Expr;
use helan_lake::cells::Counts;
use helan_queries::{Narrows, Query};
use helan_schemas::catalog::Catalog;

use super::{Names, Part, Years, by_indicator, closure, listed_in};

/// A part of the statements, and the rows of a view that are to be computed from it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) part: Part,
    pub(crate) rows: Expr,
}

/// Statements out of which a view is computed at once: what it and those below it keep is a few hundred megabytes.
pub(crate) const AT_ONCE: u64 = 200_000;

impl Part {
    /// The pieces in which a view is computed that needs more statements than are looked at together; none = at once.
    pub(crate) fn pieces(&self, query: &Query, counts: &Counts, at_once: u64, catalog: &Catalog) -> Option<Vec<Piece>> {
        if !self.may_be_cut(query) || counts.is_empty() {
            return None;
        }
        let at_once = query.at_once.map_or(at_once, |own| own.min(at_once));
        let sizes = |names: &Names| names.iter().map(|name| self.size_of(counts.get(name))).sum::<u64>();
        let listed: Names = match &self.indicators {
            Some(names) => names.clone(),
            None => catalog.indicators.iter().map(|row| row.indicator.clone()).chain(counts.keys().cloned()).collect(),
        };
        if sizes(&listed) <= at_once {
            return None;
        }
        // What a ratio is made of comes beside it, so that both are computed from the same statements.
        let mut waiting = listed.clone();
        let mut of_pieces: Vec<(Names, Names)> = Vec::new();
        let ratios = catalog.indicators.iter().filter(|row| row.numerator.is_some() || row.member_of.is_some());
        let first: Vec<String> = ratios.map(|row| row.indicator.clone()).filter(|name| listed.contains(name)).collect();
        for name in first.into_iter().chain(listed.iter().cloned()) {
            if !waiting.contains(&name) {
                continue;
            }
            let made_of = |name: &String| closure(query, Names::from([name.clone()]), catalog);
            let needed = made_of(&name);
            // What a rule compares it with has rules of its own, which may need others.
            let is_whole = |beside: &String| made_of(beside).is_subset(&needed);
            let rows: Names =
                needed.iter().filter(|beside| is_whole(beside) && waiting.remove(*beside)).cloned().collect();
            match of_pieces.last_mut() {
                Some((all, of_piece)) if sizes(&(&*of_piece | &needed)) <= at_once => {
                    all.extend(rows);
                    of_piece.extend(needed);
                }
                _ => of_pieces.push((rows, needed)),
            }
        }
        let pieces = of_pieces.into_iter().flat_map(|(rows, needed)| {
            let times = sizes(&needed).div_ceil(at_once);
            let part = Self { indicators: Some(needed), ..self.clone() };
            let rows = listed_in("indicator", &rows);
            if query.narrows.contains(&Narrows::PeriodAlone) {
                let of_years = part.by_years(counts, at_once).into_iter();
                let parts = of_years.flat_map(|part| part.by_areas(counts, at_once, catalog));
                parts.map(|part| Piece { part, rows: rows.clone() }).collect::<Vec<_>>()
            } else if query.by_area && self.areas.is_none() {
                let of_areas = areas_by(times, catalog).into_iter();
                of_areas.map(|areas| Piece { part: part.clone(), rows: rows.clone().and(areas) }).collect()
            } else {
                vec![Piece { part, rows }]
            }
        });
        let mut pieces: Vec<Piece> = pieces.collect();
        if self.indicators.is_none() {
            // Of indicators that neither the catalog nor what was folded knows, some may have come since.
            let part = Self { without: listed.clone(), ..self.clone() };
            pieces.push(Piece { part, rows: !listed_in("indicator", &listed) });
        }
        Some(pieces)
    }

    /// Whether a view's rows from this part may be computed in pieces, if there are many.
    pub(crate) fn may_be_cut(&self, query: &Query) -> bool {
        by_indicator(query) && self.without.is_empty()
    }

    /// Parts of its areas, as many as it would have of so many statements each if all had as many; and what there is of other areas.
    /// For views each of whose rows follows from one area.
    fn by_areas(self, counts: &Counts, at_once: u64, catalog: &Catalog) -> Vec<Self> {
        let times = self.size(counts).div_ceil(at_once);
        if times <= 1 || self.areas.is_some() {
            return vec![self];
        }
        let (turns, all) = turns(times, catalog);
        let parts = turns.into_iter().map(|names| Self { areas: Some(names), ..self.clone() });
        parts.chain([Self { without_areas: all, ..self.clone() }]).collect()
    }

    /// Parts of its years, of so many statements each where it has more; and what has come of other years.
    fn by_years(self, counts: &Counts, at_once: u64) -> Vec<Self> {
        let is_one = |name: &String| self.indicators.as_ref().is_none_or(|names| names.contains(name));
        let mut sizes: BTreeMap<i16, u64> = BTreeMap::new();
        for (year, count) in counts.iter().filter(|(name, _)| is_one(name)).flat_map(|(_, years)| years) {
            if self.has_year(*year) {
                *sizes.entry(*year).or_default() += count;
            }
        }
        if sizes.values().sum::<u64>() <= at_once {
            return vec![self];
        }
        let mut parts: Vec<(u64, Years)> = Vec::new();
        for (year, size) in &sizes {
            match parts.last_mut() {
                Some((all, years)) if *all + size <= at_once => {
                    *all += size;
                    years.insert(*year);
                }
                _ => parts.push((*size, Years::from([*year]))),
            }
        }
        let parts = parts.into_iter().map(|(_, years)| Self { years: Some(years), ..self.clone() });
        let rest = Self { without_years: sizes.keys().copied().collect(), ..self.clone() };
        parts.chain([rest]).collect()
    }
}

/// Rows of all areas and groups, in so many turns; and of those that no catalog knows.
fn areas_by(times: u64, catalog: &Catalog) -> Vec<Expr> {
    let (turns, all) = turns(times, catalog);
    let turns = turns.into_iter().map(|names| listed_in("ref_area", &names));
    turns.chain([!listed_in("ref_area", &all)]).collect()
}

/// All areas and groups in so many turns, and all of them together.
fn turns(times: u64, catalog: &Catalog) -> (Vec<Names>, Names) {
    let areas = catalog.areas.iter().map(|row| &row.code);
    let names: Names = areas.chain(catalog.groups.iter().map(|row| &row.group_id)).cloned().collect();
    let at_once = (names.len() as u64).div_ceil(times.max(1)).max(1) as usize;
    let listed: Vec<_> = names.iter().cloned().collect();
    (listed.chunks(at_once).map(|names| names.iter().cloned().collect()).collect(), names)
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::expr::InList;
    use datafusion::logical_expr::{col, lit};
    use helan_lake::filters::{among, constant};
    use helan_schemas::catalog::Rule;

    use super::*;
    use crate::views::narrow::indicators;

    fn part(view: &str, filters: &[Expr]) -> Part {
        Part::needed(helan_queries::get(view).expect("a view"), filters, &Catalog::embedded())
    }

    /// The checks that rules ask for need the indicators beside, which have rules of their own.
    #[test]
    fn what_comes_beside_an_indicator_is_in_a_piece_with_what_its_own_rules_need() {
        let mut catalog = Catalog::embedded();
        let view = helan_queries::get("findings").expect("a view");
        let rule = catalog.rules.first().expect("a rule").clone();
        let beside = |indicator: &str, parts: &str| Rule {
            rule: format!("{indicator} beside {parts}"),
            indicator: indicator.to_owned(),
            parts: parts.to_owned(),
            ..rule.clone()
        };
        catalog.rules =
            vec![beside("gdp", "rd_expenditure"), beside("rd_expenditure", "population"), beside("population", "gdp")];
        let of_year = |name: &str| (name.to_owned(), BTreeMap::from([(2018, 1)]));
        let counts: Counts = catalog.indicators.iter().map(|row| of_year(&row.indicator)).collect();
        let pieces = part("findings", &[]).pieces(view, &counts, 1, &catalog).expect("pieces");
        let mut seen = Names::new();
        for piece in &pieces {
            let (Some(rows), Some(needed)) = (among(&piece.rows, "indicator"), &piece.part.indicators) else {
                continue;
            };
            for name in &rows {
                let lacks = &closure(view, Names::from([name.clone()]), &catalog) - needed;
                assert_eq!(lacks, Names::new(), "of {name} in {rows:?}");
            }
            assert_eq!(&seen & &rows, Names::new(), "none twice");
            seen.extend(rows);
        }
        assert_eq!(seen, counts.keys().cloned().collect());
    }

    #[test]
    fn every_indicator_is_in_one_piece_with_all_that_it_is_made_of() {
        let catalog = Catalog::embedded();
        let of_year = |name: &str| (name.to_owned(), BTreeMap::from([(2018, AT_ONCE / 3), (2019, AT_ONCE)]));
        let mut counts: Counts = catalog.indicators.iter().map(|row| of_year(&row.indicator)).collect();
        counts.extend([of_year("forgotten")]);
        let view = helan_queries::get("ratios").expect("a view");
        let year = part("ratios", &[col("time_period").eq(lit("2018"))]);
        let pieces = year.pieces(view, &counts, AT_ONCE, &catalog).expect("pieces");
        let (last, others) = pieces.split_last().expect("a piece");
        assert_eq!(last.part.without.len(), counts.len());
        let mut seen = Names::new();
        for piece in others {
            let Expr::InList(InList { list, .. }) = &piece.rows else { panic!("{}", piece.rows) };
            let rows: Names = list.iter().filter_map(constant).collect();
            assert_eq!(&seen & &rows, Names::new());
            let needed = piece.part.indicators.clone().expect("indicators");
            assert_eq!(&indicators(rows.clone(), &catalog) - &needed, Names::new());
            seen.extend(rows);
        }
        assert_eq!(seen, counts.keys().cloned().collect());
        assert!(others.len() > 3 && others.len() < counts.len(), "{}", others.len());
        let one = part("ratios", &[col("indicator").eq(lit("rd_expenditure"))]);
        assert!(
            one.pieces(view, &Counts::from([of_year("gdp")]), AT_ONCE, &catalog).is_none(),
            "few are computed at once"
        );
    }

    #[test]
    fn a_history_is_cut_by_the_years_of_its_cells() {
        let view = helan_queries::get("observation_history").expect("a view");
        let one = part("observation_history", &[col("time_period").eq(lit("2018-Q1"))]);
        assert_eq!(one.years, Some([2018].into()), "what came before the period says nothing about it");
        let years = BTreeMap::from([(2016, 30_000), (2017, 15_000), (2018, 20_000), (2019, 45_000)]);
        let counts = Counts::from([("gdp".to_owned(), years.clone()), ("population".to_owned(), years)]);
        let gdp = part("observation_history", &[col("indicator").eq(lit("gdp"))]);
        let pieces = gdp.pieces(view, &counts, AT_ONCE, &Catalog::embedded()).expect("pieces");
        let (rest, of_years) = pieces.split_last().expect("a piece");
        let of_years: Vec<_> = of_years.iter().map(|piece| piece.part.years.clone().expect("years")).collect();
        assert_eq!(of_years, [Years::from([2016, 2017]), [2018].into(), [2019].into()]);
        assert_eq!(
            (rest.part.size(&counts), rest.part.years.as_ref()),
            (0, None),
            "and of other years what has come since"
        );
    }

    #[test]
    fn a_history_of_many_reports_of_a_year_is_cut_by_areas() {
        let (catalog, view) = (Catalog::embedded(), helan_queries::get("observation_history").expect("a view"));
        let counts = Counts::from([("gdp".to_owned(), BTreeMap::from([(2018, 20_000), (2019, 120_000)]))]);
        let pieces = part("observation_history", &[]).pieces(view, &counts, AT_ONCE, &catalog).expect("pieces");
        let of_2019: Vec<_> =
            pieces.iter().map(|piece| &piece.part).filter(|part| part.years == Some([2019].into())).collect();
        let (rest, turns) = of_2019.split_last().expect("parts");
        let turns: Vec<_> = turns.iter().map(|part| part.areas.clone().expect("areas")).collect();
        assert_eq!(turns.len(), 3);
        let all: Names = turns.iter().flatten().cloned().collect();
        assert_eq!(all.len(), turns.iter().map(Names::len).sum::<usize>(), "none twice");
        assert_eq!((&rest.without_areas, &rest.areas), (&all, &None));
        let city = part("observation_history", &[col("ref_area").eq(lit("640100"))]);
        let pieces = city.pieces(view, &counts, AT_ONCE, &catalog).expect("pieces");
        assert!(pieces.iter().all(|piece| piece.part.areas == city.areas && piece.part.without_areas.is_empty()));
    }

    #[test]
    fn many_rows_of_a_cell_are_computed_a_few_areas_at_a_time() {
        let view = helan_queries::get("changes").expect("a view");
        let counts = Counts::from([("gdp".to_owned(), BTreeMap::from([(2018, 100_000)]))]);
        let gdp = part("changes", &[col("indicator").eq(lit("gdp"))]);
        let catalog = Catalog::embedded();
        let pieces = gdp.pieces(view, &counts, AT_ONCE, &catalog).expect("pieces");
        assert!(pieces.iter().all(|piece| piece.part == pieces[0].part), "one part, computed once");
        let (rest, turns) = pieces.split_last().expect("a piece");
        let turns: Vec<_> = turns.iter().map(|piece| among(&piece.rows, "ref_area").expect("areas")).collect();
        assert_eq!(turns.len(), 3);
        let all: Names = turns.iter().flatten().cloned().collect();
        assert_eq!(all.len(), turns.iter().map(Names::len).sum::<usize>(), "none twice");
        assert!(catalog.areas.iter().all(|row| all.contains(&row.code)));
        assert!(among(&rest.rows, "ref_area").is_none());
    }
}
