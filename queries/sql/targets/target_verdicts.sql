-- name: target_verdicts
-- grain: one row for each target and area: the area or group that owes it, and each listed member of such a group
-- inputs: target_rows, target_actuals, target_readings, targets, indicators, area_names
-- rules: 1, 2, 3, 4, 8, 10
-- materialise: yes
-- narrows: targets
-- zh: 各目标的结论、差额及使结论改变的口径；文字说明见 quota_fulfilment。
-- en: Verdict and gap of each target, and which interpretation changes it; quota_fulfilment says the same in words.
-- column target_id text: 目标编号 | Id of the target.
-- column ref_area text: 地区或组 | Area or group of this row.
-- column indicator text: 指标 | Indicator that measures it.
-- column time_period text: 时期 | Period by whose end it is owed.
-- column comparator text: 比较方式 | How the actual value is compared: >=, >, <=, =, ≈, all, done, started.
-- column strength text: 约束强度 | hard, soft, report_only or context.
-- column target_value exact: 目标值 | The target in the text's unit.
-- column target_amount exact: 目标值（基本单位） | The target in the indicator's plain unit.
-- column actual_value exact: 实际值 | The actual value in the text's unit, rounded to 10 digits; null = nothing known, or a ratio over an incomplete denominator.
-- column numerator exact: 分子 | Amount above the line, in the plain unit; for counts the value; null = nothing known.
-- column verdict text: 结论 | met, missed, on_track, behind, partial, not_reported, not_due, not_assessable, report_only, context.
-- column turned bool: 是否有读法使结论改变 | Whether another interpretation changes the verdict.
-- column readings text: 各种口径及其结论 | Every reading with its verdict; one row each in target_readings.
-- column current_verdict text: 现行读法的结论 | Verdict of the current reading alone: met or missed.
-- column obstacle text: 无法评估的原因 | Why it cannot be assessed: no_target_value, no_denominator, no_own_value, overlap, reported_missing, suppressed; null = it can.
-- column complete bool: 是否完整 | Whether all parts are known.
-- column at_least bool: 是否为下限 | Whether it is incomplete and can only rise: nothing that is missing can take away from it.
-- column estimated bool: 是否含估计数 | Whether some report behind it is an estimate.
-- column part_below bool: 分母是否不全 | Whether the denominator is a part, or of an earlier date.
-- column denominator_status text: 分母状态 | Ratios: status of the denominator's value.
-- column months_reported int: 已含月数 | Months covered, where the year is not over in the reports.
-- column vintage text: 发布版本 | Which release; for ratios numerator / denominator.
-- column coverage_reported bigint: 已有部分 | Parts known: children, members, items or months.
-- column coverage_expected bigint: 应有部分 | Parts expected.
-- column denominator_coverage_reported bigint: 分母已有部分 | Ratios: parts, or months, of the denominator that have a value.
-- column denominator_coverage_expected bigint: 分母应有部分 | Ratios: parts, or months, of the denominator expected.
-- column measure text: 计量方式 | ratio, value, done, items (k of n milestones), members (k of n areas).
-- column kind text: 类别 | ratio, amount, count, milestone, coverage, unquantified or context.
-- column status text: 数值状态 | reported, compiled, partial, carried, not_reported, no_own_value, no_denominator, overlap, suppressed.
-- column is_member bool: 是否成员行 | Whether the row is about a member of the group that owes it.
-- column owner text: 承担地区或组 | Area or group that owes the target.
-- column unit_text text: 文件所用单位 | The unit as the text writes it.
-- column due_at instant: 报送期限 | When the last of the reports that it needs is due.
-- column missing_zh text: 缺报部分 | Who or what is missing, in Chinese.
-- column missing_en text: 缺报部分（英文） | Who or what is missing, in English.
-- column undone_zh text: 未完成部分 | Members or items that reported and are not done, in Chinese.
-- column undone_en text: 未完成部分（英文） | The same in English.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column parent_target text: 所属目标 | Target of which this is a part; never added to it.
-- column same_as text: 同一数值的另一处 | Target that promises the same figure elsewhere and is counted there.
-- column is_heading bool: 是否其他目标的上级 | Whether other targets are parts of it.
-- column note text: 备注 | Remark.
-- column gap exact: 差额（目标单位）；空 = 无法得出 | What is missing for the target, in the text's unit; over a ceiling what is too much; 0 = reached; null where it cannot be told: nothing is reported (not_reported, not_due), an incomplete value tells no limit (partial), it is only done or not done, or it is not compared (not_assessable, report_only, context).
-- column gap_numerator exact: 差额（分子单位）；空 = 无法得出 | The same in the plain unit of the numerator: what would have to be reported more, with the denominator as it is; null too for a gap of <= and =.
-- column turned_zh text: 何种口径使结论改变 | The first interpretation that changes the verdict, in Chinese; null = none does.
-- column turned_en text: 何种口径使结论改变（英文） | The same in English.
-- column name_zh text: 目标名称 | Name of the target in Chinese.
-- column name_en text: 目标英文名称 | Name of the target in English.
-- column area_zh text: 地区名称 | Name of the area or group in Chinese.
-- column area_en text: 地区英文名称 | Name of the area or group in English.
-- column above_zh text: 分子指标名称 | Name of the indicator above the line, in Chinese.
-- column above_en text: 分子指标英文名称 | The same in English.
-- column above_unit_zh text: 分子指标单位 | Its unit in Chinese.
-- column above_unit_en text: 分子指标英文单位 | Its unit in English.
-- column edition text: 版次 | Edition; of a ratio that of both parts, mixed where they are of two.
-- column basis text: 基准 | Benchmark; of a ratio numerator / denominator where they differ.
-- column lower_value exact: 下限 | The least that meets it, in the text's unit; null where there is none, or nothing to compare.
-- column unit_en text: 目标单位（英文） | The text's unit in English: the multiplier's name and the indicator's unit.
with readings as (
    select
        target_id, ref_area,
        max(case when is_current then verdict end) as current_verdict,
        max(case when is_current then value end) as current_value,
        max(case when is_current then lower_value end) as lower_value,
        count(distinct verdict) > 1 as turned,
        string_agg(
            reading || ' → ' || verdict, '; '
            order by case when is_current then 0 else 1 end, comparator, rounded, numerator_vintage, denominator_vintage, reading
        ) as readings
    from target_readings
    group by target_id, ref_area
),

