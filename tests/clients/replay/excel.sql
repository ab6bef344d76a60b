-- Excel and Microsoft Query (psqlODBC 13 to 18): connect, SQLTables, SQLColumns, keys, data. The driver itself is run for real
-- by pyodbc (python.py), where it can be installed.
-- Written after https://github.com/postgresql-interfaces/psqlodbc (connection.c, info.c, convert.c), in words of ours.

SET DateStyle = 'ISO';
set extra_float_digits = 2;
show transaction_isolation;
-- rows: none
select oid, typbasetype from pg_type where typname = 'lo';
-- rows: some
select current_schema();
-- rows: some
select relname, nspname, relkind from pg_catalog.pg_class c, pg_catalog.pg_namespace n
where relkind in ('r', 'v', 'm', 'f', 'p') and nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'pg_temp_1')
    and has_table_privilege(c.oid, 'select') and n.oid = relnamespace order by nspname, relname;
-- rows: some
select null, null, relkind from (select 'r' as relkind union select 'v' union select 'm' union select 'f' union select 'p') as a;
-- rows: some
select null, nspname, null from pg_catalog.pg_namespace n where true order by nspname;
-- rows: some
select n.nspname, c.relname, a.attname, a.atttypid, t.typname, a.attnum, a.attlen, a.atttypmod, a.attnotnull, c.relhasrules,
    c.relkind, c.oid, pg_get_expr(d.adbin, d.adrelid), case t.typtype when 'd' then t.typbasetype else 0 end, t.typtypmod, 0,
    attidentity, c.relhassubclass
from (((pg_catalog.pg_class c inner join pg_catalog.pg_namespace n on n.oid = c.relnamespace and c.relname like 'figures'
    and n.nspname like 'public') inner join pg_catalog.pg_attribute a on (not a.attisdropped) and a.attnum operator(pg_catalog.>) 0
    and a.attrelid operator(pg_catalog.=) c.oid) inner join pg_catalog.pg_type t on t.oid operator(pg_catalog.=) a.atttypid)
    left outer join pg_attrdef d on a.atthasdef and d.adrelid operator(pg_catalog.=) a.attrelid
    and d.adnum operator(pg_catalog.=) a.attnum
order by n.nspname, c.relname, attnum;
-- rows: none
select ta.attname, ia.attnum, ic.relname, n.nspname, tc.relname
from pg_catalog.pg_attribute ta, pg_catalog.pg_attribute ia, pg_catalog.pg_class tc, pg_catalog.pg_index i,
    pg_catalog.pg_namespace n, pg_catalog.pg_class ic
where tc.relname = 'figures' and n.nspname = 'public' and tc.oid operator(pg_catalog.=) i.indrelid
    and n.oid operator(pg_catalog.=) tc.relnamespace and i.indisprimary operator(pg_catalog.=) 't'
    and ia.attrelid operator(pg_catalog.=) i.indexrelid and ta.attrelid operator(pg_catalog.=) i.indrelid
    and ta.attnum operator(pg_catalog.=) i.indkey[ia.attnum-1] and (not ta.attisdropped) and (not ia.attisdropped)
    and ic.oid operator(pg_catalog.=) i.indexrelid and ia.attnum operator(pg_catalog.<=) i.indnkeyatts
order by ia.attnum;
-- rows: none
select c.relname, i.indkey, i.indisunique, i.indisclustered, a.amname, c.relhasrules, n.nspname, c.oid, 0, i.indoption
from pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class d, pg_catalog.pg_am a, pg_catalog.pg_namespace n
where d.relname = 'figures' and n.nspname = 'public' and n.oid operator(pg_catalog.=) d.relnamespace
    and d.oid operator(pg_catalog.=) i.indrelid and i.indexrelid operator(pg_catalog.=) c.oid
    and c.relam operator(pg_catalog.=) a.oid order by i.indisprimary desc, i.indisunique, n.nspname, c.relname;
-- rows: none
select null as "SCOPE", a.attname as "COLUMN_NAME", t.typname as "DATA_TYPE", t.typlen as "COLUMN_SIZE",
    case when t.typname = 'numeric' then case when a.atttypmod > -1 then 6 else a.atttypmod::int4 end else 0 end as "DECIMAL_DIGITS"
from pg_class c inner join pg_namespace n on n.oid = c.relnamespace inner join pg_attribute a on a.attrelid = c.oid
inner join pg_type t on a.atttypid = t.oid
left join pg_index i on i.indrelid = c.oid and a.attnum = any (i.indkey[0:(i.indnkeyatts - 1)])
where i.indisprimary and a.attnum > 0 and c.relname = 'figures' and n.nspname = 'public';
-- rows: none
select pt.tgargs, pt.tgnargs, pt.tgdeferrable, pt.tginitdeferred, p1.proname, p2.proname, pc.oid, pc1.oid, pc1.relname, pn1.nspname
from pg_catalog.pg_class pc, pg_catalog.pg_class pc1, pg_catalog.pg_proc p1, pg_catalog.pg_proc p2, pg_catalog.pg_trigger pt,
    pg_catalog.pg_trigger pt1, pg_catalog.pg_namespace pn, pg_catalog.pg_namespace pn1
where pc.relname = 'figures' and pn.nspname = 'public' and pc.relnamespace operator(pg_catalog.=) pn.oid
    and pt.tgrelid operator(pg_catalog.=) pc.oid and pt.tgfoid operator(pg_catalog.=) p1.oid and p1.proname like '%upd'
    and pt1.tgfoid operator(pg_catalog.=) p2.oid and pc1.oid operator(pg_catalog.=) pt.tgconstrrelid
    and pn1.oid operator(pg_catalog.=) pc1.relnamespace
order by pc1.relname, p1.proname;
-- rows: none
select table_catalog as TABLE_CAT, table_schema as TABLE_SCHEM, table_name, column_name, grantor, grantee,
    privilege_type as PRIVILEGE, is_grantable
from information_schema.column_privileges where true and table_schema = 'public' and table_name = 'figures';
-- rows: some
select proname, proretset, prorettype, pronargs, proargtypes, nspname, p.oid, atttypid, attname, proargnames, proargmodes, proallargtypes
from ((pg_catalog.pg_namespace n inner join pg_catalog.pg_proc p on p.pronamespace operator(pg_catalog.=) n.oid)
    inner join pg_type t on t.oid operator(pg_catalog.=) p.prorettype)
    left outer join pg_attribute a on a.attrelid operator(pg_catalog.=) t.typrelid and attnum operator(pg_catalog.>) 0
    and not attisdropped
where has_function_privilege(p.oid, 'EXECUTE') and nspname like 'public' order by nspname, proname, p.oid, attnum;
-- rows: some
select relname, nspname from pg_class c, pg_namespace n where c.oid = 16384 and c.relnamespace = n.oid;
-- data, whole and through cursors (UseDeclareFetch=1)
-- rows: some
SELECT figures.ref_area, figures.indicator, figures.time_period
FROM helan.public.figures figures
WHERE (figures.time_period='2018')
ORDER BY figures.ref_area;
-- rows: some
select * from "helan"."public"."rd_intensity";
begin;
savepoint _EXEC_SVP_0x1;
declare "SQL_CUR0x1" cursor with hold for select ref_area from figures;
-- rows: some
fetch 100 in "SQL_CUR0x1";
release _EXEC_SVP_0x1;
commit;
close "SQL_CUR0x1";
