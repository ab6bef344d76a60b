-- Power BI (Npgsql 8 to 10): connect, navigate, preview, and what its query folding makes.
-- Written after https://github.com/npgsql/npgsql (src/Npgsql/PostgresDatabaseInfo.cs, NpgsqlSchema.cs) and statements of its
-- PostgreSQL connector that users have published: the same tables, joins and functions in words of ours.

-- rows: some
select version();
-- the types, arrays found by the function that reads them
-- rows: some
select sp.nspname, ty.oid, ty.typname, ty.typtype, ty.typnotnull, ty.elem
from (
    select own.oid, own.typnamespace, own.typname, own.typtype, own.typrelid, own.typnotnull, own.relkind, own.typcategory,
        el.oid as elem, el.typname as elemname, elclass.relkind as elemkind,
        case when elread.proname = 'array_recv' then 'a' else el.typtype end as elemtype
    from (
        select t.oid, typnamespace, typname, typrelid, typnotnull, relkind, typelem as elemid, t.typcategory,
            case when r.proname = 'array_recv' then 'a' else t.typtype end as typtype,
            case
                when r.proname = 'array_recv' then t.typelem
                when t.typtype = 'r' then rngsubtype
                when t.typtype = 'm' then (select rngtypid from pg_range where rngmultitypid = t.oid)
                when t.typtype = 'd' then t.typbasetype
            end as elemof
        from pg_type as t
        left join pg_class as k on (k.oid = t.typrelid)
        left join pg_proc as r on r.oid = t.typreceive
        left join pg_range on (pg_range.rngtypid = t.oid)
    ) as own
    left join pg_type as el on el.oid = elemof
    left join pg_class as elclass on (elclass.oid = el.typrelid)
    left join pg_proc as elread on elread.oid = el.typreceive
) as ty
join pg_namespace as sp on (sp.oid = typnamespace)
where typtype in ('b', 'r', 'm', 'e', 'd')
    or (typtype = 'c' and relkind = 'c')
    or (typtype = 'p' and typname in ('record', 'void', 'unknown'))
    or (typtype = 'a' and (elemtype in ('b', 'r', 'm', 'e', 'd') or (elemtype = 'p' and elemname in ('record', 'void'))
        or (elemtype = 'c' and elemkind = 'c')))
order by case
    when typtype in ('b', 'e', 'p') then 0
    when typtype = 'c' then 1
    when typtype = 'r' then 2
    when typtype = 'm' then 3
    when typtype = 'd' and elemtype <> 'a' then 4
    when typtype = 'a' then 5
    when typtype = 'd' and elemtype = 'a' then 6
end;
-- rows: none
select ty.oid, f.attname, f.atttypid from pg_type as ty
join pg_namespace as sp on (sp.oid = ty.typnamespace)
join pg_class as k on (k.oid = ty.typrelid)
join pg_attribute as f on (f.attrelid = ty.typrelid)
where (ty.typtype = 'c' and k.relkind = 'c') and attnum > 0 and not attisdropped
order by ty.oid, f.attnum;
-- rows: none
select ty.oid, enumlabel from pg_enum join pg_type as ty on ty.oid = enumtypid
join pg_namespace as sp on sp.oid = ty.typnamespace
order by oid, enumsortorder;
-- rows: some
select character_set_name from information_schema.character_sets;
-- rows: some
select table_schema, table_name, table_type from INFORMATION_SCHEMA.tables
where table_schema not in ('information_schema', 'pg_catalog') order by table_schema, table_name;
-- rows: some
select column_name, ordinal_position, is_nullable,
    case when (data_type like '%unsigned%') then data_type || ' unsigned' else data_type end as data_type
from INFORMATION_SCHEMA.columns where table_schema = 'public' and table_name = 'figures' order by ordinal_position;
-- rows: none
select i.constraint_schema || '_' || i.constraint_name as index_name, ii.column_name, ii.ordinal_position,
    case when i.constraint_type = 'PRIMARY KEY' then 'Y' else 'N' end as primary_key
from INFORMATION_SCHEMA.table_constraints i
inner join INFORMATION_SCHEMA.key_column_usage ii on i.constraint_schema = ii.constraint_schema
    and i.constraint_name = ii.constraint_name and i.table_schema = ii.table_schema and i.table_name = ii.table_name
where i.table_schema = 'public' and i.table_name = 'figures' and i.constraint_type in ('PRIMARY KEY', 'UNIQUE')
order by i.constraint_schema || '_' || i.constraint_name, ii.table_schema, ii.table_name, ii.ordinal_position;
-- rows: none
select pk.column_name as pk_column_name, fk.table_schema as fk_table_schema, fk.table_name as fk_table_name,
    fk.column_name as fk_column_name, fk.ordinal_position as ordinal, fk.constraint_schema || '_' || fk.table_name as fk_name
from (select distinct constraint_catalog, constraint_schema, unique_constraint_schema, constraint_name, unique_constraint_name
    from INFORMATION_SCHEMA.referential_constraints) fkcon
inner join INFORMATION_SCHEMA.key_column_usage fk on fkcon.constraint_schema = fk.constraint_schema
    and fkcon.constraint_name = fk.constraint_name
