-- name: changes
-- grain: one row for each ref_area, indicator, pair of periods of one kind, and pair of benchmarks on which they are known
-- inputs: place_values, ratios, basis_readings, edition_values, basis_links, bases, indicators, indicator_trees, areas, tree_edges, area_names
-- rules: 1, 5, 7, 10
-- materialise: no
-- narrows: ref_area, indicator, from_period and to_period
-- at once: 40000
-- by area: yes
-- zh: 两期之差：同一基准或有声明的可比关系才给出差额，否则说明原因。问“现在怎么看”取 is_current；跨基准的各读数各占一行。
-- en: Differences between two periods, on one benchmark or over a declared link; else none, and why. `is_current` marks the pair of values that count; every other pair of benchmarks on which both periods are known has a row too.
-- column ref_area text: 地区或组 | Area or group code.
-- column indicator text: 指标 | Indicator; ratios are computed anew for each period.
-- column from_period text: 前一时期 | The earlier period.
-- column to_period text: 后一时期 | The later period, of the same kind and length.
-- column from_value exact: 前值 | Value of the earlier period, in the plain unit.
-- column to_value exact: 后值 | Value of the later period.
-- column difference exact: 差额 | to_value − from_value, unrounded (for ratios: points); null where reason_code says why.
-- column growth exact: 增幅（%） | Difference ÷ from_value × 100; null for ratios and where from_value is not above 0.
-- column is_current bool: 是否现行 | Whether both are the values that count as of T.
-- column reason_code text: 无差额的原因代码 | no_value, incomplete, other_area, basis_mixed, basis_unknown, basis_differs; null with a difference.
-- column reason_zh text: 无差额的原因 | Why there is no difference, in Chinese.
-- column reason_en text: 无差额的原因（英文） | Why there is no difference, in English.
-- column from_vintage text: 前值版本 | Release of the earlier value; ratios: numerator / denominator.
-- column to_vintage text: 后值版本 | Release of the later value.
-- column from_basis text: 前值基准 | Benchmark of the earlier value; ratios: numerator / denominator.
-- column to_basis text: 后值基准 | Benchmark of the later value.
-- column from_status text: 前值状态 | How the earlier value came about: reported, compiled …
-- column to_status text: 后值状态 | How the later value came about.
-- column caveat_zh text: 注意 | What to bear in mind although there is a difference.
-- column caveat_en text: 注意（英文） | The same in English.
-- column name_zh text: 地区名称 | Name of the area in Chinese.
-- column name_en text: 地区英文名称 | Name of the area in English.
with plain as (
    select
        ref_area, indicator, time_period, period_kind, period_start, period_end, value, status, complete, vintage, basis,
        origin_period, true as is_current, edition
    from place_values
    union all
    select
        place_values.ref_area, place_values.indicator, place_values.time_period, place_values.period_kind,
        place_values.period_start, place_values.period_end, basis_readings.amount as value, place_values.status,
        place_values.complete, basis_readings.vintage, basis_readings.basis, place_values.origin_period,
        false as is_current, basis_readings.edition
    from place_values
    inner join basis_readings
        on basis_readings.ref_area = place_values.ref_area and basis_readings.indicator = place_values.indicator
        and basis_readings.time_period = place_values.origin_period
    where place_values.status = 'reported' and not basis_readings.is_current
),

formulas as (
    select indicator, numerator as numerator_indicator, denominator as denominator_indicator, factor
    from indicators
    where kind = 'ratio' and denominator_date = 'same_end'
),

shared_editions as (
    select distinct formulas.indicator, above.ref_area, above.time_period
    from formulas
    inner join edition_values as above on above.indicator = formulas.numerator_indicator
    inner join edition_values as below
        on below.indicator = formulas.denominator_indicator and below.ref_area = above.ref_area
        and below.time_period = above.time_period and below.edition = above.edition
),

