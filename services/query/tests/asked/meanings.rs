//! Questions to which the engine alone gives another answer than SQL does: the answer is right, or says how to ask.

use crate::overflow::one;
use crate::session::session;

#[tokio::test]
async fn quotients_means_and_casts_keep_their_digits() {
    let session = session();
    for (text, expected) in [
        ("select 1/1000000.0", "0.000001"),
        ("select round(2/3.0, 4)", "0.6667"),
        ("select 1/32.0", "0.03125"),
        ("select 1e4/3", "3333.33333333333333"),
        ("select round(1e3/7, 2)", "142.86"),
        ("select 1e3*1.5", "1500.00"),
        ("select 5e-1 + 1", "1.5"),
        ("select avg(x) from (values (1.5), (2.0), (2.0)) t(x)", "1.83333333333333"),
        ("select avg(cast(x as decimal(10, 0))) from (values (1), (2), (2)) t(x)", "1.66666666666666"),
        ("select max(a) from (select avg(x) over () as a from (values (1.0), (2.5)) t(x)) u", "1.75000000000000"),
        ("select avg(x) from (values (1e3)) t(x)", "1000.00000000000000"),
        // The engine takes the cast out of the comparison.
        ("select count(*) from (values (70.4), (70.0), (69.9)) t(x) where cast(x as decimal(10, 0)) = 70", "3"),
        ("select count(*) from (values (70.4), (70.0), (69.9)) t(x) where cast(x as bigint) in (70)", "3"),
        ("select cast(1.9 as int)", "2"),
        ("select cast(-2.5 as bigint)", "-3"),
        ("select cast(1.9e0::double as smallint)", "2"),
        ("select try_cast(cast(2.4 as decimal(60, 10)) as int)", "2"),
        ("select max(r) from (select x::int as r from (values (1.49), (1.5)) t(x)) u", "2"),
        ("select count(r) from (select cast(x as int) r from (values (70.4), (70.0)) t(x)) u where r = 70", "2"),
        ("select median(x) from (values (1.5), (2.0)) t(x)", "1.75"),
        ("select cast('2018-Q1' as varchar(4))", "2018"),
        ("select count(*) from (values ('2018-Q1'), ('2017')) t(p) where p::varchar(4) = '2018'", "1"),
        ("select sum(n) from (select *, n from (values (1), (2)) t(n)) u", "3"),
        ("select exists (select 1 from (values (1)) t(n) where n > 1)", "false"),
        (
            "select string_agg(cast(e as varchar), ',' order by n) from (
                 select n, exists (select 1 from (values (2)) u(m) where u.m = t.n) as e from (values (1), (2)) t(n)) v",
            "false,true",
        ),
        ("select (2 > 1) = 't' and (1 > 2) = 'false'", "true"),
        ("select cast('2018-Q1' as char(4))", "2018"),
        ("select cast('abc' as varchar)", "abc"),
        ("select count(*) from (values (70.4), (70.0)) t(x) where try_cast(x as bigint) = 70", "2"),
        ("select cast('70.4' as double) in (70.4)", "true"),
        ("select 70.4 between cast('70.4' as double) and 71.0", "true"),
        // A double is compared as one.
        ("select cast(45570000 as decimal(28, 10)) = cast(45570000 as double)", "true"),
        ("select count(*) from (values (70.4)) t(x) where x = cast('70.4' as double)", "1"),
        ("select 5 >= power(10, 1) / 2", "true"),
        ("select date '2018-12-31' > date '2018-01-01' and date '2018-12-31' = '2018-12-31'", "true"),
        ("select now() - timestamp '2018-01-01T00:00:00Z' > interval '720 hours'", "true"),
        ("select date '2024-01-31' + interval '1 month' = date '2024-02-29'", "true"),
        ("select cast(date '2024-01-31' as timestamp) + interval '36 hours' = timestamp '2024-02-01T12:00:00'", "true"),
    ] {
        let answered = one(&session, text).await;
        let plain = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
        assert_eq!(answered.as_deref().map(plain), Ok(plain(expected)), "{text}");
    }
}

