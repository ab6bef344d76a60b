-- name: basis_links
-- grain: one row for each indicator, benchmark and benchmark with which it is linked
-- inputs: catalog_basis_links
-- rules: 7
-- materialise: no
-- zh: 指标目录声明为可比的基准，双向列出。
-- en: Benchmarks between which the catalog declares that differences are meaningful; each link in both directions.
-- column indicator text: 指标 | Indicator whose benchmarks they are.
-- column basis text: 基准 | A benchmark.
-- column linked_basis text: 可比基准 | One with which differences are meaningful.
select distinct indicator, basis, linked_basis
from catalog_basis_links
where known_at is null or known_at <= $as_of
