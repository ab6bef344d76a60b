-- DBeaver 24.2 (JDBC 42.7): connect, the tree of schemas, tables and columns, a view's source, search.
-- Written after https://github.com/dbeaver/dbeaver (plugins/org.jkiss.dbeaver.ext.postgresql, model/*.java): the same tables,
-- joins and functions in words of ours.

set extra_float_digits = 3;
set application_name = 'DBeaver 24.2.3 - Main';
-- rows: some
select current_schema(), session_user;
show search_path;
set search_path = public,"$user",public;
-- rows: some
select version();
-- rows: some
select db.oid, db.* from pg_catalog.pg_database db where 1 = 1 and datallowconn and not datistemplate order by db.datname;
-- rows: some
-- with: ["helan"]
select db.oid, db.* from pg_catalog.pg_database db where datname = $1;
-- rows: some
-- with: ["standard_conforming_strings"]
select * from pg_catalog.pg_settings where name = $1;
select string_agg(word, ',') from pg_catalog.pg_get_keywords() where word <> all ('{a,abs,absolute,action,ada}'::text[]);
-- rows: none
select reltype from pg_catalog.pg_class where 1 <> 1 limit 1;
-- rows: none
select typcategory from pg_catalog.pg_type where 1 <> 1 limit 1;
-- rows: some
select n.oid, n.*, d.description from pg_catalog.pg_namespace n
left outer join pg_catalog.pg_description d on d.objoid = n.oid and d.objsubid = 0 and d.classoid = 'pg_namespace'::regclass
order by nspname;
-- rows: some
-- with: [23]
select n.nspname = any(current_schemas(true)), n.nspname, t.typname
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on t.typnamespace = n.oid where t.oid = $1;
-- rows: some
select t.oid, t.*, c.relkind, format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description
from pg_catalog.pg_type t
left outer join pg_catalog.pg_type et on et.oid = t.typelem
left outer join pg_catalog.pg_class c on c.oid = t.typrelid
left outer join pg_catalog.pg_description d on t.oid = d.objoid
where t.typname is not null and (c.relkind is null or c.relkind = 'c') and (et.typcategory is null or et.typcategory <> 'C');
-- rows: some
-- with: ["int8"]
select t.oid, t.*, format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name from pg_catalog.pg_type t
left outer join pg_class c on c.oid = t.typrelid
left outer join pg_catalog.pg_description d on t.oid = d.objoid where t.typname = $1;
-- rows: none
-- with: ["helan"]
select description from pg_shdescription join pg_database on objoid = pg_database.oid where datname = $1;
-- rows: some
-- with: [2200]
select c.oid, c.*, d.description, pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr,
    pg_catalog.pg_get_partkeydef(c.oid) as partition_key
from pg_catalog.pg_class c
left outer join pg_catalog.pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_class'::regclass
where c.relnamespace = $1 and c.relkind not in ('i', 'I', 'c');
-- rows: some
-- with: [2200]
select c.relname, a.*, pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value, dsc.description, dep.objid
from pg_catalog.pg_attribute a
inner join pg_catalog.pg_class c on (a.attrelid = c.oid)
left outer join pg_catalog.pg_attrdef ad on (a.attrelid = ad.adrelid and a.attnum = ad.adnum)
left outer join pg_catalog.pg_description dsc on (c.oid = dsc.objoid and a.attnum = dsc.objsubid)
left outer join pg_depend dep on dep.refobjid = a.attrelid and dep.deptype = 'i' and dep.refobjsubid = a.attnum
    and dep.classid = dep.refclassid
where not a.attisdropped and c.relkind not in ('i', 'I', 'c') and c.relnamespace = $1
order by a.attnum;
-- rows: none
-- with: [2200]
select c.oid, c.*, t.relname as tabrelname, rt.relnamespace as refnamespace, d.description,
    case when c.contype = 'c' then "substring"(pg_get_constraintdef(c.oid), 7) else null end consrc_copy
from pg_catalog.pg_constraint c
inner join pg_catalog.pg_class t on t.oid = c.conrelid
left outer join pg_catalog.pg_class rt on rt.oid = c.confrelid
left outer join pg_catalog.pg_description d on d.objoid = c.oid and d.objsubid = 0 and d.classoid = 'pg_constraint'::regclass
where t.relnamespace = $1 order by c.oid;
-- rows: none
-- with: [2200]
select i.*, i.indkey as keys, c.relname, c.relnamespace, c.relam, c.reltablespace, tc.relname as tabrelname, dsc.description,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) as pred_expr, pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr,
    pg_catalog.pg_relation_size(i.indexrelid) as index_rel_size, pg_catalog.pg_stat_get_numscans(i.indexrelid) as index_num_scans