/// The events are known from 2019-08-29T16:00:00Z, which in the catalog's zone is the first moment of the 30th.
#[tokio::test]
async fn moments_count_in_the_catalogs_zone() {
    let session = session();
    for (expr, expected) in [
        ("m::date", "2019-08-30"),
        ("try_cast(m as date)", "2019-08-30"),
        ("cast(m as time)", "00:00:00"),
        ("cast(m as timestamp)", "2019-08-30T00:00:00"),
        ("extract(hour from m)", "0"),
        ("date_part('day', m)", "30"),
        ("date_trunc('month', m)", "2019-08-01T00:00:00+08:00"),
        ("date_bin(interval '1 day', m + interval '1 hour')", "2019-08-30T00:00:00+08:00"),
        ("to_char(m, 'YYYY-MM-DD HH24:MI')", "2019-08-30 00:00"),
        ("m + interval '1 month'", "2019-09-30T00:00:00+08:00"),
        ("m - interval '1 month'", "2019-07-30T00:00:00+08:00"),
        ("interval '1 day' + m", "2019-08-31T00:00:00+08:00"),
        ("m = '2019-08-30' and '2019-08-30 00:00' = m and m = '2019-08-29T16:00:00Z'", "true"),
        ("m = date '2019-08-30' and m = timestamp '2019-08-30 00:00:00'", "true"),
        ("m = timestamp '2019-08-29 16:00:00Z' and m = timestamp with time zone '2019-08-30'", "true"),
        ("m = '2019-08-29T18:00:00+02:00'", "true"),
        ("m between '2019-08-30' and date '2019-08-30'", "true"),
        ("m < '2019-08-30' or m > '2019-08-30'", "false"),
        ("m in ('2019-08-30') and m not in ('2019-08-29 16:00:00')", "true"),
        ("extract(epoch from m - timestamp '2019-08-30 00:00:00') = 0", "true"),
        ("extract(epoch from m - date '2019-08-30') = 0", "true"),
        ("coalesce(null, timestamp '2019-08-30', m) = m", "true"),
        ("case when m > '2019-08-29' then timestamp '2019-08-30' else m end = m", "true"),
        ("case m when '2019-08-30' then 1 else 0 end", "1"),
        ("greatest(m, date '2019-08-30') = m", "true"),
        ("to_timestamp('2019-08-30T00:00:00') = m", "true"),
        ("local_date(timestamp '2019-08-30 00:00:00', 'UTC')", "2019-08-29"),
        ("from_unixtime(1567094400) = m and from_unixtime(1567094400)::date = '2019-08-30'", "true"),
        ("to_unixtime(timestamp '2019-08-30 00:00:00')", "1567094400"),
        ("now()::date = current_date and current_date = local_date(now(), 'Asia/Shanghai')", "true"),
        // A zone that is named is kept.
        ("(m at time zone 'UTC')::date", "2019-08-29"),
        ("extract(hour from m at time zone 'America/New_York')", "12"),
        ("date_trunc('day', m at time zone 'UTC')", "2019-08-29T00:00:00Z"),
        ("(m at time zone 'America/New_York') >= date '2019-08-30'", "false"),
        ("cast(m at time zone 'America/New_York' as timestamp)", "2019-08-29T12:00:00"),
        ("extract(epoch from to_timestamp(1567094400))", "1567094400.0"),
        ("timestamptz 'epoch' + interval '1567094400 seconds' = m", "true"),
        ("(case when m is null then now() else m end)::date", "2019-08-30"),
        ("least(m, now())::date", "2019-08-30"),
        ("least(m, now()) = '2019-08-30'", "true"),
        ("(case when m > now() then date_trunc('day', m) else m end)::date", "2019-08-30"),
        ("nvl(m, now())::date", "2019-08-30"),
        ("ifnull(m, now()) >= '2019-08-30'", "true"),
        ("date_bin(interval '1 day', m, timestamp '2020-01-01')", "2019-08-30T00:00:00+08:00"),
        ("to_date(m)", "2019-08-30"),
        ("to_time(m)", "00:00:00"),
        ("arrow_cast(m, 'Date32')", "2019-08-30"),
        ("arrow_cast(m, 'Timestamp(Microsecond, None)')", "2019-08-30T00:00:00"),
        ("(make_array(now(), m))[2]::date", "2019-08-30"),
        ("array_has([timestamp '2019-08-30'], m)", "true"),
        ("now() - m > interval '24 hours' and m - timestamptz '2019-08-29' = interval '24 hours'", "true"),
        ("nullif(m at time zone 'America/New_York', date '2019-08-30')", "2019-08-29T12:00:00-04:00"),
        ("left(m::text, 10)", "2019-08-30"),
        // What is worked out is shown in the zone in which it was.
        ("m", "2019-08-30T00:00:00+08:00"),
    ] {
        let text = format!("select {expr} from (select max(known_at) as m from events) u");
        assert_eq!(one(&session, &text).await.as_deref(), Ok(expected), "{expr}");
    }
    for (text, expected) in [
        // A moment of the lake is shown as it lies there.
        ("select at from (select known_at as at from events order by 1 limit 1) u", "2019-08-29T16:00:00Z"),
        (
            "select count(distinct known_at) from events e join (select timestamp '2019-08-30' as known_at) d using (known_at)",
            "1",
        ),
        ("select count(*) from (select known_at, known_at at time zone 'UTC', LEFT(known_at::text, 9), left((known_at at time zone 'UTC')::text, 9) from events limit 1) u", "1"),
        ("select known_at::date from events intersect select date '2019-08-30'", "2019-08-30"),
        (
            "select count(*) from (select known_at from events intersect select timestamp '2019-08-30') v",
            "1",
        ),
        (
            "select extract(epoch from max(v)) from (select known_at as v from events union all select timestamp '2019-08-30') u",
            "1567094400.0",
        ),
        (
            "select extract(epoch from d) from (select lag(known_at, 1, '2000-01-01') over (order by known_at) as d from events
             order by 1 limit 1) u",
            "946656000.0",
        ),
        (
            "select count(e.known_at) > 0 from generate_series(timestamp '2019-08-01', timestamp '2019-08-01', interval '1 month') g(x)
             left join events e on date_trunc('month', e.known_at) = g.x group by g.x",
            "true",
        ),
        (
            "with recursive t(d) as (select max(known_at) from events union all select d + interval '1 day' from t
             where d < '2019-09-01') select max(d)::date from t",
            "2019-09-01",
        ),
        (
            "with recursive t(d) as (select date_trunc('month', max(known_at)) from events union all
             select d + interval '1 month' from t where d < '2019-10-01') select count(*) from t",
            "3",
        ),
        ("select count(*) > 0 from observation_history_as_of(timestamp '2019-08-30 00:00:00')", "true"),
        ("select count(*) from observation_history_as_of(timestamp '2019-08-29 23:59:59')", "0"),
        (
            "select count(*) from (select date_trunc('day', known_at) as day from events group by 1
             having date_trunc('day', known_at) >= '2019-08-30') v",
            "1",
        ),
        (
            "select count(distinct at) from (select date_trunc('day', known_at) as at from events union all
             select known_at from events) v",
            "1",
        ),
        (
            "select min(day) from (select date_trunc('day', known_at) as day,
             row_number() over (order by date_trunc('day', known_at) desc) as n from events) v where n = 1",
            "2019-08-30T00:00:00+08:00",
        ),
        (
            "select count(distinct d.day) from events e join (values (timestamp '2019-08-30')) d(day) on e.known_at = d.day",
            "1",
        ),
        (
            "select count(distinct known_at) from events where known_at in (select date '2019-08-30')
             and known_at in (select timestamp '2019-08-30') and date '2019-08-30' in (select known_at from events)",
            "1",
        ),
        (
            "select count(*) from (values (date '2019-08-30')) d(day)
             where exists (select 1 from events e where e.known_at = d.day and date_trunc('month', e.known_at) < d.day)",
            "1",
        ),
    ] {
        assert_eq!(one(&session, text).await.as_deref(), Ok(expected), "{text}");
    }
}