vintage_names as (
    select 'estimated' as vintage, '估计数' as zh, 'the estimate' as en
    union all select 'preliminary', '初步数', 'the preliminary figure'
    union all select 'revised', '修订数', 'the revised figure'
    union all select 'final', '最终数', 'the final figure'
    union all select 'census-revised', '普查修订数', 'the census revision'
    union all select '-', '未注明版本的数', 'the figure without a vintage'
),

turning as (
    select
        other.target_id, other.ref_area, other.verdict, other.rounded, other.comparator,
        other.comparator <> main.comparator as other_comparator,
        case when other.numerator_vintage is distinct from main.numerator_vintage
            then coalesce(other.numerator_vintage, '-') end as above,
        case when other.denominator_vintage is distinct from main.denominator_vintage
            then coalesce(other.denominator_vintage, '-') end as below,
        case when (other.numerator_edition is distinct from main.numerator_edition) then coalesce(other.numerator_edition, '-') end
            as above_edition,
        case when (other.denominator_edition is distinct from main.denominator_edition) then coalesce(other.denominator_edition, '-') end
            as below_edition,
-- What is nearest to the verdict's own reading: rounding, then the comparator, then other releases.
        row_number() over (
            partition by other.target_id, other.ref_area
            order by
                case when other.numerator_vintage is distinct from main.numerator_vintage then 1 else 0 end
                    + case when other.denominator_vintage is distinct from main.denominator_vintage then 1 else 0 end
                    + case when (other.numerator_edition is distinct from main.numerator_edition) then 1 else 0 end
                    + case when (other.denominator_edition is distinct from main.denominator_edition) then 1 else 0 end,
                case when other.comparator <> main.comparator then 1 else 0 end, other.rounded, other.reading
        ) as place
    from target_readings as other
    inner join target_readings as main
        on main.target_id = other.target_id and main.ref_area = other.ref_area and main.is_current
    where other.verdict <> main.verdict
),

