-- name: quota_fulfilment
-- grain: one row for each target and area: the area or group that owes it, and each listed member of such a group
-- inputs: target_verdicts
-- rules: 1, 2, 3, 4, 8, 10
-- materialise: yes
-- narrows: targets
-- zh: 目标完成情况：每项目标的实际值、结论、结论是否受口径影响及理由。
-- en: How each target stands: actual value, verdict, whether another interpretation changes it, and why.
-- column target_id text: 目标编号 | Id of the target.
-- column ref_area text: 地区或组 | Area or group of this row.
-- column indicator text: 指标 | Indicator that measures it.
-- column time_period text: 时期 | Period by whose end it is owed.
-- column comparator text: 比较方式 | How the actual value is compared: >=, >, <=, =, ≈, all, done, started.
-- column strength text: 约束强度 | hard, soft, report_only or context.
-- column target_value exact: 目标值 | The target in the text's unit.
-- column actual_value exact: 实际值 | The actual value in the text's unit, rounded to 10 digits; null = nothing known, or a ratio over an incomplete denominator.
-- column fulfilment exact: 完成比例 | actual ÷ target; null for milestones, zero targets and <=, and for a part that is no lower limit.
-- column verdict text: 结论 | met, missed, on_track, behind, partial, not_reported, not_due, not_assessable, report_only, context.
-- column sensitive bool: 结论是否受口径影响 | Whether another interpretation changes the verdict.
-- column readings text: 各种口径及其结论 | Every reading with its verdict; one row each in target_readings.
-- column vintage text: 发布版本 | Which release; for ratios numerator / denominator.
-- column coverage_reported bigint: 已有部分 | Parts known: children, members, items or months.
-- column coverage_expected bigint: 应有部分 | Parts expected.
-- column reason_zh text: 理由 | Why the verdict, with the figures, in Chinese.
-- column reason_en text: 理由（英文） | Why the verdict, with the figures, in English.
-- column reason_code text: 理由代码 | no_target_value, no_denominator, no_own_value, overlap, reported_missing (it was reported that there is no value), suppressed, or null.
-- column is_member bool: 是否成员行 | Whether the row is about a member of the group that owes it.
-- column owner text: 承担地区或组 | Area or group that owes the target.
-- column kind text: 类别 | ratio, amount, count, milestone, coverage, unquantified or context.
-- column status text: 数值状态 | reported, compiled, partial, carried, not_reported, no_own_value, no_denominator, overlap, suppressed.
-- column unit_text text: 文件所用单位 | The unit as the text writes it.
-- column due_at instant: 报送期限 | When the last of the reports that it needs is due.
-- column missing_zh text: 缺报部分 | Who or what is missing, in Chinese.
-- column missing_en text: 缺报部分（英文） | Who or what is missing, in English.
-- column demo bool: 是否含演示数据 | Whether some part is illustrative.
-- column parent_target text: 所属目标 | Target of which this is a part; never added to it.
-- column same_as text: 同一数值的另一处 | Target that promises the same figure elsewhere and is counted there.
-- column counts bool: 是否计数 | Whether a tally counts the row: not members, repeats, headings of other targets, nor context. Each promise once.
-- column note_zh text: 备注 | The catalog's remark in Chinese; target_notes has every remark.
-- column note_en text: 备注（英文） | The same in English.
-- column at_least bool: 是否为下限 | Whether it is incomplete and can only rise: nothing that is missing can take away from it.
-- column estimated bool: 是否含估计数 | Whether some report behind it is an estimate.
-- column denominator_coverage_reported bigint: 分母已有部分 | Ratios: parts, or months, of the denominator that have a value.
-- column denominator_coverage_expected bigint: 分母应有部分 | Ratios: parts, or months, of the denominator expected.
-- column gap exact: 差额（目标单位）；空 = 无法得出 | What is missing for the target, in the text's unit; over a ceiling what is too much; 0 = reached; null where it cannot be told: nothing is reported (not_reported, not_due), an incomplete value tells no limit (partial), it is only done or not done, or it is not compared (not_assessable, report_only, context).
-- column gap_numerator exact: 差额（分子单位）；空 = 无法得出 | The same in the plain unit of the numerator: what would have to be reported more, with the denominator as it is; null too for a gap of <= and =.
-- column gap_zh text: 差额说明；空 = 不差，或见结论 | What is missing with its unit, and who would have to report it, or that an incomplete value does not tell it, in Chinese; null where the gap is 0, and where the verdict says already why there is none (not_reported, not_due, not_assessable …).
-- column gap_en text: 差额说明（英文）；空 = 不差，或见结论 | The same in English.
-- column turned_zh text: 何种口径使结论改变 | The first interpretation that changes the verdict, in Chinese; null = none does.
-- column turned_en text: 何种口径使结论改变（英文） | The same in English.
-- column name_zh text: 目标名称 | Name of the target in Chinese.
-- column name_en text: 目标英文名称 | Name of the target in English.
-- column area_zh text: 地区名称 | Name of the area or group in Chinese.
-- column area_en text: 地区英文名称 | Name of the area or group in English.
-- column edition text: 版次 | Edition; of a ratio that of both parts, mixed where they are of two.
-- column basis text: 基准 | Benchmark; of a ratio numerator / denominator where they differ.
with bounded as (
    select
        *,
-- About is met from a little less than the target: the gap to the target is not the one that decides.
        case
            when comparator = '≈' and gap > 0 and lower_value is not null
                then greatest(lower_value - actual_value, cast(0 as decimal(38, 10)))
        end as short_of_bound
    from target_verdicts
),

