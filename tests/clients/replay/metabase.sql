-- Metabase 0.50 to 0.57 (JDBC 42.7): connect, sync of tables, fields, keys and rights, fingerprints, questions.
-- Written after https://github.com/metabase/metabase (src/metabase/driver/postgres.clj): the same tables, joins and functions
-- in words of ours.

set extra_float_digits = 3;
set application_name = 'Metabase v0.57 [web]';
show timezone;
set session timezone to 'UTC';
-- rows: some
select nspname as schema_name from pg_catalog.pg_namespace where nspname <> 'pg_toast' order by 1;
-- rows: none
select nspname, typname from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.oid in (select distinct enumtypid from pg_enum e);
-- rows: some
-- with: ["public"]
select "n"."nspname" as "schema", "c"."relname" as "name",
    case "c"."relkind" when 'r' then 'TABLE' when 'p' then 'PARTITIONED TABLE' when 'v' then 'VIEW' when 'f' then 'FOREIGN TABLE'
        when 'm' then 'MATERIALIZED VIEW' else null end as "type",
    "d"."description" as "description", "stat"."n_live_tup" as "estimated_row_count"
from "pg_catalog"."pg_class" as "c"
inner join "pg_catalog"."pg_namespace" as "n" on "c"."relnamespace" = "n"."oid"
left join "pg_catalog"."pg_description" as "d" on ("c"."oid" = "d"."objoid") and ("d"."objsubid" = 0)
    and ("d"."classoid" = 'pg_class'::regclass)
left join "pg_stat_user_tables" as "stat" on ("n"."nspname" = "stat"."schemaname") and ("c"."relname" = "stat"."relname")
where ("c"."relnamespace" = "n"."oid") and ("n"."nspname" !~ '^pg_') and ("n"."nspname" <> 'information_schema')
    and c.relkind in ('r', 'p', 'v', 'f', 'm') and ("n"."nspname" in ($1))
order by "type" asc, "schema" asc, "name" asc;
-- rows: some
with table_rights as (
    select null as role, t.schemaname as schema, t.objectname as table,
        pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
            || replace(t.objectname, '"', '""') || '"', 'update') as update,
        pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
            || replace(t.objectname, '"', '""') || '"', 'select') as select,
        pg_catalog.has_table_privilege(current_user, '"' || replace(t.schemaname, '"', '""') || '"' || '.' || '"'
            || replace(t.objectname, '"', '""') || '"', 'delete') as delete
    from (
        select schemaname, tablename as objectname from pg_catalog.pg_tables
        union
        select schemaname, viewname as objectname from pg_catalog.pg_views
        union
        select schemaname, matviewname as objectname from pg_catalog.pg_matviews
    ) t
    where t.schemaname !~ '^pg_' and t.schemaname <> 'information_schema'
        and pg_catalog.has_schema_privilege(current_user, t.schemaname, 'usage')
)
select t.* from table_rights t;
-- rows: some
-- with: ["public", "public"]
select "c"."column_name" as "name",
    case when "c"."udt_schema" in ('public', 'pg_catalog') then format('%s', "c"."udt_name")
        else format('"%s"."%s"', "c"."udt_schema", "c"."udt_name") end as "database-type",
    "c"."ordinal_position" - 1 as "database-position", "c"."table_schema" as "table-schema", "c"."table_name" as "table-name",
    "pk"."column_name" is not null as "pk?",
    col_description(cast(cast(format('%I.%I', cast("c"."table_schema" as text), cast("c"."table_name" as text)) as regclass) as oid),
        "c"."ordinal_position") as "field-comment",
    (("column_default" is null) or (lower("column_default") = 'null')) and ("is_nullable" = 'NO')
        and not ((("column_default" is not null) and ("column_default" like '%nextval(%')) or ("is_identity" <> 'NO'))
        as "database-required",
    (("column_default" is not null) and ("column_default" like '%nextval(%')) or ("is_identity" <> 'NO') as "database-is-auto-increment"
from "information_schema"."columns" as "c"
left join (select "tc"."table_schema", "tc"."table_name", "kc"."column_name" from "information_schema"."table_constraints" as "tc"
    inner join "information_schema"."key_column_usage" as "kc" on ("tc"."constraint_name" = "kc"."constraint_name")
        and ("tc"."table_schema" = "kc"."table_schema") and ("tc"."table_name" = "kc"."table_name")
    where "tc"."constraint_type" = 'PRIMARY KEY') as "pk" on ("c"."table_schema" = "pk"."table_schema")
    and ("c"."table_name" = "pk"."table_name") and ("c"."column_name" = "pk"."column_name")
where c.table_schema !~ '^information_schema|catalog_history|pg_' and ("c"."table_schema" in ($1))
union all
select "pa"."attname" as "name",
    case when "ptn"."nspname" in ('public', 'pg_catalog') then format('%s', "pt"."typname")
        else format('"%s"."%s"', "ptn"."nspname", "pt"."typname") end as "database-type",
    "pa"."attnum" - 1 as "database-position", "pn"."nspname" as "table-schema", "pc"."relname" as "table-name",
    false as "pk?", null as "field-comment", false as "database-required", false as "database-is-auto-increment"