other_ratios as (
    select
        above.ref_area, formulas.indicator, above.time_period, above.period_kind, above.period_start, above.period_end,
        case when below.value > 0 and below.complete then
            try_cast(
                cast(cast(above.value as decimal(76, 10)) * cast(formulas.factor as decimal(20, 0)) as decimal(76, 30))
                / nullif(cast(below.value as decimal(76, 10)), 0)
                as decimal(38, 10)
            )
        end as value,
        above.status, above.complete and below.complete as complete, above.vintage as numerator_vintage,
        below.vintage as denominator_vintage, above.basis as numerator_basis, below.basis as denominator_basis
    from formulas
    inner join plain as above on above.indicator = formulas.numerator_indicator
    inner join plain as below
        on below.indicator = formulas.denominator_indicator and below.ref_area = above.ref_area
        and below.time_period = above.time_period
    left join shared_editions as shared
        on shared.indicator = formulas.indicator and shared.ref_area = above.ref_area
        and shared.time_period = above.time_period
    where not (above.is_current and below.is_current)
-- Two editions are a reading only where no edition has both parts.
        and (shared.indicator is null or above.edition is not distinct from below.edition)
),

readings as (
    select
        ref_area, indicator, time_period, period_kind, period_start, period_end, value, status, complete, is_current,
        indicator as numerator_indicator, cast(null as varchar) as denominator_indicator,
        vintage as numerator_vintage, cast(null as varchar) as denominator_vintage, basis as numerator_basis,
        cast(null as varchar) as denominator_basis
    from plain
    union all
    select
        ref_area, indicator, time_period, period_kind, period_start, period_end, value, status, complete,
        true as is_current, numerator_indicator, denominator_indicator, numerator_vintage, denominator_vintage,
        numerator_basis, denominator_basis
    from ratios
    union all
    select
        other_ratios.ref_area, other_ratios.indicator, other_ratios.time_period, other_ratios.period_kind,
        other_ratios.period_start, other_ratios.period_end, other_ratios.value, other_ratios.status,
        other_ratios.complete, false as is_current, formulas.numerator_indicator, formulas.denominator_indicator,
        other_ratios.numerator_vintage, other_ratios.denominator_vintage, other_ratios.numerator_basis,
        other_ratios.denominator_basis
    from other_ratios
    inner join formulas on formulas.indicator = other_ratios.indicator
),

measured as (
    select
        *,
        (extract(year from period_end) - extract(year from period_start)) * 12
        + extract(month from period_end) - extract(month from period_start) as months
    from readings
),

pairs as (
    select
        earlier.ref_area, earlier.indicator, earlier.time_period as from_period, later.time_period as to_period,
        earlier.period_end as from_end, later.period_end as to_end, earlier.value as from_value,
        later.value as to_value, earlier.status as from_status, later.status as to_status,
        earlier.complete as from_complete, later.complete as to_complete,
        earlier.is_current and later.is_current as is_current,
        earlier.numerator_indicator, earlier.denominator_indicator,
        earlier.numerator_vintage as from_numerator_vintage, later.numerator_vintage as to_numerator_vintage,
        earlier.denominator_vintage as from_denominator_vintage, later.denominator_vintage as to_denominator_vintage,
        earlier.numerator_basis as from_numerator_basis, later.numerator_basis as to_numerator_basis,
        earlier.denominator_basis as from_denominator_basis, later.denominator_basis as to_denominator_basis
    from measured as earlier
    inner join measured as later
        on later.ref_area = earlier.ref_area and later.indicator = earlier.indicator
        and later.period_kind = earlier.period_kind and later.period_start > earlier.period_start
        and later.months = earlier.months
),

benchmarked as (
    select distinct indicator
    from bases
),

basis_names as (
    select indicator, basis, min(name_zh) as name_zh, min(name_en) as name_en
    from bases
    group by indicator, basis
),

children as (
    select
        tree, period_end, parent, string_agg(child, ' ' order by child) as codes
    from tree_edges
    where relation = 'part_of'
    group by tree, period_end, parent
),