worded_gaps as (
    select
        *,
        rtrim(rtrim(cast(lower_value as varchar), '0'), '.') as bound_shown,
        rtrim(rtrim(cast(case
            when short_of_bound >= 0.0001 then cast(cast(short_of_bound as decimal(38, 4)) as decimal(38, 10)) else short_of_bound
        end as varchar), '0'), '.') as short_of_bound_shown,
        rtrim(rtrim(cast(case
            when gap >= 0.0001 then cast(cast(gap as decimal(38, 4)) as decimal(38, 10)) else gap
        end as varchar), '0'), '.') as gap_shown,
        case
            when gap_numerator >= 100000000 then rtrim(rtrim(cast(cast(
                cast(gap_numerator as decimal(76, 10)) * cast(0.00000001 as decimal(10, 8)) as decimal(38, 4)
            ) as varchar), '0'), '.') || ' 亿' || above_unit_zh
            when gap_numerator >= 10000 then rtrim(rtrim(cast(cast(
                cast(gap_numerator as decimal(76, 10)) * cast(0.0001 as decimal(10, 8)) as decimal(38, 4)
            ) as varchar), '0'), '.') || ' 万' || above_unit_zh
            else rtrim(rtrim(cast(gap_numerator as varchar), '0'), '.') || ' ' || above_unit_zh
        end as above_gap_zh,
        rtrim(rtrim(cast(cast(gap_numerator as decimal(38, 2)) as varchar), '0'), '.') || ' ' || above_unit_en
            as above_gap_en
    from bounded
),

shown as (
    select
        *,
        coalesce(rtrim(rtrim(cast(cast(actual_value as decimal(38, 4)) as varchar), '0'), '.'), '') as actual_shown,
        coalesce(rtrim(rtrim(cast(target_value as varchar), '0'), '.'), '') as target_shown,
        case comparator
            when '>=' then '不低于 ' when '>' then '高于 ' when '<=' then '不高于 ' when '=' then '等于 '
            when '≈' then '约 ' when 'all' then '全部 ' else ''
        end as asks_zh,
        case comparator
            when '>=' then 'at least ' when '>' then 'more than ' when '<=' then 'at most ' when '=' then 'exactly '
            when '≈' then 'about ' when 'all' then 'all ' else ''
        end as asks_en,
        case comparator when 'started' then '启动' else '完成' end as done_zh,
        case comparator when 'started' then 'started' else 'completed' end as done_en,
        ' ' || case measure when 'members' then '家' when 'items' then '项' else unit_text end as counter_zh,
        cast(coverage_reported as varchar) || '/' || cast(coverage_expected as varchar) as coverage_shown,
        coalesce(
            cast(denominator_coverage_reported as varchar) || '/' || cast(denominator_coverage_expected as varchar), ''
        ) as below_shown
    from worded_gaps
),

