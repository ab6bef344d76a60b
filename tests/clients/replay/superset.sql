-- Superset 4 (SQLAlchemy, psycopg2): connect, SQL Lab, charts. What SQLAlchemy's inspector asks is run for real (python.py).
-- Written after https://github.com/apache/superset (superset/db_engine_specs/postgres.py, base.py): in words of ours.

begin;
-- rows: some
select pg_catalog.version();
-- rows: some
select current_schema();
show transaction isolation level;
show standard_conforming_strings;
-- rows: some
select 'test plain returns'::varchar(60) as anon_1;
-- rows: none
select t.oid, typarray from pg_type t join pg_namespace ns on typnamespace = ns.oid where typname = 'hstore';
rollback;
-- rows: some
select datname from pg_database where datistemplate = false;
set search_path = "public";
-- rows: some
select pg_backend_pid();
-- rows: some
explain select * from figures;
-- what would end another's session: there is none to end, and cancelling is a message of its own
-- refused: 42883
select pg_terminate_backend(pid) from pg_stat_activity where pid = '1';
-- rows: some
select * from public.figures
limit 1001;
-- rows: some
select ref_area as ref_area, indicator as indicator, time_period as time_period from public.figures limit 100;
-- rows: some
select date_trunc('month', known_at) as known_at, sum(amount) as "SUM(amount)" from public.events
where known_at >= to_timestamp('2018-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
    and known_at < to_timestamp('2030-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US')
group by date_trunc('month', known_at) order by "SUM(amount)" desc limit 10000;
-- rows: some
select date_trunc('quarter', known_at) as known_at, count(*) as count from public.events
group by date_trunc('quarter', known_at) order by date_trunc('quarter', known_at) asc limit 50000;
-- rows: some
select ref_area as ref_area, avg(value) as "AVG(value)", count(distinct time_period) as "COUNT_DISTINCT(time_period)"
from (select * from rd_intensity) as virtual_table group by ref_area having avg(value) > 0 order by "AVG(value)" desc limit 1000;
-- rows: some
select indicator as indicator, count(*) as count from public.figures
join (select indicator as indicator__, count(*) as mme_inner__ from public.figures group by indicator order by mme_inner__ desc limit 10)
    as anon_1 on indicator = indicator__
group by indicator order by count desc limit 10000;
-- rows: some
select (timestamp 'epoch' + cast(time_period as int) * interval '1 second') as __timestamp, max(value) from rd_intensity
where time_period = '2018' group by (timestamp 'epoch' + cast(time_period as int) * interval '1 second');
-- rows: some
select case when value between 0 and 1.5 then 'low' else 'high' end as band, count(*) from rd_intensity
where to_date('2018-12-31', 'YYYY-MM-DD') > date '2018-01-01' group by 1 order by 2 desc;
-- rows: some
select count(*) as rowcount from (select ref_area as ref_area from public.figures group by ref_area limit 50000) as rowcount_qry;