judged as (
    select
        pairs.*, indicators.kind,
        case
            when pairs.from_value is null or pairs.to_value is null then 'no_value'
            when not pairs.from_complete or not pairs.to_complete then 'incomplete'
            when area_then.name_zh <> area_now.name_zh and area_then.name_en <> area_now.name_en then 'other_area'
            when 'mixed' in (
                coalesce(pairs.from_numerator_basis, ''), coalesce(pairs.to_numerator_basis, ''),
                coalesce(pairs.from_denominator_basis, ''), coalesce(pairs.to_denominator_basis, '')
            ) then 'basis_mixed'
            when numerator_benchmarked.indicator is not null
                and (pairs.from_numerator_basis is null or pairs.to_numerator_basis is null) then 'basis_unknown'
            when denominator_benchmarked.indicator is not null
                and (pairs.from_denominator_basis is null or pairs.to_denominator_basis is null) then 'basis_unknown'
            when (pairs.from_denominator_basis is distinct from pairs.to_denominator_basis)
                and denominator_link.indicator is null then 'basis_differs'
            when (pairs.from_numerator_basis is distinct from pairs.to_numerator_basis)
                and numerator_link.indicator is null then 'basis_differs'
        end as reason_code,
        (pairs.from_denominator_basis is distinct from pairs.to_denominator_basis)
        and denominator_link.indicator is null as denominator_differs,
        area_then.name_zh as then_zh, area_then.name_en as then_en, area_now.name_zh as now_zh,
        area_now.name_en as now_en,
        coalesce(parts_then.codes, '') <> coalesce(parts_now.codes, '') as parts_changed,
        (pairs.from_numerator_basis is distinct from pairs.to_numerator_basis)
        or (pairs.from_denominator_basis is distinct from pairs.to_denominator_basis) as over_link
    from pairs
    inner join indicators on indicators.indicator = pairs.indicator
    left join benchmarked as numerator_benchmarked
        on numerator_benchmarked.indicator = pairs.numerator_indicator
    left join benchmarked as denominator_benchmarked
        on denominator_benchmarked.indicator = pairs.denominator_indicator
    left join basis_links as numerator_link
        on numerator_link.indicator = pairs.numerator_indicator
        and numerator_link.basis = pairs.from_numerator_basis
        and numerator_link.linked_basis = pairs.to_numerator_basis
    left join basis_links as denominator_link
        on denominator_link.indicator = pairs.denominator_indicator
        and denominator_link.basis = pairs.from_denominator_basis
        and denominator_link.linked_basis = pairs.to_denominator_basis
    left join areas as area_then
        on area_then.ref_area = pairs.ref_area
        and (area_then.valid_from is null or area_then.valid_from <= pairs.from_end)
        and (area_then.valid_to is null or area_then.valid_to > pairs.from_end)
    left join areas as area_now
        on area_now.ref_area = pairs.ref_area
        and (area_now.valid_from is null or area_now.valid_from <= pairs.to_end)
        and (area_now.valid_to is null or area_now.valid_to > pairs.to_end)
    inner join indicator_trees on indicator_trees.indicator = pairs.numerator_indicator
    left join children as parts_then
        on parts_then.parent = pairs.ref_area and parts_then.period_end = pairs.from_end
        and parts_then.tree = indicator_trees.tree
    left join children as parts_now
        on parts_now.parent = pairs.ref_area and parts_now.period_end = pairs.to_end
        and parts_now.tree = indicator_trees.tree
),

differing as (
    select
        *,
        case when reason_code is null then cast(to_value - from_value as decimal(38, 10)) end as difference,
        case when denominator_differs then denominator_indicator else numerator_indicator end as differing_indicator,
        case when denominator_differs then from_denominator_basis else from_numerator_basis end as differing_from,
        case when denominator_differs then to_denominator_basis else to_numerator_basis end as differing_to,
        case
            when denominator_indicator is null then from_numerator_basis
            when from_numerator_basis is not null or from_denominator_basis is not null
                then coalesce(from_numerator_basis, '-') || ' / ' || coalesce(from_denominator_basis, '-')
        end as from_basis,
        case
            when denominator_indicator is null then to_numerator_basis
            when to_numerator_basis is not null or to_denominator_basis is not null
                then coalesce(to_numerator_basis, '-') || ' / ' || coalesce(to_denominator_basis, '-')
        end as to_basis
    from judged
),

compared as (
    select
        *,
        count(difference) over same_question as comparable,
        max(difference) over same_question as best_difference
    from differing
    window same_question as (partition by ref_area, indicator, from_period, to_period)
),

named as (
    select
        compared.*, parts.name_zh as part_zh, parts.name_en as part_en,
        coalesce(from_names.name_zh, compared.differing_from) as from_basis_zh,
        coalesce(from_names.name_en, compared.differing_from) as from_basis_en,
        coalesce(to_names.name_zh, compared.differing_to) as to_basis_zh,
        coalesce(to_names.name_en, compared.differing_to) as to_basis_en,
        rtrim(rtrim(cast(cast(compared.best_difference as decimal(38, 4)) as varchar), '0'), '.') as best_shown
    from compared
    inner join indicators as parts on parts.indicator = compared.differing_indicator
    left join basis_names as from_names
        on from_names.indicator = compared.differing_indicator and from_names.basis = compared.differing_from
    left join basis_names as to_names
        on to_names.indicator = compared.differing_indicator and to_names.basis = compared.differing_to
)

