//! The catalog: does it load?

use helan_schemas::catalog::{Catalog, Problem};

use super::Finding;
use crate::commands::catalog::shown;
use crate::lang::Lang;

const CHECK: &str = "catalog";

pub(super) fn check(catalog: &Result<Catalog, Vec<Problem>>) -> Finding {
    match catalog {
        Ok(catalog) => {
            let (id, reporters, targets) = (&catalog.head.id, catalog.reporter_ids().count(), catalog.targets.len());
            Finding::ok(
                CHECK,
                format!("{id}：{reporters} 个报送单位，{targets} 项目标"),
                format!("{id}: {reporters} reporters, {targets} targets"),
            )
        }
        Err(problems) => {
            let count = problems.len();
            let first = |lang| problems.first().map(|problem| shown(problem, lang)).unwrap_or_default();
            Finding::fail(
                CHECK,
                (
                    format!("{count} 处错误，首处：{}", first(Lang::Zh)),
                    format!("{count} problems, the first: {}", first(Lang::En)),
                ),
                ("运行 helan catalog check 目录，逐条修正", "run helan catalog check DIR and correct each line"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;

    #[test]
    fn a_catalog_that_does_not_load_fails() {
        assert_eq!(check(&Ok(Catalog::embedded())).outcome, Outcome::Ok);
        let found = check(&Catalog::load(std::path::Path::new("/nonexistent")));
        assert_eq!(found.outcome, Outcome::Fail);
        assert!(found.found_en.contains("/nonexistent"), "{found:?}");
    }
}