turned_words as (
    select
        turning.target_id, turning.ref_area,
        '按'
            || coalesce(case when turning.below is null then '' else '分子的' end || above_names.zh || '、', '')
            || coalesce('分母的' || below_names.zh || '、', '')
            || case
                when turning.below_edition is null or turning.above_edition = turning.below_edition
                    then coalesce(case turning.above_edition when '-' then '未注明版次' else '版次 ' || turning.above_edition || ' ' end || '的数值、', '')
                else coalesce('分子的' || case turning.above_edition when '-' then '未注明版次' else '版次 ' || turning.above_edition || ' ' end || '数值、', '')
                    || '分母的' || case turning.below_edition when '-' then '未注明版次' else '版次 ' || turning.below_edition || ' ' end || '数值、'
            end
            || case when turning.rounded then '修约后的数值、' else '' end
            || case when turning.other_comparator
                then '“' || case turning.comparator when '>=' then '不低于' when '>' then '高于' when '<=' then '不高于' when '=' then '等于'
                    when '≈' then '约' else turning.comparator end || '”'
                else '' end as words_zh,
        coalesce(above_names.en || case when turning.below is null then '' else ' above the line' end || ', ', '')
            || coalesce(below_names.en || ' of the denominator, ', '')
            || case
                when turning.below_edition is null or turning.above_edition = turning.below_edition
                    then coalesce(case turning.above_edition when '-' then 'no edition' else 'edition ' || turning.above_edition end || ', ', '')
                else coalesce(case turning.above_edition when '-' then 'no edition' else 'edition ' || turning.above_edition end || ' above the line, ', '')
                    || case turning.below_edition when '-' then 'no edition' else 'edition ' || turning.below_edition end || ' of the denominator, '
            end
            || case when turning.rounded then 'rounded, ' else '' end
            || case when turning.other_comparator
                then 'compared as ' || case turning.comparator when '>=' then 'at least' when '>' then 'more than' when '<=' then 'at most'
                    when '=' then 'equal' when '≈' then 'about' else turning.comparator end || ', '
                else '' end as words_en,
        turning.verdict,
-- Rounding alone turns a comparison with a bound only where the rounded value is the bound itself.
        turning.rounded and turning.above is null and turning.below is null and turning.above_edition is null
            and turning.below_edition is null and not turning.other_comparator
            and turning.comparator in ('>=', '>', '<=', '=') as by_rounding
    from turning
    left join vintage_names as above_names on above_names.vintage = turning.above
    left join vintage_names as below_names on below_names.vintage = turning.below
    where turning.place = 1
),

headings as (
    select distinct parent
    from targets
    where parent is not null
),

joined as (
    select
        target_rows.*, target_actuals.numerator, target_actuals.denominator, target_actuals.factor,
        target_actuals.status, target_actuals.complete, target_actuals.negative, target_actuals.coverage_reported,
        target_actuals.coverage_expected, target_actuals.months_reported, target_actuals.vintage,
        target_actuals.missing_zh, target_actuals.missing_en, target_actuals.undone_zh, target_actuals.undone_en,
        target_actuals.demo, target_actuals.at_least, target_actuals.estimated, target_actuals.denominator_status,
        target_actuals.denominator_coverage_reported, target_actuals.denominator_coverage_expected,
        target_actuals.edition, target_actuals.basis, target_actuals.without_value,
        coalesce(target_actuals.denominator_status in ('partial', 'carried'), false) as part_below,
        readings.current_verdict, readings.turned, readings.readings, readings.lower_value,
        targets.name_zh, targets.name_en, area_names.name_zh as area_zh, area_names.name_en as area_en,
        above.name_zh as above_zh, above.name_en as above_en, above.unit_zh as above_unit_zh,
        above.unit_en as above_unit_en,
-- The text's own unit is in its own language: in English it is put together anew, by the names that lists of multipliers have.
        coalesce(
            case
                when target_rows.unit_factor = 1 then own.unit_en
                when target_rows.unit_factor = 1000 then 'thousand ' || own.unit_en
                when target_rows.unit_factor = 10000 then 'ten thousand ' || own.unit_en
                when target_rows.unit_factor = 1000000 then 'million ' || own.unit_en
                when target_rows.unit_factor = 100000000 then 'hundred million ' || own.unit_en
                when target_rows.unit_factor = 1000000000 then 'billion ' || own.unit_en
            end,
            target_rows.unit_text
        ) as unit_en,
        rtrim(turned_words.words_zh, '、')
            || case when turned_words.by_rounding
                then '（' || rtrim(rtrim(cast(target_rows.target_value as varchar), '0'), '.') || '）' else '' end
            || '比较则为“' || case turned_words.verdict when 'met' then '达到' else '未达到' end || '”' as turned_zh,
        'it is ' || turned_words.verdict || ' (' || rtrim(turned_words.words_en, ', ')
            || case when turned_words.by_rounding
                then ' to ' || rtrim(rtrim(cast(target_rows.target_value as varchar), '0'), '.') else '' end
            || ')' as turned_en,
        targets.parent as parent_target, targets.same_as, targets.note,
        headings.parent is not null as is_heading,
-- What is told of a period before its end may still be joined by more. Only where nothing can take away from it, it settles
-- anything: of a stock or a ratio the end of the period counts.
        target_rows.measure in ('done', 'items', 'members')
            or (
                target_rows.measure = 'value' and target_rows.over_time = 'sum'
                and (coalesce(above.min >= 0, false) or above.kind in ('count', 'coverage', 'milestone'))
            ) as only_grows,
        case
            when target_actuals.denominator > 0
                and coalesce(target_actuals.denominator_status not in ('partial', 'carried'), true)
            then try_cast(
                cast(cast(target_actuals.numerator as decimal(76, 10)) * cast(target_actuals.factor as decimal(20, 0))
                    as decimal(76, 30))
                / nullif(
                    cast(cast(target_actuals.denominator as decimal(76, 10)) * target_rows.unit_factor
                        as decimal(76, 10)),
                    0
                )
                as decimal(38, 10)
            )
        end as actual_value
    from target_rows
    inner join target_actuals
        on target_actuals.target_id = target_rows.target_id and target_actuals.ref_area = target_rows.ref_area
    inner join targets on targets.target_id = target_rows.target_id
    inner join indicators as own on own.indicator = target_rows.indicator
    inner join indicators as above
        on above.indicator = coalesce(target_rows.numerator_indicator, target_rows.indicator)
    left join area_names on area_names.ref_area = target_rows.ref_area
    left join turned_words
        on turned_words.target_id = target_rows.target_id and turned_words.ref_area = target_rows.ref_area
    left join headings on headings.parent = target_rows.target_id
    left join readings
        on readings.target_id = target_rows.target_id and readings.ref_area = target_rows.ref_area
),

