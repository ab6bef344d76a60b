-- name: reporters
-- grain: one row for each reporter
-- inputs: catalog_reporters
-- rules: 12
-- materialise: yes
-- zh: 报送单位：谁可以报送，优先级如何，截至 T。
-- en: Reporters: who may send, and with which precedence, as the catalog was known at T.
-- column reporter text: 报送单位代码 | Id of the reporter.
-- column name_zh text: 中文名称 | Name in Chinese.
-- column name_en text: 英文名称 | Name in English.
-- column kind text: 类别（指标目录自定） | What it is, in the catalog's own words.
-- column precedence int: 优先级，数字小者优先 | Between reporters of one cell the lower number wins.
-- column may_back_date bool: 可否填报公布时间 | May say when a value was published.
-- column may_estimate bool: 可否报送估计数 | May send estimates.
-- column valid_from date: 生效日 | First day on which it may send.
-- column valid_to date: 失效日 | First day on which it no longer may.
-- column note text: 备注 | Remark.
-- column known_at instant: 指标目录获知时间 | Since when the catalog knows the row; null = always.
with known as (
    select *
    from catalog_reporters
    where known_at is null or known_at <= $as_of
),

latest as (
    select *, row_number() over (partition by reporter order by known_at desc nulls last) as place
    from known
)

select
    reporter, name_zh, name_en, kind, precedence, may_back_date, may_estimate, valid_from, valid_to, note, known_at
from latest
where place = 1
