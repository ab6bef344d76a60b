-- name: completeness_by_reporter
-- grain: one row for each reporter that owes anything
-- inputs: completeness, reporters
-- rules: 9
-- materialise: no
-- zh: 各报送单位的完整率和及时率，截至 T，不超过 100%。缺报的迟报天数算到 T：不写 T 即算到今天，看往年用 completeness_by_reporter_as_of。
-- en: How complete and how timely each reporter is as of T; never above 100 %. What is missing is late until T, which is now unless a moment is given: of past years ask completeness_by_reporter_as_of.
-- column reporter text: 报送单位 | Who owes.
-- column name_zh text: 单位名称 | Its name in Chinese.
-- column name_en text: 单位英文名称 | Its name in English.
-- column owed bigint: 全部义务 | Reports owed, those not yet due included.
-- column expected bigint: 应报 | Reports that are due or have come.
-- column received bigint: 已报 | Of these, what has come.
-- column on_time bigint: 及时 | Of these, what came in time.
-- column late bigint: 迟报 | What came late.
-- column missing bigint: 缺报 | What is due and has not come.
-- column completeness exact: 完整率（%） | received ÷ expected × 100; null where nothing is expected yet.
-- column timeliness exact: 及时率（%） | on_time ÷ expected × 100.
-- column most_days_late int: 最长迟报天数 | Days of the report that is or was latest; of one that is missing, until T.
-- column mean_days_late exact: 平均迟报天数 | Mean over what came late or is missing; null without any.
with counted as (
    select
        reporter, count(*) as owed, sum(expected) as expected, sum(received) as received, sum(on_time) as on_time,
        sum(case when status = 'late' then 1 else 0 end) as late,
        sum(case when status = 'missing' then 1 else 0 end) as missing,
        max(days_late) as most_days_late, sum(days_late) as days_late
    from completeness
    group by reporter
)

select
    counted.reporter, reporters.name_zh, reporters.name_en, counted.owed, counted.expected, counted.received,
    counted.on_time, counted.late, counted.missing,
    cast(
        cast(counted.received * 100 as decimal(38, 10)) / nullif(cast(counted.expected as decimal(20, 0)), 0)
        as decimal(38, 10)
    ) as completeness,
    cast(
        cast(counted.on_time * 100 as decimal(38, 10)) / nullif(cast(counted.expected as decimal(20, 0)), 0)
        as decimal(38, 10)
    ) as timeliness,
    counted.most_days_late,
    cast(
        cast(counted.days_late as decimal(38, 10)) / nullif(cast(counted.late + counted.missing as decimal(20, 0)), 0)
        as decimal(38, 10)
    ) as mean_days_late
from counted
inner join reporters on reporters.reporter = counted.reporter