inner join INFORMATION_SCHEMA.key_column_usage pk on fkcon.unique_constraint_schema = pk.constraint_schema
    and fkcon.unique_constraint_name = pk.constraint_name
where pk.table_schema = 'public' and pk.table_name = 'figures' and pk.ordinal_position = fk.ordinal_position
order by fk.constraint_schema || '_' || fk.table_name, fk.ordinal_position;
-- rows: some
select d.datname, u.usename, pg_catalog.pg_encoding_to_char(d.encoding)
from pg_catalog.pg_database d left join pg_catalog.pg_user u on d.datdba = u.usesysid;
-- rows: some
select * from (select current_database(), nspname, r.rolname from pg_catalog.pg_namespace
    left join pg_catalog.pg_roles r on r.oid = nspowner) tmp;
-- rows: some
select table_name, column_name, ordinal_position,
    case when udt_schema is null then udt_name else format_type(ty.oid, null) end, numeric_precision, collation_catalog
from information_schema.columns
join pg_namespace as sp on sp.nspname = udt_schema
join pg_type as ty on typnamespace = sp.oid and typname = udt_name;
-- rows: none
select current_database(), n.nspname, t.relname, i.relname, '' from pg_catalog.pg_class i
join pg_catalog.pg_index ix on ix.indexrelid = i.oid
join pg_catalog.pg_class t on ix.indrelid = t.oid
left join pg_catalog.pg_user u on u.usesysid = i.relowner
left join pg_catalog.pg_namespace n on n.oid = i.relnamespace
where i.relkind = 'i' and n.nspname not in ('pg_catalog', 'pg_toast') and t.relkind = 'r';
-- rows: none
select current_database(), pgn.nspname, c.conname, current_database(), tn.nspname, t.relname, kind, c.condeferrable
from pg_catalog.pg_constraint c
join pg_catalog.pg_namespace pgn on c.connamespace = pgn.oid
join pg_catalog.pg_class t on c.conrelid = t.oid
join pg_catalog.pg_namespace tn on t.relnamespace = tn.oid
join (select 'PRIMARY KEY' as kind, 'p' as contype union all select 'FOREIGN KEY' as kind, 'f' as contype) kinds
    on kinds.contype = c.contype;
-- the columns of a result
-- rows: some
select ty.oid as typoid, nspname, relname, attname, attrelid, attnum, attnotnull, attidentity != '' as isidentity,
    case when ty.typtype = 'd' then ty.typtypmod else atttypmod end as typmod,
    case when atthasdef then (select pg_get_expr(adbin, k.oid) from pg_attrdef where adrelid = k.oid and adnum = f.attnum)
        else null end as default,
    ((k.relkind = any (array['r'::"char", 'p'::"char"])) or ((k.relkind = any (array['v'::"char", 'f'::"char"]))
        and pg_column_is_updatable((k.oid)::regclass, f.attnum, false))) and f.attidentity not in ('a') as is_updatable,
    exists (select * from pg_index where pg_index.indrelid = k.oid and pg_index.indisprimary and attnum = any (indkey))
        as isprimarykey,
    exists (select * from pg_index where pg_index.indrelid = k.oid and pg_index.indisunique and pg_index.indnkeyatts = 1
        and attnum = pg_index.indkey[0]) as isunique
from pg_attribute as f
join pg_type as ty on f.atttypid = ty.oid
join pg_class as k on k.oid = f.attrelid
join pg_namespace as sp on sp.oid = k.relnamespace
where atttypid <> 0 and relkind in ('r', 'v', 'm', 'p') and not attisdropped
    and nspname not in ('pg_catalog', 'information_schema') and attnum > 0 and relname = 'rd_intensity'
order by attnum;
-- the preview, and folded steps
-- rows: some
select "$Table"."ref_area" as "ref_area", "$Table"."time_period" as "time_period", "$Table"."value" as "value"
from "public"."rd_intensity" "$Table" limit 1000;
-- rows: some
select "rows"."time_period" as "time_period", sum(cast("rows"."value" as decimal)) as "a0", count(1) as "a1"
from (select "ref_area", "time_period", "value" from "public"."rd_intensity" "$Table") "rows"
group by "time_period" limit 1000001;
-- rows: some
select "_"."ref_area", "_"."value" from (select "_"."ref_area", "_"."value", "_"."time_period" from "public"."rd_intensity" "_"
where "_"."time_period" = '2018' and "_"."time_period" is not null) "_" order by "_"."value" desc limit 10;
-- rows: some
select count(1) as "$Item" from (select 1 as "x" from "public"."rd_intensity" "rows" group by "ref_area") "rows";
-- rows: some
select distinct "$Table"."ref_area" as "ref_area" from "public"."figures" as "$Table" where "$Table"."ref_area" like 'Ningxia%' or true;
-- rows: some
select "t"."known_at" as "known_at" from "public"."events" "t"
where "t"."known_at" >= timestamp '2018-01-01 00:00:00' and "t"."known_at" < timestamp '2030-01-01 00:00' limit 200;
-- the pool takes the connection back
discard all;
