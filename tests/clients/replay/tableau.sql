-- Tableau 2021 to 2024 (its psqlODBC, later JDBC): connect, probes, metadata, cursors, what worksheets make.
-- Tableau's source is not public; written after logs that users have published (tabprotosrv and PostgreSQL logs), in words of ours.

-- rows: some
select 1;
set extra_float_digits = 3;
set application_name = 'Tableau Desktop';
-- rows: some
select current_schema();
-- rows: none
select oid, typbasetype from pg_type where typname = 'lo';
show transaction_isolation;
-- rows: some
select n.nspname, c.relname, c.relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n
where relkind in ('r', 'v', 'm', 'f', 'p') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1')
    and n.oid = relnamespace order by nspname, relname;
-- what it tries, to learn what may be done: temporary tables
-- refused: 25006
create local temporary table "#Tableau_1_1_Connect" ("COL" integer) on commit preserve rows;
-- refused: 25006
drop table "#Tableau_1_1_Connect";
-- refused: 25006
select "COL" into temporary table "#Tableau_1_2_Connect" from (select 1 as "COL") as checktemp limit 1;
-- rows: some
select top1.x from (select 1 as x) top1 limit 1;
-- rows: some
select sum(1) as "COL" from (select 1 as one) "CheckSubquery" having (count(1) > 0) limit 1;
-- rows: some
select distinct "sub"."COL" as "COL" from (select 1 as "COL") "sub" limit 1;
-- cursors that outlive their transaction
begin;
declare "SQL_CUR0x5580" cursor with hold for select "figures"."ref_area" as "ref_area" from "public"."figures" "figures" limit 10000;
commit;
-- rows: some
fetch 100 in "SQL_CUR0x5580";
close "SQL_CUR0x5580";
-- the metadata of a table that is dragged in
-- rows: none
select * from "public"."figures" "figures" where (0 = 1);
-- rows: some
select "figures"."indicator" as "indicator", "figures"."ref_area" as "ref_area" from "public"."figures" "figures" limit 1000;
-- worksheets
-- rows: some
select "rd_intensity"."time_period" as "time_period", sum("rd_intensity"."value") as "sum:value:ok"
from "public"."rd_intensity" "rd_intensity" group by 1;
-- rows: some
select "t0"."time_period" as "time_period", "t0"."x_measure__0" as "avg:value:ok"
from (select "rd_intensity"."time_period" as "time_period", avg(cast("rd_intensity"."value" as double precision)) as "x_measure__0"
    from "public"."rd_intensity" "rd_intensity" group by 1) "t0" order by "time_period" asc nulls first;
-- rows: some
select date_trunc('month', cast("events"."known_at" as timestamp)) as "tmn:known_at:ok", count(1) as "cnt"
from "public"."events" "events"
where ((cast("events"."known_at" as timestamp) >= (timestamp '2018-01-01 00:00:00')) and
    (cast("events"."known_at" as timestamp) < (timestamp '2030-01-01 00:00:00'))) group by 1;
-- rows: some
select min("rd_intensity"."value") as "min", max("rd_intensity"."value") as "max", count(distinct "rd_intensity"."ref_area") as "ctd"
from "public"."rd_intensity" "rd_intensity" having (count(1) > 0);
-- rows: some
select (case when ("rd_intensity"."value" > 1) then 1 when not ("rd_intensity"."value" > 1) then 0 else null end) as "calc",
    left("rd_intensity"."ref_area", 2) as "left", trim(both from "rd_intensity"."ref_area") as "trim",
    (extract(year from date '2018-12-31'))::integer as "yr", to_char(date '2018-12-31', 'YYYY-MM') as "month"
from "public"."rd_intensity" "rd_intensity" limit 100;
-- rows: some
select percentile_cont(0.5) within group (order by cast("rd_intensity"."value" as double precision)) as "med:value:ok"
from "public"."rd_intensity" "rd_intensity" having (count(1) > 0);
-- rows: some
select ("rd_intensity"."value")::numeric as "num", (date '2018-01-01' + 3 * interval '1 day') as "day"
from "public"."rd_intensity" "rd_intensity" order by "rd_intensity"."value" desc fetch first 5 rows only;