select
    named.ref_area, named.indicator, named.from_period, named.to_period, named.from_value, named.to_value,
    named.difference,
    case when named.kind <> 'ratio' and named.from_value > 0 then
        try_cast(
            cast(cast(named.difference as decimal(76, 10)) * cast(100 as decimal(20, 0)) as decimal(76, 30))
            / nullif(cast(named.from_value as decimal(76, 10)), 0)
            as decimal(38, 10)
        )
    end as growth,
    named.is_current, named.reason_code,
    case named.reason_code
        when 'no_value' then
            case when named.from_value is null then named.from_period else named.to_period end || ' 无数值（'
            || case when named.from_value is null then named.from_status else named.to_status end || '）'
        when 'incomplete' then '其中一期数据不全，不能相减'
        when 'other_area' then
            '代码 ' || named.ref_area || ' 在 ' || named.from_period || ' 指' || named.then_zh || '，在 '
            || named.to_period || ' 指' || named.now_zh
        when 'basis_mixed' then '数值由不同基准的部分合成，不能相减'
        when 'basis_unknown' then '其中一期的' || named.part_zh || '未注明基准，无法判断是否可比'
        when 'basis_differs' then
            named.from_period || ' 的' || named.part_zh || '属“' || named.from_basis_zh || '”，' || named.to_period
            || ' 的属“' || named.to_basis_zh || '”，目录未声明两者可比：相减得到的是口径之差，不是增减'
            || case
                when named.comparable = 1 then '。同一口径下的变化为 ' || named.best_shown || '（见同一对时期有 difference 的一行）'
                when named.comparable > 1 then '。同一口径下的变化见同一对时期有 difference 的各行'
                else '。截至此时没有同一口径的两期数值'
            end
    end as reason_zh,
    case named.reason_code
        when 'no_value' then
            'no value of ' || case when named.from_value is null then named.from_period else named.to_period end || ' ('
            || case when named.from_value is null then named.from_status else named.to_status end || ')'
        when 'incomplete' then 'one of the two values does not cover all of its area and period'
        when 'other_area' then
            'code ' || named.ref_area || ' meant ' || named.then_en || ' in ' || named.from_period || ' and '
            || named.now_en || ' in ' || named.to_period
        when 'basis_mixed' then 'a value is made up of parts on different benchmarks'
        when 'basis_unknown' then
            'no benchmark is known for ' || named.part_en || ' of one of the periods, so nobody can say whether they compare'
        when 'basis_differs' then
            named.part_en || ' of ' || named.from_period || ' is on "' || named.from_basis_en || '", that of '
            || named.to_period || ' on "' || named.to_basis_en
            || '", and the catalog declares no link between them: the difference would measure the change of benchmark, not growth'
            || case
                when named.comparable = 1
                    then '. On one benchmark the change is ' || named.best_shown
                        || ' (the row of the same periods that has a difference)'
                when named.comparable > 1 then '. On one benchmark: the rows of the same periods that have a difference'
                else '. As of this moment the two periods are not both known on one benchmark'
            end
    end as reason_en,
    case
        when named.denominator_indicator is null then named.from_numerator_vintage
        when named.from_numerator_vintage is not null or named.from_denominator_vintage is not null
            then coalesce(named.from_numerator_vintage, '-') || ' / ' || coalesce(named.from_denominator_vintage, '-')
    end as from_vintage,
    case
        when named.denominator_indicator is null then named.to_numerator_vintage
        when named.to_numerator_vintage is not null or named.to_denominator_vintage is not null
            then coalesce(named.to_numerator_vintage, '-') || ' / ' || coalesce(named.to_denominator_vintage, '-')
    end as to_vintage,
    named.from_basis, named.to_basis, named.from_status, named.to_status,
    nullif(
        case when named.parts_changed then '两期之间所辖地区有变动；' else '' end
        || case when named.reason_code is null and named.over_link then '跨基准，按目录声明的可比关系；' else '' end,
        ''
    ) as caveat_zh,
    nullif(
        case when named.parts_changed then 'the areas that make it up are not the same in both periods; ' else '' end
        || case when named.reason_code is null and named.over_link then 'over a link that the catalog declares; ' else '' end,
        ''
    ) as caveat_en,
    area_names.name_zh, area_names.name_en
from named
left join area_names on area_names.ref_area = named.ref_area