assessed as (
    select
        *,
        case
            when target_value is null and kind = 'coverage' and comparator = 'all' and not is_member
                then 'no_denominator'
            when target_value is null then 'no_target_value'
            when status = 'overlap' then 'overlap'
            when status in ('no_own_value', 'no_denominator') and is_due then status
-- That there is no value was reported: it is not late.
            when numerator is null and without_value = 'Q' then 'suppressed'
            when numerator is null and without_value is not null then 'reported_missing'
        end as obstacle
    from joined
),

judged as (
    select
        *,
        case
            when kind = 'context' or strength = 'context' then 'context'
            when strength = 'report_only' then 'report_only'
            when obstacle in ('no_target_value', 'no_denominator') and target_value is null then 'not_assessable'
            when obstacle is not null then 'not_assessable'
-- Nothing reported is never zero: late and not yet due are told apart.
            when numerator is null and is_due then 'not_reported'
            when numerator is null or denominator is null or denominator <= 0 then 'not_due'
            when complete and current_verdict = 'met'
                and (period_over or (only_grows and comparator in ('>=', '>', 'all', 'done', 'started')))
                then 'met'
-- Missed needs the whole: a part that falls short may still be joined by the rest.
            when complete and period_over then 'missed'
            when complete then 'not_due'
-- Known parts suffice where the rest can only add to them, and more is never too much.
            when at_least and current_verdict = 'met' and comparator in ('>=', '>', 'all', 'done', 'started') then 'met'
-- Pace: twelfths of the target against the months reported, for flows alone.
            when months_reported < 12 and over_time = 'sum' and comparator in ('>=', '>', '≈') and not is_due
                then case
                    when cast(numerator as decimal(76, 10)) * 12 >= cast(target_amount as decimal(76, 10)) * months_reported
                        then 'on_track'
                    else 'behind'
                end
            else 'partial'
        end as verdict
    from assessed
),

lacking as (
    select
        *,
        case
            when verdict in ('context', 'report_only', 'not_assessable') or measure = 'done' then null
            when verdict = 'met' then cast(0 as decimal(38, 10))
            when comparator in ('>=', '>', '≈', 'all') and (complete or at_least or verdict in ('on_track', 'behind'))
                then greatest(target_value - actual_value, cast(0 as decimal(38, 10)))
            when comparator = '<=' and complete then greatest(actual_value - target_value, cast(0 as decimal(38, 10)))
            when comparator = '=' and complete then abs(actual_value - target_value)
        end as gap,
        try_cast(
            cast(cast(target_amount as decimal(76, 10)) * cast(denominator as decimal(76, 10)) as decimal(76, 20))
            / nullif(cast(factor as decimal(20, 0)), 0)
            as decimal(38, 10)
        ) - numerator as short_of
    from judged
),

measured as (
    select
        *,
        case
            when gap > 0 and comparator in ('>=', '>', '≈', 'all') then greatest(short_of, cast(0 as decimal(38, 10)))
            when gap = 0 then gap
        end as gap_numerator
    from lacking
)

select
    target_id, ref_area, indicator, time_period, comparator, strength, target_value, target_amount, actual_value,
    numerator, verdict, turned, readings, current_verdict, obstacle, complete, at_least, estimated, part_below,
    denominator_status, months_reported, vintage, coverage_reported, coverage_expected,
    denominator_coverage_reported, denominator_coverage_expected, measure, kind, status, is_member, owner, unit_text,
    due_at, missing_zh, missing_en, undone_zh, undone_en, demo, parent_target, same_as, is_heading, note, gap,
    gap_numerator, turned_zh, turned_en, name_zh, name_en, area_zh, area_en, above_zh, above_en, above_unit_zh,
    above_unit_en, edition, basis, lower_value, unit_en
from measured