#[tokio::test]
async fn what_tools_generate_is_answered_as_postgresql_does() {
    let session = session();
    for (text, expected) in [
        (
            "select to_timestamp('2019-08-30 10:20:30','YYYY-MM-DD HH24:MI:SS') = timestamp '2019-08-30T10:20:30'",
            "true",
        ),
        (
            "select to_timestamp('2019-08-30 10:20:30.500000','YYYY-MM-DD HH24:MI:SS.US') = timestamp '2019-08-30T10:20:30.5'",
            "true",
        ),
        ("select cast(to_date('2019-08', 'YYYY-MM') as varchar)", "2019-08-01"),
        ("select to_char(timestamp '2019-08-30T10:20:30', 'YYYY\"年\"MM\"月\" HH24:MI')", "2019年08月 10:20"),
        ("select interval '1 day' * 3 + timestamp '2019-08-30T00:00:00' = timestamp '2019-09-02T00:00:00'", "true"),
        ("select timestamp 'epoch' + 86400 * interval '1 second' = timestamp '1970-01-02T00:00:00'", "true"),
        ("select timestamp 'epoch' + 1.5 * interval '1 second' = timestamp '1970-01-01T00:00:01.5'", "true"),
        ("select date '2019-08-30' + n * interval '1 day' = date '2019-09-01' from (values (2)) t(n)", "true"),
        ("select timestamp '2019-08-30 10:20' = '2019-08-30 10:20'", "true"),
        ("select timestamp '2019-08-30 10:20:00' between '2019-08-30 10:20' and '2019-08-30 10:21'", "true"),
        ("select '2019-08-30 10:20'::timestamp = timestamp '2019-08-30T10:20:00'", "true"),
        ("select trim(both from ' x ') || trim(leading from ' y')", "xy"),
        (
            "select count(*) from (select n from (values (1), (2), (3)) t(n) offset 1 row fetch first 5 rows only) u",
            "2",
        ),
        ("select x::numeric = 1.123456789012345 from (values (1.123456789012345)) t(x)", "true"),
        ("select '0.123456789012345'::numeric", "0.123456789012345"),
        ("select cast(7 as numeric) / 2", "3.5"),
        ("select cast('1.5' as decimal)", "1.5"),
        (
            "select percentile_cont(0.5) within group (order by x) from (values (1.0000000001), (1.0000000002)) t(x)",
            "1.00000000015",
        ),
        ("select percentile_cont(0.29) within group (order by value) from generate_series(0, 100)", "29"),
        ("select percentile_cont(0.25) within group (order by x desc) from (values (1), (2), (null), (4)) t(x)", "3"),
        (
            "select percentile_cont(0.75) within group (order by x) filter (where x > 9) is null from (values (1)) t(x)",
            "true",
        ),
        ("select extract(epoch from timestamp '2019-01-03T05:06:07.5' - timestamp '2019-01-01T00:00:00')", "191167.5"),
        ("select extract(hour from timestamp '2019-01-03T05:06:07' - timestamp '2019-01-01T00:00:00')", "5"),
        ("select extract(day from timestamp '2019-01-03T05:06:07' - timestamp '2019-01-01T00:00:00')", "2"),
        (
            "select max(a) from (select date_trunc('month', a) as a from (values (timestamp '2019-08-30T00:00:00')) t(a) order by date_trunc('month', a)) u where a = timestamp '2019-08-01T00:00:00'",
            "2019-08-01T00:00:00",
        ),
        ("select substring('T042 of 2018' from 'T([0-9]+)')", "042"),
    ] {
        let answered = one(&session, text).await;
        let plain = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
        assert_eq!(answered.as_deref().map(plain), Ok(plain(expected)), "{text}");
    }
}

