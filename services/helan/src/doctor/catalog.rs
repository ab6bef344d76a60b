//! The catalog: does it load, and is it the lake's?

use helan_schemas::catalog::{Catalog, Problem};

use super::Finding;
use crate::commands::catalog::shown;
use crate::lang::Lang;

const CHECK: &str = "catalog";

/// The finding, and the catalog by which the other checks go: the one given, if it is that of the lake.
pub(super) fn check<'c>(
    catalog: &'c Result<Catalog, Vec<Problem>>,
    of_lake: Option<&'c Catalog>,
) -> (Finding, Option<&'c Catalog>) {
    let other = |catalog: &Catalog| of_lake.filter(|of_lake| of_lake.head.id != catalog.head.id);
    let in_use = catalog.as_ref().ok();
    let in_use = in_use.map(|catalog| other(catalog).unwrap_or(catalog));
    (found(catalog, in_use), in_use)
}

fn found(catalog: &Result<Catalog, Vec<Problem>>, in_use: Option<&Catalog>) -> Finding {
    match (catalog, in_use) {
        (Ok(catalog), Some(in_use)) if catalog.head.id != in_use.head.id => {
            let (id, kept) = (&catalog.head.id, &in_use.head.id);
            Finding::fail(
                CHECK,
                (
                    format!("数据湖存放指标目录 {kept} 的数据，而这里是 {id}：helan up 会拒绝启动"),
                    format!(
                        "the lake holds the numbers of catalog {kept}, and this is {id}: helan up refuses to start"
                    ),
                ),
                ("用 --catalog 指定数据湖所用的指标目录", "name the files of the lake's catalog with --catalog"),
            )
        }
        (Ok(catalog), _) => {
            let (id, reporters, targets) = (&catalog.head.id, catalog.reporter_ids().count(), catalog.targets.len());
            Finding::ok(
                CHECK,
                format!("{id}：{reporters} 个报送单位，{targets} 项目标"),
                format!("{id}: {reporters} reporters, {targets} targets"),
            )
        }
        (Err(problems), _) => {
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
        assert_eq!(check(&Ok(Catalog::embedded()), None).0.outcome, Outcome::Ok);
        let loaded = Catalog::load(std::path::Path::new("/nonexistent"));
        let (found, in_use) = check(&loaded, None);
        assert_eq!(found.outcome, Outcome::Fail);
        assert!(found.found_en.contains("/nonexistent") && in_use.is_none(), "{found:?}");
    }

    #[test]
    fn a_catalog_of_another_region_than_the_lakes_fails() {
        let (given, mut kept) = (Ok(Catalog::embedded()), Catalog::embedded());
        assert_eq!(check(&given, Some(&kept)).0.outcome, Outcome::Ok);
        kept.head.id = "lab".to_owned();
        let (found, in_use) = check(&given, Some(&kept));
        assert_eq!((found.outcome, in_use.map(|used| used.head.id.as_str())), (Outcome::Fail, Some("lab")));
        assert!(found.found_en.contains("catalog lab") && found.found_zh.contains("lab"), "{found:?}");
    }
}