paced as (
    select
        *,
        cast(months_reported as varchar) || ' 个月累计 ' || actual_shown || ' ' || unit_text || '，全年目标' || asks_zh || target_shown
            as paced_zh,
        actual_shown || ' in ' || cast(months_reported as varchar) || ' months, target of the year ' || asks_en || target_shown
            as paced_en
    from shown
),

worded as (
    select
        *,
        case verdict
            when 'context' then '仅为背景表述，不是本期目标'
            when 'report_only'
                then '文件未提出量化目标，仅供参考'
                    || coalesce('：已报 ' || case when numerator is not null then actual_shown || ' ' || unit_text end, '；尚无报送')
            when 'not_assessable'
                then case obstacle
                    when 'no_target_value' then case when is_member then '文件未给该成员的目标值' else '文件未给目标值' end
                    when 'no_denominator'
                        then case when target_value is null then '文件未给总数，无法计算覆盖情况' else '缺少分母，无法计算' end
                    when 'no_own_value' then '缺少本级公布的数值（不得用下级合计代替），无法计算'
                    when 'reported_missing' then '已报送：无此数据，无法评估'
                    when 'suppressed' then '已报送：数据不公开，无法评估'
                    else '成员是否重叠未知，不能求和'
                end
            when 'not_due'
                then case when measure = 'done' and numerator is not null and complete then '时期未结束，尚未' || done_zh
                    when numerator is not null and complete
                    then '时期未结束，目前 ' || actual_shown || ' ' || unit_text || '，目标' || asks_zh || target_shown
                    else '未到报送期限'
                end
            when 'not_reported'
                then case when due_at is null then '时期已过，没有报送；指标目录未规定报送期限'
                    when length(time_period) = 4 then '逾期未报'
                    else '逾期未报：' || time_period || ' 本期没有报送（只有全年由各期相加）' end
            when 'met'
                then case
                    when measure = 'done' then '已' || done_zh
                    when comparator = 'all' then actual_shown || counter_zh || '均已完成'
                    when measure in ('items', 'members') then '已完成 ' || actual_shown || counter_zh || '，目标' || asks_zh || target_shown
                    when complete
                        then '实际 ' || actual_shown || ' ' || unit_text || '，目标' || asks_zh || target_shown || '，达到'
                    else '已报部分'
                        || case when coverage_reported = coverage_expected then '（有的不全）' else coalesce('（' || coverage_shown || '）', '') end
                        || '合计 ' || actual_shown || ' ' || unit_text
                        || '，已达到目标：' || asks_zh || target_shown
                end
            when 'missed'
                then case
                    when measure = 'done' then '已报送，尚未' || done_zh
                    when comparator = 'all' or measure in ('items', 'members')
                        then '应完成 ' || target_shown || counter_zh || '，已完成 ' || actual_shown || counter_zh
                            || coalesce('；未完成：' || undone_zh, '')
                    else '实际 ' || actual_shown || ' ' || unit_text || '，目标' || asks_zh || target_shown || '，未达到'
                end
            when 'on_track' then paced_zh || '，进度正常'
            when 'behind' then paced_zh || '，进度滞后'
            else case
                when part_below and denominator_status = 'carried' then '分母只有期内较早时点的数值，不作判断'
                when part_below then '分母数据不全（' || below_shown || '），不作判断'
                when status = 'carried' then '只有期内较早时点的数值 ' || actual_shown || ' ' || unit_text || '，不作判断'
                else '数据不全'
                    || case
-- Each part has a value, and some part only that of some months, or of some of its own parts.
                        when coverage_reported = coverage_expected
                            then '（' || cast(coverage_expected as varchar) || ' 个部分均有数值，有的不全）'
                        else coalesce('（已报 ' || cast(coverage_reported as varchar) || ' 个，应报 '
                            || cast(coverage_expected as varchar) || ' 个）', '')
                    end
                    || case when comparator = 'all' then '：已知完成 ' else '：已知 ' end || actual_shown || counter_zh
                    || case when comparator = 'all' then '，应完成 ' else '，目标' || asks_zh end || target_shown
                    || case when comparator = 'all' then counter_zh else '' end
                    || case when not at_least and current_verdict is null and comparator in ('>=', '>') then '；缺报部分可能使总数减少' else '' end
            end
        end
        || case when verdict in ('met', 'missed', 'partial') and missing_zh is not null then '；缺报：' || missing_zh else '' end
        || case when verdict in ('met', 'missed') and turned then '；结论受口径影响：' || turned_zh else '' end
        || case when verdict in ('met', 'missed', 'partial', 'on_track', 'behind') and estimated then '；含估计数' else '' end
            as reason_zh,
        case verdict
            when 'context' then 'Mentioned in the document, but not a target of this period'
            when 'report_only'
                then 'The document sets no number, for information only'
                    || coalesce(': ' || case when numerator is not null then actual_shown end || ' reported', '; nothing reported yet')
            when 'not_assessable'
                then case obstacle
                    when 'no_target_value'
                        then case when is_member then 'The document gives this member no target of its own'
                            else 'The document gives no target value' end
                    when 'no_denominator'
                        then case when target_value is null then 'The document gives no total: coverage cannot be computed'
                            else 'The denominator is missing' end
                    when 'no_own_value' then 'Its own published value is missing, and a sum of parts must not replace it'
                    when 'reported_missing' then 'Reported: there is no value, so it cannot be assessed'
                    when 'suppressed' then 'Reported: the value is not public, so it cannot be assessed'
                    else 'Whether members overlap is unknown: they cannot be added'
                end
            when 'not_due'
                then case when measure = 'done' and numerator is not null and complete
                    then 'The period is not over: not ' || done_en || ' yet'
                    when numerator is not null and complete
                    then 'The period is not over: ' || actual_shown || ' so far, target ' || asks_en || target_shown
                    else 'Not due yet'
                end
            when 'not_reported'
                then case when due_at is null then 'The period is over, nothing is reported; the catalog names no due date'
                    when length(time_period) = 4 then 'Overdue, nothing reported'
                    else 'Overdue, nothing reported for ' || time_period || ' itself (only a year is added up from its parts)' end
            when 'met'
                then case
                    when measure = 'done' then case comparator when 'started' then 'Started' else 'Completed' end
                    when comparator = 'all' then 'All ' || actual_shown || ' completed'
                    when measure in ('items', 'members') then actual_shown || ' completed, target ' || asks_en || target_shown
                    when complete then 'Actual ' || actual_shown || ', target ' || asks_en || target_shown || ': met'
                    else 'The known parts ('
                        || case when coverage_reported = coverage_expected then 'some incomplete' else coalesce(coverage_shown, '') end
                        || ') already reach ' || actual_shown || ', target '
                        || asks_en || target_shown
                end
            when 'missed'
                then case
                    when measure = 'done' then 'Reported, but not ' || done_en
                    when comparator = 'all' or measure in ('items', 'members')
                        then actual_shown || ' of ' || target_shown || ' completed' || coalesce('; not completed: ' || undone_en, '')
                    else 'Actual ' || actual_shown || ', target ' || asks_en || target_shown || ': missed'
                end
            when 'on_track' then paced_en || ': on track'
            when 'behind' then paced_en || ': behind'
            else case
                when part_below and denominator_status = 'carried'
                    then 'The denominator is known for an earlier date of the period only: not judged'
                when part_below then 'The denominator is incomplete (' || below_shown || '): not judged'
                when status = 'carried' then 'Only an earlier value of the period is known (' || actual_shown || '): not judged'
                else 'Incomplete (' || case
                        when coverage_reported = coverage_expected
                            then 'all ' || cast(coverage_expected as varchar) || ' parts have a value, some an incomplete one'
                        else coalesce(coverage_shown, '')
                    end || '): ' || actual_shown
                    || case when comparator = 'all' then ' of ' else ' known, target ' || asks_en end || target_shown
                    || case when comparator = 'all' then ' known to be completed' else '' end
                    || case when not at_least and current_verdict is null and comparator in ('>=', '>') then '; what is missing may lower it' else '' end
            end
        end
        || case when verdict in ('met', 'missed', 'partial') and missing_en is not null then '; missing: ' || missing_en else '' end
        || case when verdict in ('met', 'missed') and turned then '; another interpretation changes the verdict: ' || turned_en else '' end
        || case when verdict in ('met', 'missed', 'partial', 'on_track', 'behind') and estimated then '; includes estimates' else '' end
            as reason_en
    from paced
)