#[tokio::test]
async fn sides_of_outer_joins_keep_their_conditions_and_values() {
    let session = session();
    for (text, expected) in [
        (
            "select max(b.k) from (values (1, 10)) a(k, v)
             right join (select * from (values (1, 15), (2, 20)) t(k, v) where v > 0) b on a.k = b.k where a.v is null",
            "2",
        ),
        (
            "with n as (select * from (values ('x', 5), ('y', 7)) t(area, v) where v > 0),
                  p as (select * from (values ('x', 4), ('y', 9)) t(area, v) where v > 0)
             select string_agg(n.area, ',') from p right join n on n.area = p.area where n.v - p.v > 0",
            "x",
        ),
        (
            "select string_agg(s, ',' order by x) from (
                 select a.x, cast(sum(a.x) over (partition by b.k order by a.x) as varchar) as s
                 from (values (1), (2), (3), (4)) a(x)
                 left join (values (2, 'p'), (4, 'p')) b(y, k) on b.y = a.x and b.k = 'p') t",
            "1,2,4,6",
        ),
        (
            "select string_agg(cast(r as varchar), ',' order by x) from (
                 select a.x, row_number() over (order by b.k, a.x) as r from (values (1), (2), (3)) a(x)
                 left join (select 2 as y, 'yes' as k) b on b.y = a.x) t",
            "2,1,3",
        ),
        (
            "select round(100.0 * x / sum(x) over (), 2) from (values (cast(320030000000 as decimal(38, 10)))) t(x)",
            "100",
        ),
        ("select cast(13000000000000 as decimal(38, 10)) * 100 / cast(26000000000000 as decimal(38, 10))", "50"),
    ] {
        let answered = one(&session, text).await;
        let plain = |text: &str| match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text.to_owned(),
        };
        assert_eq!(answered.as_deref().map(plain), Ok(expected.to_owned()), "{text}");
    }
}

