-- LibreOffice Base 7.4 to 24 (its PostgreSQL driver): connect, tables, views, columns, keys.
-- Written after https://github.com/LibreOffice/core (connectivity/source/drivers/postgresql: pq_databasemetadata.cxx, pq_xviews.cxx,
-- pq_xtables.cxx, pq_xindexes.cxx), in words of ours.

-- rows: some
show server_version;
-- rows: some
select distinct on (pg_namespace.nspname, relname) pg_namespace.nspname, relname, relkind, pg_description.description
from pg_namespace, pg_class left join pg_description on pg_class.oid = pg_description.objoid
where relnamespace = pg_namespace.oid and (relkind = 'r' or relkind = 'v') and pg_namespace.nspname like '%' and relname like '%'
order by pg_namespace.nspname, relname;
-- the container of views
-- rows: some
select distinct on (pg_namespace.nspname, relname) pg_namespace.nspname, relname, pg_get_viewdef(ev_class)
from pg_namespace, pg_class, pg_rewrite
where pg_namespace.oid = relnamespace and pg_class.oid = ev_class and relkind = 'v';
-- rows: some
select pg_namespace.nspname, pg_class.relname, pg_attribute.attname, pg_type.typname, pg_attribute.atttypmod,
    pg_attribute.attnotnull, pg_type.typdefault, pg_type.typtype, pg_attrdef.adbin, pg_description.description,
    pg_type.typbasetype, pg_attribute.attnum
from pg_class, pg_attribute left join pg_attrdef on pg_attribute.attrelid = pg_attrdef.adrelid and pg_attribute.attnum = pg_attrdef.adnum
    left join pg_description on pg_attribute.attrelid = pg_description.objoid and pg_attribute.attnum = pg_description.objsubid,
    pg_type, pg_namespace
where pg_attribute.attrelid = pg_class.oid and pg_attribute.atttypid = pg_type.oid and pg_class.relnamespace = pg_namespace.oid
    and not pg_attribute.attisdropped and pg_namespace.nspname like 'public' and pg_class.relname like 'figures'
    and pg_attribute.attname like '%'
order by pg_namespace.nspname, pg_class.relname, pg_attribute.attnum;
-- rows: none
select nmsp.nspname, cl.relname, con.conkey, con.conname, con.conrelid
from pg_namespace as nmsp inner join pg_class as cl on cl.relnamespace = nmsp.oid
inner join pg_constraint as con on con.conrelid = cl.oid
where con.contype = 'p' and nmsp.nspname like 'public' and cl.relname like 'figures';
-- rows: none
select nspname, pg_class.relname, class2.relname, indisclustered, indnatts, indkey from pg_index, pg_class, pg_namespace, pg_class as class2
where pg_class.oid = pg_index.indrelid and pg_namespace.oid = pg_class.relnamespace and class2.oid = pg_index.indexrelid
    and nspname = 'public' and pg_class.relname = 'figures';
-- rows: some
select nspname from pg_namespace;
-- rows: some
select pg_type.typname, pg_type.typtype, pg_type.typlen, pg_type.typnotnull, pg_type.typname from pg_type where pg_type.typtype = 'b';
-- rows: some
select usename from pg_user;
-- rows: none
select dp.grantee, dp.privilege_type from information_schema.table_privileges as dp
where dp.table_schema like 'public' and dp.table_name like 'figures';
-- rows: some
select "ref_area", "indicator" from "public"."figures" where "time_period" = '2018';
-- rows: some
select * from "public"."figures" where 0 = 0 limit 100;
