-- name: obligation_versions
-- grain: one row for each obligation
-- inputs: catalog_obligations
-- rules: 9
-- materialise: no
-- zh: 每项报送任务截至 T 采用指标目录的哪一行。
-- en: Which row of the catalog an obligation follows as of T: the latest known one.
-- column obligation text: 报送任务编号 | Id of the obligation.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows that row; null = always.
with known as (
    select obligation, known_at
    from catalog_obligations
    where known_at is null or known_at <= $as_of
)

select obligation, max(known_at) as known_at
from known
group by obligation