/// As PostgreSQL answers them.
#[tokio::test]
async fn quotients_are_compared_joined_and_counted_as_what_they_are() {
    let session = session();
    let t = "(values (1), (2), (5)) t(x)";
    for (text, expected) in [
        (format!("select count(*) from {t} where x / 4.0 in (0.25, 7)"), "1"),
        (format!("select count(*) from {t} where x / 4.0 between 0.25 and 1"), "2"),
        (format!("select count(*) from {t} join (values (0.25)) u(y) on t.x / 4.0 = u.y"), "1"),
        (format!("select count(*) from {t} where x / 4.0 in (select y from (values (0.25)) u(y))"), "1"),
        (format!("select count(*) from (select x / 4.0 from {t} intersect select 0.5)"), "1"),
        (format!("select sum(q) from (select x / 4.0 as q from {t} union select 0.5)"), "2.00000000000000"),
        (format!("select sum(nullif(x / 4.0, 0.5)) from {t}"), "1.50000000000000"),
        (format!("select max(greatest(x / 4.0, 0.2)) from {t}"), "1.25000000000000"),
        (format!("select count(*) from {t} where (select avg(y) from (values (1.0), (2.0)) u(y)) = 1.5"), "3"),
        (format!("select max(array_element(array[x / 4.0, 0.5], 1)) from {t}"), "1.25000000000000"),
        (format!("select sum(round(x) / 2) from {t}"), "4.00000000000000"),
        (format!("select sum(r) from (select row_number() over (order by x) / 2 as r from {t})"), "2"),
        (
            "select count(*) from (select x % 2, count(*) from (values (1), (2), (3)) t(x) group by rollup(1))"
                .to_owned(),
            "3",
        ),
        (
            "select count(*) from (values (timestamp '2018-12-31T23:59:59')) t(m)
             where m <= timestamptz '2018-12-31T16:00:00Z' and m between m and timestamptz '2018-12-31T16:00:00Z'
             and m in (timestamptz '2018-12-31T15:59:59Z')"
                .to_owned(),
            "1",
        ),
        (
            "select avg(x) from (values (cast(99999999999999999999999999999999999999 as decimal(38, 0)))) t(x)"
                .to_owned(),
            "99999999999999999999999999999999999999.00000000000000",
        ),
        ("select nullif(0 / 10.00, 0) is null".to_owned(), "true"),
        ("select cardinality(array[1, 2, 3]) / 2".to_owned(), "1"),
        ("select ceil(0.5) + floor(-0.5)".to_owned(), "0.0"),
        ("select sign(-2.5)".to_owned(), "-1.0"),
        ("select variance(x) from (values (1), (2)) t(x)".to_owned(), "0.5"),
        ("select every(x > 0) from (values (1), (2)) t(x)".to_owned(), "true"),
        ("select array_remove(array[1, 2, 1], 1)".to_owned(), "[2]"),
        ("select encode(cast('a' as bytea), 'base64')".to_owned(), "YQ=="),
        ("select extract(second from timestamp '2019-01-01T00:00:07.5')".to_owned(), "7.500000"),
        ("select date_part('milliseconds', timestamp '1969-12-31T23:59:59.25')".to_owned(), "59250.000"),
        (
            "select extract(second from timestamp '2019-01-01T00:00:07.5' - timestamp '2019-01-01T00:00:01')"
                .to_owned(),
            "6.500000",
        ),
        ("select extract(seconds from interval '1 minute 2.5 seconds')".to_owned(), "2.500000"),
        (
            "select percentile_disc(0.5) within group (order by x) from (values (1), (2), (7), (null)) t(x)".to_owned(),
            "2",
        ),
        ("select percentile_disc(0) within group (order by x desc) from (values ('a'), ('b')) t(x)".to_owned(), "b"),
        (
            "select string_agg(x, ',' order by x) || string_agg(x, ',' order by x desc) filter (where x <> 'c')
             from (values ('b'), ('a'), ('c'), (null)) t(x)"
                .to_owned(),
            "a,b,cb,a",
        ),
    ] {
        assert_eq!(one(&session, &text).await.as_deref(), Ok(expected), "{text}");
    }
}

