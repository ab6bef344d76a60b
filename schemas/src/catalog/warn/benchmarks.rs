//! Rows of `bases.csv` that no value comes under, and links that link nothing.

use super::super::Catalog;
use super::super::problem::Problems;
use super::super::rows::Basis;

impl Catalog {
    pub(super) fn warn_of_benchmarks(&self, problems: &mut Problems) {
        for row in &self.bases {
            let area = row.ref_area.as_deref();
            let line = self.line("bases.csv", &[&row.basis, &row.indicator, area.unwrap_or_default()]);
            let mut warn = |rule: &'static str, what: String, why: &str, fix: &str| {
                problems.add(("bases.csv", line), rule, what, why, fix);
            };
            if row.linked_known_from.is_some() && row.links().next().is_none() {
                let what = format!("{} of {} has linked_known_from and no linked_to", row.basis, row.indicator);
                let fix = "name the bases in linked_to, or empty the cell";
                warn("link_of_nothing", what, "it says since when links are known, and there is none", fix);
            }
            let Some(area) = area else { continue };
            if !self.may_be_reported(area, &row.indicator) {
                let what = format!("{} is for {area}, and nobody may report {} for it", row.basis, row.indicator);
                let fix = "add a row to scopes.csv, or name another area";
                warn("never_applies", what, "no value ever comes under the row", fix);
            }
            // The newest values of the newest periods: where rows end, those after have no benchmark at all.
            let is_open = |basis: &&Basis| basis.period_to.is_none() && basis.known_to.is_none();
            let mut of_it = self.bases.iter().filter(|basis| basis.indicator == row.indicator);
            let has_general = of_it.clone().filter(|basis| basis.ref_area.is_none()).any(|basis| is_open(&basis));
            let has_own = of_it.any(|basis| basis.ref_area.as_deref() == Some(area) && is_open(&basis));
            let is_first = self
                .bases
                .iter()
                .position(|basis| (&basis.indicator, &basis.ref_area) == (&row.indicator, &row.ref_area))
                == self.bases.iter().position(|basis| std::ptr::eq(basis, row));
            if has_general && !has_own && is_first {
                let what = format!("the rows of {area} for {} end, and those of every area do not", row.indicator);
                let why = "an area with rows of its own has only those: later values would be on no benchmark";
                warn("own_rows_end", what, why, "repeat the general rows that hold for it too");
            }
        }
    }
}