from pg_catalog.pg_index i
inner join pg_catalog.pg_class c on c.oid = i.indexrelid
inner join pg_catalog.pg_class tc on tc.oid = i.indrelid
left outer join pg_catalog.pg_description dsc on i.indexrelid = dsc.objoid
where c.relnamespace = $1 order by c.relname;
-- rows: none
-- with: [2200]
select i.inhrelid relid, pc.relnamespace parent_ns, pc.oid parent_oid, i.inhseqno
from pg_catalog.pg_inherits i, pg_class rc, pg_class pc
where rc.oid = i.inhrelid and rc.relnamespace = $1 and pc.oid = i.inhparent;
-- rows: some
-- with: [2200]
select c.oid, pg_catalog.pg_total_relation_size(c.oid) as total_rel_size, pg_catalog.pg_relation_size(c.oid) as rel_size
from pg_class c where c.relnamespace = $1;
-- rows: some
-- with: [2200]
select p.oid as poid, p.*, pg_catalog.pg_get_expr(p.proargdefaults, 0) as arg_defaults, d.description
from pg_catalog.pg_proc p
left outer join pg_catalog.pg_description d on d.objoid = p.oid and d.objsubid = 0
where p.pronamespace = $1 order by p.proname;
-- rows: none
-- with: [2200]
select p.oid as proc_oid, p.proname as proc_name, a.* from pg_catalog.pg_aggregate a, pg_catalog.pg_proc p
where p.oid = a.aggfnoid and p.pronamespace = $1 order by p.proname;
-- rows: none
select e.oid, cfg.tbls, n.nspname as schema_name, e.* from pg_catalog.pg_extension e
join pg_namespace n on n.oid = e.extnamespace
left join (select array_agg(ns.nspname || '.' || cls.relname) tbls, oid_ext
    from (select unnest(e1.extconfig) oid, e1.oid oid_ext from pg_catalog.pg_extension e1) c
    join pg_class cls on cls.oid = c.oid join pg_namespace ns on ns.oid = cls.relnamespace
    group by oid_ext) cfg on cfg.oid_ext = e.oid
order by e.oid;
-- rows: some
select a.oid, a.*, pd.description from pg_catalog.pg_roles a
left join pg_catalog.pg_shdescription pd on a.oid = pd.objoid order by a.rolname;
-- rows: some
select t.oid, t.*, pg_tablespace_location(t.oid) loc from pg_catalog.pg_tablespace t order by t.oid;
-- rows: some
select am.oid, am.* from pg_catalog.pg_am am order by am.oid;
-- rows: none
select c.oid, c.* from pg_catalog.pg_collation c order by c.oid;
-- rows: some
select l.oid, l.* from pg_catalog.pg_language l order by l.oid;
-- rows: none
select pet.*, d.description from pg_catalog.pg_event_trigger pet
left outer join pg_catalog.pg_description d on d.objoid = pet.oid and d.objsubid = 0;
-- rows: some
-- with: [2200, "figures", 2200, "figures"]
select oid, relkind, reltype from pg_catalog.pg_class where relnamespace = $1 and relname = $2
union all
select oid, 'c', oid from pg_catalog.pg_type where typnamespace = $3 and typname = $4;
-- rows: some
select pg_get_viewdef('figures'::regclass, true);
-- rows: some
select r.oid, r.*, pg_get_ruledef(r.oid) as definition from pg_rewrite r
where r.ev_class = 'figures'::regclass and r.rulename = '_RETURN'::name;
-- rows: none
-- with: [16384]
select x.oid, x.*, p.pronamespace as func_schema_id, d.description from pg_catalog.pg_trigger x
left outer join pg_catalog.pg_proc p on p.oid = x.tgfoid
left outer join pg_catalog.pg_description d on d.objoid = x.oid and d.objsubid = 0
where x.tgrelid = $1 and not x.tgisinternal;
-- rows: none
-- with: ["public", "figures"]
select * from pg_catalog.pg_policies where schemaname = $1 and tablename = $2;
-- rows: none
-- with: [16384]
select distinct dep.deptype, dep.classid, dep.objid, cl.relkind, attr.attname, pg_get_expr(ad.adbin, ad.adrelid) adefval,
    case when cl.relkind is not null then cl.relkind::text || coalesce(dep.objsubid::text, '')::text
        when tg.oid is not null then 'T'::text when co.oid is not null then 'C'::text || contype::text else '' end as type,
    coalesce(coc.relname, tgr.relname) as ownertable
from pg_depend dep
left join pg_class cl on dep.objid = cl.oid
left join pg_trigger tg on dep.objid = tg.oid
left join pg_class tgr on tg.tgrelid = tgr.oid
left join pg_constraint co on dep.objid = co.oid
left join pg_class coc on co.conrelid = coc.oid
left join pg_attrdef ad on ad.oid = dep.objid
left join pg_attribute attr on attr.attrelid = ad.adrelid and attr.attnum = ad.adnum
where dep.refobjid = $1 order by type;
-- rows: none
-- with: [10]
select * from (
    select distinct relnamespace, relacl, relname, relkind, (aclexplode(relacl)).grantee as grantee from pg_class
    where relacl is not null and relnamespace in (
        select oid from pg_namespace where nspname not like 'pg_%' and nspname != 'information_schema')
    union all
    select distinct n.oid as relnamespace, nspacl as relacl, n.nspname as relname, cast('C' as "char") as relkind,
        (aclexplode(nspacl)).grantee as grantee
    from pg_catalog.pg_namespace n where n.nspacl is not null
) as tr where tr.grantee = $1 and tr.relkind in ('S', 'm', 'C');
-- rows: some
-- with: ["fig%", "fig%"]
select x.oid, x.relname, x.relnamespace, x.relkind from pg_catalog.pg_class x
left join pg_catalog.pg_description d on x.oid = d.objoid and d.objsubid = 0
where x.relkind in ('r', 'v', 'm', 'f') and (x.relname ilike $1 or d.description ilike $2) order by x.relname limit 100;
-- rows: none
select sa.* from pg_catalog.pg_stat_activity sa;
-- the data, a page of it
-- rows: some
select x.* from public.figures x limit 200;
-- rows: some
select count(*) from public.figures x;
-- rows: some
select x.* from public.rd_intensity x where ref_area = '640000' order by x.time_period desc limit 200;
-- rows: some
explain select * from public.figures;
-- what would end others' sessions: there are none to end
-- refused: 42883
-- with: [1]
select pg_catalog.pg_terminate_backend($1);