#[tokio::test]
async fn what_would_mean_something_else_is_refused() {
    let session = session();
    for (text, says) in [
        ("select 10^6", "power(10, 6)"),
        ("select count(*) from events where ref_area = 007", "in quotes, '007'"),
        ("select to_char(known_at, 'Month') from events", "formats with %"),
        ("select extract(month from known_at - recorded_at) from events", "extract(epoch from a - b)"),
        ("select percentile_cont(value) within group (order by value) from area_values", "its share as a number"),
        ("select percentile_cont(1.5) within group (order by value) from area_values", "from 0 to 1"),
        ("select cast(date '2024-01-31' as date) + interval '1 hour' * 36", "a date has no hours"),
        ("select interval '1 month' * 0.5", "times a whole number"),
        ("select x::numeric from (values ('0.123456789012')) t(x)", "more than 10 digits"),
        (
            "select id from events a where id not in (select id from events b where b.ref_area > a.ref_area)",
            "not exists",
        ),
        ("select 'a' similar to 'b'", "use like"),
        ("select id from events intersect all select id from events", "compare the counts"),
        ("select count(*) from events a full join events b using (id)", "coalesce(a.x, b.x)"),
        ("select count(*) from (events a full join events b using (id))", "coalesce(a.x, b.x)"),
        ("select count(*) from events tablesample (10)", "TABLESAMPLE is not supported"),
        ("select count(*) from events where period_end > 20231231", "write the day in quotes"),
        ("select count(*) from events where period_end in (2023 - 12 - 31)", "write the day in quotes"),
        ("select count(*) from events where period_end between 2017 and 2018", "write the day in quotes"),
        ("select count(*) from events where known_at - recorded_at > interval '30 days'", "compare moments"),
        ("select date '2024-01-31' + interval '36 hours'", "a date has no hours"),
        ("select known_at from events union all select period_end from events", "local_date"),
        ("select to_char(known_at, id) from events", "formats with %"),
        ("select mode() within group (order by id) from events", "order by count(*) desc limit 1"),
        ("select age(known_at, recorded_at) from events", "write a - b"),
        ("select count(*) from events where (id, source) in (select id, source from events)", "write exists"),
    ] {
        let refused = one(&session, text).await.expect_err(text);
        assert!(refused.contains(says), "{text}: {refused}");
    }
}