select
    target_id, ref_area, indicator, time_period, comparator, strength, target_value, actual_value,
    case
-- Actual ÷ target says nothing of a ceiling, of zero, or of something that is done or not.
        when target_amount > 0 and comparator <> '<=' and measure <> 'done'
            and kind not in ('milestone', 'context', 'unquantified')
-- Of a part, only where the whole cannot be less, or where it is set against the months that it covers.
            and (
                complete or verdict in ('on_track', 'behind') or (at_least and comparator in ('>=', '>', 'all'))
            )
            then try_cast(cast(actual_value as decimal(76, 20)) / nullif(target_value, 0) as decimal(38, 10))
    end as fulfilment,
    verdict, coalesce(verdict in ('met', 'missed') and turned, false) as sensitive, readings, vintage,
    coverage_reported, coverage_expected, reason_zh, reason_en,
    case when verdict = 'not_assessable' then obstacle end as reason_code, is_member, owner, kind, status, unit_text,
    due_at, missing_zh, missing_en, demo, parent_target, same_as,
    not is_member and same_as is null and not is_heading and verdict <> 'context' as counts,
    split_part(note, ' / ', 1) as note_zh,
    case when strpos(note, ' / ') > 0 then substr(note, strpos(note, ' / ') + 3) else note end as note_en,
    at_least, estimated, denominator_coverage_reported, denominator_coverage_expected, gap, gap_numerator,
    case when gap > 0 then
        case when comparator in ('<=', '=') then '相差 ' else '还差 ' end || gap_shown || ' ' || unit_text
            || case when measure = 'ratio' and gap_numerator > 0 then '，合' || above_zh || ' ' || above_gap_zh else '' end
            || case when short_of_bound > 0 then '；“约”按不低于 ' || bound_shown || ' 判断，还差 ' || short_of_bound_shown || ' ' || unit_text else '' end
            || case when at_least and missing_zh is not null then '；缺报的 ' || missing_zh || ' 合计至少还需报出此数' else '' end
        when gap is null and verdict = 'partial' then '数据不全，无法得出差额'
    end as gap_zh,
    case when gap > 0 then
        case when comparator in ('<=', '=') then 'off by ' else 'short by ' end || gap_shown || ' ' || unit_en
            || case when measure = 'ratio' and gap_numerator > 0 then ': ' || above_gap_en || ' of ' || above_en else '' end
            || case when short_of_bound > 0 then '; about is met from ' || bound_shown || ', short of that by ' || short_of_bound_shown || ' ' || unit_en else '' end
            || case
                when at_least and missing_en is not null
                    then '; ' || missing_en || ' would have to report at least that together'
                else ''
            end
        when gap is null and verdict = 'partial' then 'not known: the value is incomplete'
    end as gap_en,
    case when verdict in ('met', 'missed') and turned then turned_zh end as turned_zh,
    case when verdict in ('met', 'missed') and turned then turned_en end as turned_en, name_zh, name_en, area_zh, area_en,
    edition, basis
from worded
