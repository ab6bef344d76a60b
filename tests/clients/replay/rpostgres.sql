-- R with RPostgres 1.4: dbConnect, dbListTables, dbListFields, dbExistsTable, dbListObjects, dbReadTable.
-- Written after https://github.com/r-dbi/RPostgres (R/tables.R, R/dbConnect_PqDriver.R, R/dbListObjects_PqConnection_ANY.R), in
-- words of ours.

SET datestyle to 'iso, mdy';
SET TIMEZONE = 'UTC';
-- rows: some
select oid, typname from pg_type;
-- rows: some
select table_schema, table_name from information_schema.tables
where true and (table_schema = any(current_schemas(true))) and (table_schema <> 'pg_catalog') order by table_type, table_name;
-- rows: some
select exists (select table_schema, table_name from information_schema.tables
    where true and (table_schema = any(current_schemas(true))) and (table_schema <> 'pg_catalog') and table_name = 'figures');
-- rows: some
select exists (select table_schema, table_name from information_schema.tables
    where true and table_schema = 'public' and table_name = 'nothing');
-- rows: some
select column_name from (select *, rank() over (order by nr) as rnr from (
    select * from unnest(current_schemas(true)) with ordinality as tbl(table_schema, nr)
    where table_schema != 'pg_catalog') schemas_on_path
    inner join INFORMATION_SCHEMA.COLUMNS using (table_schema) where table_name = 'figures') tttt
where rnr = 1 order by ordinal_position;
-- rows: some
select column_name from (select 1 as nr, 'public'::varchar as table_schema) t
inner join INFORMATION_SCHEMA.COLUMNS using (table_schema) where table_name = 'figures' order by ordinal_position;
-- rows: some
select null::text as schema, table_name as table from (
    select table_schema, table_name from information_schema.tables
    where true and (table_schema = any(current_schemas(true))) and (table_schema <> 'pg_catalog') order by table_type, table_name
) as table_query
union all
select distinct table_schema as schema, null::text as table from (
    select table_schema, table_name from information_schema.tables where true and true) as schema_query;
-- rows: some
select table_schema as schema, table_name as table from (
    select table_schema, table_name from information_schema.tables where true and table_schema in ('public')
    order by table_type, table_name) as table_query;
-- rows: some
select * from "figures";
-- rows: some
-- with: ["640000", "2018"]
select * from rd_intensity where ref_area = $1 and time_period = $2;
begin;
-- rows: some
select count(*) from "figures";
commit;