from "pg_catalog"."pg_class" as "pc"
inner join "pg_catalog"."pg_namespace" as "pn" on "pn"."oid" = "pc"."relnamespace"
inner join "pg_catalog"."pg_attribute" as "pa" on "pa"."attrelid" = "pc"."oid"
inner join "pg_catalog"."pg_type" as "pt" on "pt"."oid" = "pa"."atttypid"
inner join "pg_catalog"."pg_namespace" as "ptn" on "ptn"."oid" = "pt"."typnamespace"
where ("pc"."relkind" = 'm') and ("pa"."attnum" >= 1) and ("pn"."nspname" in ($2))
order by "table-schema" asc, "table-name" asc, "database-position" asc;
-- rows: none
-- with: ["public"]
select "fk_ns"."nspname" as "fk-table-schema", "fk_table"."relname" as "fk-table-name", "fk_column"."attname" as "fk-column-name",
    "pk_table"."relname" as "pk-table-name", "pk_column"."attname" as "pk-column-name"
from "pg_constraint" as "c"
inner join "pg_class" as "fk_table" on "c"."conrelid" = "fk_table"."oid"
inner join "pg_namespace" as "fk_ns" on "c"."connamespace" = "fk_ns"."oid"
inner join "pg_attribute" as "fk_column" on "c"."conrelid" = "fk_column"."attrelid"
inner join "pg_class" as "pk_table" on "c"."confrelid" = "pk_table"."oid"
inner join "pg_attribute" as "pk_column" on "c"."confrelid" = "pk_column"."attrelid"
where fk_ns.nspname !~ '^information_schema|catalog_history|pg_' and ("c"."contype" = 'f'::char)
    and ("fk_column"."attnum" = any(c.conkey)) and ("pk_column"."attnum" = any(c.confkey)) and ("fk_ns"."nspname" in ($1))
order by "fk-table-schema" asc, "fk-table-name" asc;
-- rows: none
select "tmp"."table-schema", "tmp"."table-name",
    trim(both '"' from pg_catalog.pg_get_indexdef("tmp"."ci_oid", "tmp"."pos", false)) as "field-name"
from (select "n"."nspname" as "table-schema", "ct"."relname" as "table-name", "ci"."oid" as "ci_oid",
        (information_schema._pg_expandarray("i"."indkey")).n as "pos"
    from "pg_catalog"."pg_class" as "ct"
    inner join "pg_catalog"."pg_namespace" as "n" on "ct"."relnamespace" = "n"."oid"
    inner join "pg_catalog"."pg_index" as "i" on "ct"."oid" = "i"."indrelid"
    inner join "pg_catalog"."pg_class" as "ci" on "ci"."oid" = "i"."indexrelid"
    where (pg_catalog.pg_get_expr("i"."indpred", "i"."indrelid") is null)
        and n.nspname !~ '^information_schema|catalog_history|pg_') as "tmp"
where "tmp"."pos" = 1;
-- the sample of a table
-- rows: some
select "public"."figures"."ref_area" as "ref_area", "public"."figures"."indicator" as "indicator",
    "public"."figures"."time_period" as "time_period"
from "public"."figures" limit 10000;
-- rows: some
select "source"."substring1" as "substring1" from (
    select substring("public"."figures"."ref_area", 1, 1234) as "substring1" from "public"."figures") as "source" limit 10000;
-- questions
-- rows: some
select "public"."rd_intensity"."time_period" as "time_period", avg("public"."rd_intensity"."value") as "avg",
    stddev_pop("public"."rd_intensity"."value") as "stddev",
    percentile_cont(0.5) within group (order by "public"."rd_intensity"."value") as "median",
    percentile_cont(0.9) within group (order by "public"."rd_intensity"."value") as "p90"
from "public"."rd_intensity" group by "public"."rd_intensity"."time_period"
order by "public"."rd_intensity"."time_period" asc;
-- rows: some
select date_trunc('month', "public"."events"."known_at") as "known_at", count(*) as "count" from "public"."events"
where "public"."events"."known_at" >= timestamp with time zone '2018-01-01 00:00:00.000Z'
group by date_trunc('month', "public"."events"."known_at") order by date_trunc('month', "public"."events"."known_at") asc;
-- rows: some
select cast(extract(year from "public"."events"."known_at") as integer) as "year", count(*) as "count" from "public"."events"
group by cast(extract(year from "public"."events"."known_at") as integer)
order by cast(extract(year from "public"."events"."known_at") as integer) asc;
-- rows: some
select count(*) as "count" from "public"."events" where "public"."events"."known_at" >= date_trunc('day', (now() + interval '-3000 day'))
    and "public"."events"."known_at" < date_trunc('day', (now() + interval '3000 day'));
-- rows: some
select "source"."ref_area" as "ref_area", sum("source"."numerator") as "sum" from (
    select "public"."rd_intensity"."ref_area" as "ref_area", "public"."rd_intensity"."numerator" as "numerator"
    from "public"."rd_intensity") as "source"
where (lower("source"."ref_area") like '%64%') group by "source"."ref_area" order by "sum" desc, "source"."ref_area" asc limit 10;
-- rows: some
select count(distinct "public"."figures"."ref_area") as "count", floor(("public"."rd_intensity"."value" / 1.0)) * 1.0 as "value"
from "public"."figures" left join "public"."rd_intensity" on "public"."figures"."ref_area" = "public"."rd_intensity"."ref_area"
group by floor(("public"."rd_intensity"."value" / 1.0)) * 1.0 order by floor(("public"."rd_intensity"."value" / 1.0)) * 1.0 asc;
-- rows: some
select substring("public"."rd_intensity"."ref_area" from '^[0-9]{2}') as "province", trunc(max("public"."rd_intensity"."value")::numeric, 1)
from "public"."rd_intensity" group by 1;