#[tokio::test]
async fn what_is_rounded_keeps_its_type_from_plan_to_answer() {
    let session = session();
    let t = "(values (cast(1.2985 as decimal(38, 10))), (cast(0.88 as decimal(38, 10)))) t(x)";
    for (text, expected) in [
        (format!("select count(*) from {t} where round(x, 2) in (select y from (values (1.30), (0.88)) u(y))"), "2"),
        (format!("select count(*) from {t} where round(x, 1) >= x"), "2"),
        (format!("select count(*) from {t} where round(x, 0) = 1"), "2"),
        (format!("select sum(case when x > 1 then round(x, 1) else x end) from {t}"), "2.1800000000"),
        (
            format!(
                "select count(*) from (select round(x, 2) from {t} except select y from (values (1.30), (0.88)) u(y))"
            ),
            "0",
        ),
        (format!("select count(*) from {t} where round(x, 1 + 1) in (1.30, 0.88)"), "2"),
        (format!("select max(round(x, 2)) from {t}"), "1.30"),
        (format!("select count(*) from {t} where round(x, 4) between 0.87 and 1.2985"), "2"),
        (format!("select max(cardinality(array[round(x, 1), x])) from {t}"), "2"),
    ] {
        assert_eq!(one(&session, &text).await.as_deref(), Ok(expected), "{text}");
    }
}

#[tokio::test]
async fn what_stands_where_there_is_no_row_is_not_cut() {
    let session = session();
    let of = |value: &str| {
        format!("select min(l) from (select lag(n, 1, {value}) over (order by n) as l from (values (7), (9)) t(n)) u")
    };
    assert_eq!(one(&session, &of("0")).await.as_deref(), Ok("0"));
    let refused = one(&session, &of("0.5")).await.expect_err("cut to 0");
    assert!(refused.contains("no room for") && refused.contains("numeric"), "{refused}");
}

#[tokio::test]
async fn what_is_written_is_what_is_meant_or_refused() {
    let session = session();
    for (text, expected) in [
        ("select encode('\\x48c3a9'::bytea, 'hex')", "48c3a9"),
        ("select encode(bytea '\\x4142', 'hex')", "4142"),
        ("select encode(E'\\\\x41'::bytea, 'hex')", "41"),
        ("select encode(($$\\x41$$)::bytea, 'hex')", "41"),
        ("select count(*) from (values (cast('AB' as bytea))) t(b) where b = '\\x4142'::bytea", "1"),
    ] {
        assert_eq!(one(&session, text).await.as_deref(), Ok(expected), "{text}");
    }
    for (text, hint) in [
        ("select '\\x4'::bytea", "hexadecimal digits"),
        ("select sum(x) + 1_000 from (values (5)) t(x)", "1_000 is not a number"),
        ("select 0b11", "0b11 is not a number"),
        ("select array_sum([9223372036854775807, 1])", "select sum(x) from unnest"),
    ] {
        let error = one(&session, text).await.expect_err("refused");
        assert!(error.contains(hint), "{text}: {error}");
    }
}
