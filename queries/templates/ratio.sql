-- name: {answer}
-- grain: one row for each area or group and time_period with a numerator or a denominator
-- inputs: ratios, areas, area_groups
-- rules: 1, 2, 5, 7
-- materialise: no
-- zh: {name_zh}（{unit_zh}）：{numerator_zh} ÷ {denominator_zh}。
-- en: {name_en} ({unit_en}): {numerator_en} ÷ {denominator_en}.
-- column ref_area text: 地区或组 | Area or group code.
-- column time_period text: 时期 | SDMX time period.
-- column value exact: 比率 | The ratio, unrounded to 10 digits; null without numerator or denominator, and over a denominator that is incomplete.
-- column numerator exact: 分子：{numerator_zh} | {numerator_en}: amount above the line, in the plain unit.
-- column denominator exact: 分母：{denominator_zh} | {denominator_en}: amount below the line, in the plain unit.
-- column numerator_vintage text: 分子版本 | Which release of the numerator.
-- column denominator_vintage text: 分母版本 | Which release of the denominator.
-- column numerator_basis text: 分子基准 | Benchmark of the numerator.
-- column denominator_basis text: 分母基准 | Benchmark of the denominator.
-- column status text: 状态 | reported, compiled, partial, carried (all of the numerator), no_own_value, no_denominator, no_numerator, overlap, suppressed.
-- column coverage_reported bigint: 已有部分 | Parts of the numerator that have a value.
-- column coverage_expected bigint: 应有部分 | Parts of the numerator expected.
-- column name_zh text: 中文名称 | Name of the area or group in Chinese.
-- column name_en text: 英文名称 | Name of the area or group in English.
-- column missing_zh text: 缺报部分 | Parts of the numerator without a value, by Chinese name.
-- column missing_en text: 缺报部分（英文） | Parts of the numerator without a value, by English name.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column shown exact: 修约后的比率 | The ratio as it is published: rounded once to the indicator's decimals, in the indicator's way; null where it is incomplete and no lower limit.
-- column denominator_status text: 分母状态 | Status of the denominator's value; of a mean's two the one that is incomplete.
-- column denominator_coverage_reported bigint: 分母已有部分 | Parts, or months, of the denominator that have a value.
-- column denominator_coverage_expected bigint: 分母应有部分 | Parts, or months, of the denominator expected.
-- column at_least bool: 是否为下限 | Whether it is incomplete and can only rise: its numerator can only grow and its denominator is complete.
-- column estimated bool: 是否含估计数 | Whether some report behind numerator or denominator is an estimate.
-- column numerator_edition text: 分子版次 | Edition of the numerator; mixed where its parts differ.
-- column denominator_edition text: 分母版次 | Edition of the denominator.
-- column edition text: 版次 | Edition of both parts; mixed where they are of two, because no edition has both.
with ratio as (
    select *
    from ratios
    where indicator = '{indicator}'
)

select
    ratio.ref_area, ratio.time_period, ratio.value, ratio.numerator, ratio.denominator, ratio.numerator_vintage,
    ratio.denominator_vintage, ratio.numerator_basis, ratio.denominator_basis, ratio.status, ratio.coverage_reported,
    ratio.coverage_expected, coalesce(names.name_zh, group_names.name_zh) as name_zh,
    coalesce(names.name_en, group_names.name_en) as name_en, ratio.missing_zh, ratio.missing_en, ratio.demo,
    ratio.shown, ratio.denominator_status, ratio.denominator_coverage_reported, ratio.denominator_coverage_expected,
    ratio.at_least, ratio.estimated, ratio.numerator_edition, ratio.denominator_edition, ratio.edition
from ratio
left join areas as names
    on names.ref_area = ratio.ref_area
    and (names.valid_from is null or names.valid_from <= ratio.period_end)
    and (names.valid_to is null or names.valid_to > ratio.period_end)
left join area_groups as group_names
    on group_names.group_id = ratio.ref_area
    and (group_names.valid_from is null or group_names.valid_from <= ratio.period_end)
    and (group_names.valid_to is null or group_names.valid_to > ratio.period_end)
