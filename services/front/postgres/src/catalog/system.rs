//! The tables of `pg_catalog`: columns as PostgreSQL 16 has them. Those with nothing to say here are empty; those that would
//! tell of other people's sessions or credentials are empty or not there.

mod information;

use std::collections::HashMap;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::error::Result;

pub(super) use self::information::{information_schema, is_empty_information};
use super::keywords;
use super::relations::{attributes, classes, descriptions, procedures, rules, types};
use super::rows::{Cell, Row, Schema, table};
use crate::settings::Settings;

use super::{ASKER, DATABASE, INFORMATION_SCHEMA, OWNER, PG_CATALOG, PUBLIC, Relations};

/// Each table's columns.
const TABLES: &[(&str, &str)] = &[
    (
        "pg_aggregate",
        "aggfnoid:oid aggkind:char aggnumdirectargs:int2 aggtransfn:text aggfinalfn:text aggsortop:oid aggtranstype:oid",
    ),
    ("pg_am", "oid:oid amname:name amhandler:text amtype:char"),
    (
        "pg_amop",
        "oid:oid amopfamily:oid amoplefttype:oid amoprighttype:oid amopstrategy:int2 amoppurpose:char amopopr:oid amopmethod:oid amopsortfamily:oid",
    ),
    ("pg_amproc", "oid:oid amprocfamily:oid amproclefttype:oid amprocrighttype:oid amprocnum:int2 amproc:oid"),
    ("pg_attrdef", "oid:oid adrelid:oid adnum:int2 adbin:text"),
    (
        "pg_attribute",
        "attrelid:oid attname:name atttypid:oid attlen:int2 attnum:int2 attcacheoff:int4=-1 atttypmod:int4=-1 \
         attndims:int2=0 attbyval:bool=f attalign:char=i attstorage:char=p attcompression:char attstattarget:int2 \
         attnotnull:bool=f atthasdef:bool=f atthasmissing:bool=f attidentity:char= attgenerated:char= \
         attisdropped:bool=f attislocal:bool=t attinhcount:int2=0 attcollation:oid=0 attacl:text[] attoptions:text[] \
         attfdwoptions:text[] attmissingval:text",
    ),
    (
        "pg_auth_members",
        "oid:oid roleid:oid member:oid grantor:oid admin_option:bool inherit_option:bool set_option:bool",
    ),
    ("pg_available_extensions", "name:name default_version:text installed_version:text comment:text"),
    ("pg_cast", "oid:oid castsource:oid casttarget:oid castfunc:oid castcontext:char castmethod:char"),
    (
        "pg_class",
        "oid:oid tableoid:oid=0 relname:name relnamespace:oid reltype:oid=0 reloftype:oid=0 relowner:oid relam:oid=0 \
         relfilenode:oid=0 reltablespace:oid=0 relpages:int4=0 reltuples:float4=-1 relallvisible:int4=0 \
         reltoastrelid:oid=0 relhasindex:bool=f relisshared:bool=f relpersistence:char=p relkind:char relnatts:int2 \
         relchecks:int2=0 relhasrules:bool=f relhastriggers:bool=f relhassubclass:bool=f relrowsecurity:bool=f \
         relforcerowsecurity:bool=f relispopulated:bool=t relreplident:char=n relispartition:bool=f relrewrite:oid=0 \
         relfrozenxid:int8 relminmxid:int8 relacl:text[] reloptions:text[] relpartbound:text xmin:int8=1",
    ),
    (
        "pg_collation",
        "oid:oid collname:name collnamespace:oid collowner:oid collprovider:char collisdeterministic:bool \
         collencoding:int4 collcollate:text collctype:text colliculocale:text collicurules:text collversion:text",
    ),
    (
        "pg_constraint",
        "oid:oid tableoid:oid=0 conname:name connamespace:oid contype:char condeferrable:bool condeferred:bool convalidated:bool \
         conrelid:oid contypid:oid conindid:oid conparentid:oid confrelid:oid confupdtype:char confdeltype:char \
         confmatchtype:char conislocal:bool coninhcount:int2 connoinherit:bool conkey:int2[] confkey:int2[] conpfeqop:oid[] \
         conppeqop:oid[] conffeqop:oid[] confdelsetcols:int2[] conexclop:oid[] conbin:text",
    ),
    (
        "pg_conversion",
        "oid:oid tableoid:oid=0 conname:name connamespace:oid conowner:oid conforencoding:int4 contoencoding:int4 conproc:text condefault:bool",
    ),
    (
        "pg_cursors",
        "name:text statement:text is_holdable:bool is_binary:bool is_scrollable:bool creation_time:timestamptz",
    ),
    (
        "pg_database",
        "oid:oid datname:name datdba:oid encoding:int4 datlocprovider:char datistemplate:bool datallowconn:bool \
         datconnlimit:int4 datfrozenxid:int8 datminmxid:int8 dattablespace:oid datcollate:text datctype:text \
         daticulocale:text daticurules:text datcollversion:text datacl:text[]",
    ),
    ("pg_depend", "classid:oid objid:oid objsubid:int4 refclassid:oid refobjid:oid refobjsubid:int4 deptype:char"),
    ("pg_description", "objoid:oid classoid:oid objsubid:int4 description:text"),
    ("pg_db_role_setting", "setdatabase:oid setrole:oid setconfig:text[]"),
    ("pg_default_acl", "oid:oid defaclrole:oid defaclnamespace:oid defaclobjtype:char defaclacl:text[]"),
    ("pg_enum", "oid:oid enumtypid:oid enumsortorder:float4 enumlabel:name"),
    ("pg_event_trigger", "oid:oid evtname:name evtevent:name evtowner:oid evtfoid:oid evtenabled:char evttags:text[]"),
    (
        "pg_extension",
        "oid:oid extname:name extowner:oid extnamespace:oid extrelocatable:bool extversion:text extconfig:oid[] extcondition:text[]",
    ),
    ("pg_foreign_data_wrapper", "oid:oid fdwname:name fdwowner:oid fdwhandler:oid fdwvalidator:oid fdwoptions:text[]"),
    (
        "pg_foreign_server",
        "oid:oid srvname:name srvowner:oid srvfdw:oid srvtype:text srvversion:text srvoptions:text[]",
    ),
    ("pg_foreign_table", "ftrelid:oid ftserver:oid ftoptions:text[]"),
    ("pg_get_keywords", "word:text catcode:char barelabel:bool=f catdesc:text baredesc:text"),
    (
        "pg_index",
        "indexrelid:oid indrelid:oid indnatts:int2 indnkeyatts:int2 indisunique:bool indnullsnotdistinct:bool \
         indisprimary:bool indisexclusion:bool indimmediate:bool indisclustered:bool indisvalid:bool indcheckxmin:bool \
         indisready:bool indislive:bool indisreplident:bool indkey:int2[] indcollation:oid[] indclass:oid[] \
         indoption:int2[] indexprs:text indpred:text",
    ),
    ("pg_indexes", "schemaname:name tablename:name indexname:name tablespace:name indexdef:text"),
    ("pg_inherits", "inhrelid:oid inhparent:oid inhseqno:int4 inhdetachpending:bool"),
    (
        "pg_language",
        "oid:oid tableoid:oid=0 lanname:name lanowner:oid lanispl:bool lanpltrusted:bool lanplcallfoid:oid=0 laninline:oid=0 lanvalidator:oid=0 lanacl:text[]",
    ),
    ("pg_largeobject_metadata", "oid:oid lomowner:oid lomacl:text[]"),
    ("pg_locks", "locktype:text database:oid relation:oid pid:int4 mode:text granted:bool"),
    (
        "pg_matviews",
        "schemaname:name matviewname:name matviewowner:name tablespace:name hasindexes:bool ispopulated:bool definition:text",
    ),
    ("pg_namespace", "oid:oid tableoid:oid=0 nspname:name nspowner:oid nspacl:text[]"),
    (
        "pg_opclass",
        "oid:oid tableoid:oid=0 opcmethod:oid opcname:name opcnamespace:oid opcowner:oid opcfamily:oid opcintype:oid opcdefault:bool opckeytype:oid",
    ),
    ("pg_opfamily", "oid:oid tableoid:oid opfmethod:oid opfname:name opfnamespace:oid opfowner:oid"),
    (
        "pg_operator",
        "oid:oid tableoid:oid=0 oprname:name oprnamespace:oid oprowner:oid oprkind:char oprcanmerge:bool oprcanhash:bool oprleft:oid \
         oprright:oid oprresult:oid oprcom:oid oprnegate:oid oprcode:text oprrest:text oprjoin:text",
    ),
    ("pg_parameter_acl", "oid:oid parname:text paracl:text[]"),
    (
        "pg_partitioned_table",
        "partrelid:oid partstrat:char partnatts:int2 partdefid:oid partattrs:int2[] partexprs:text",
    ),
    (
        "pg_policy",
        "oid:oid polname:name polrelid:oid polcmd:char polpermissive:bool polroles:oid[] polqual:text polwithcheck:text",
    ),
    (
        "pg_policies",
        "schemaname:name tablename:name policyname:name permissive:text roles:name[] cmd:text qual:text with_check:text",
    ),
    (
        "pg_prepared_statements",
        "name:text statement:text prepare_time:timestamptz parameter_types:oid[] result_types:oid[] from_sql:bool generic_plans:int8 custom_plans:int8",
    ),
    (
        "pg_proc",
        "oid:oid tableoid:oid=0 proname:name pronamespace:oid proowner:oid prolang:oid=14 procost:float4=1 prorows:float4=1000 \
         provariadic:oid=0 prosupport:text prokind:char=f prosecdef:bool=f proleakproof:bool=f proisstrict:bool=f \
         proretset:bool=t provolatile:char=s proparallel:char=s pronargs:int2 pronargdefaults:int2=0 prorettype:oid \
         proargtypes:text= proallargtypes:oid[] proargmodes:char[] proargnames:text[] proargdefaults:text \
         protrftypes:oid[] prosrc:text= probin:text proconfig:text[] proacl:text[]",
    ),
    (
        "pg_publication",
        "oid:oid pubname:name pubowner:oid puballtables:bool pubinsert:bool pubupdate:bool pubdelete:bool pubtruncate:bool pubviaroot:bool",
    ),
    ("pg_publication_namespace", "oid:oid pnpubid:oid pnnspid:oid"),
    ("pg_publication_rel", "oid:oid prpubid:oid prrelid:oid prqual:text prattrs:int2[]"),
    ("pg_range", "rngtypid:oid rngsubtype:oid rngmultitypid:oid rngcollation:oid rngsubopc:oid"),
    (
        "pg_rewrite",
        "oid:oid tableoid:oid=0 rulename:name ev_class:oid ev_type:char ev_enabled:char is_instead:bool ev_qual:text ev_action:text",
    ),
    (
        "pg_roles",
        "rolname:name rolsuper:bool=f rolinherit:bool=t rolcreaterole:bool=f rolcreatedb:bool=f rolcanlogin:bool=t \
         rolreplication:bool=f rolconnlimit:int4=-1 rolpassword:text rolvaliduntil:timestamptz rolbypassrls:bool=f \
         rolconfig:text[] oid:oid",
    ),
    ("pg_rules", "schemaname:name tablename:name rulename:name definition:text"),
    ("pg_seclabel", "objoid:oid classoid:oid objsubid:int4 provider:text label:text"),
    (
        "pg_sequence",
        "seqrelid:oid seqtypid:oid seqstart:int8 seqincrement:int8 seqmax:int8 seqmin:int8 seqcache:int8 seqcycle:bool",
    ),
    (
        "pg_sequences",
        "schemaname:name sequencename:name sequenceowner:name data_type:oid start_value:int8 min_value:int8 max_value:int8 increment_by:int8 cycle:bool cache_size:int8 last_value:int8",
    ),
    ("pg_shdescription", "objoid:oid classoid:oid description:text"),
    ("pg_stat_activity", "datid:oid datname:name pid:int4 usename:name application_name:text state:text query:text"),
    ("pg_stat_user_indexes", "relid:oid indexrelid:oid schemaname:name relname:name indexrelname:name idx_scan:int8"),
    ("pg_stat_user_tables", "relid:oid schemaname:name relname:name seq_scan:int8 n_live_tup:int8 n_dead_tup:int8"),
    (
        "pg_statistic_ext",
        "oid:oid stxrelid:oid stxname:name stxnamespace:oid stxowner:oid stxstattarget:int4 stxkeys:int2[] stxkind:char[] stxexprs:text",
    ),
    ("pg_stats", "schemaname:name tablename:name attname:name null_frac:float4 n_distinct:float4"),
    (
        "pg_tables",
        "schemaname:name tablename:name tableowner:name tablespace:name hasindexes:bool=f hasrules:bool=f hastriggers:bool=f rowsecurity:bool=f",
    ),
    (
        "pg_subscription",
        "oid:oid subdbid:oid subname:name subowner:oid subenabled:bool subbinary:bool substream:char subtwophasestate:char \
         subdisableonerr:bool subpasswordrequired:bool subrunasowner:bool subconninfo:text subslotname:name subsynccommit:text \
         subpublications:text[] suborigin:text subskiplsn:text",
    ),
    ("pg_tablespace", "oid:oid spcname:name spcowner:oid spcacl:text[] spcoptions:text[]"),
    ("pg_timezone_names", "name:text abbrev:text utc_offset:text is_dst:bool"),
    (
        "pg_trigger",
        "oid:oid tableoid:oid=0 tgrelid:oid tgparentid:oid tgname:name tgfoid:oid tgtype:int2 tgenabled:char tgisinternal:bool \
         tgconstrrelid:oid tgconstrindid:oid tgconstraint:oid tgdeferrable:bool tginitdeferred:bool tgnargs:int2 tgattr:int2[] tgargs:text \
         tgqual:text tgoldtable:name tgnewtable:name",
    ),
    ("pg_ts_config", "oid:oid cfgname:name cfgnamespace:oid cfgowner:oid cfgparser:oid"),
    ("pg_ts_config_map", "mapcfg:oid maptokentype:int4 mapseqno:int4 mapdict:oid"),
    ("pg_ts_dict", "oid:oid dictname:name dictnamespace:oid dictowner:oid dicttemplate:oid dictinitoption:text"),
    (
        "pg_ts_parser",
        "oid:oid prsname:name prsnamespace:oid prsstart:text prstoken:text prsend:text prsheadline:text prslextype:text",
    ),
    ("pg_ts_template", "oid:oid tmplname:name tmplnamespace:oid tmplinit:text tmpllexize:text"),
    (
        "pg_type",
        "oid:oid tableoid:oid=0 typname:name typnamespace:oid typowner:oid typlen:int2 typbyval:bool=f typtype:char=b typcategory:char \
         typispreferred:bool=f typisdefined:bool=t typdelim:char=, typrelid:oid=0 typsubscript:text=- typelem:oid=0 typarray:oid=0 \
         typinput:text typoutput:text typreceive:text typsend:text typmodin:text=- typmodout:text=- typanalyze:text=- \
         typalign:char=i typstorage:char=p typnotnull:bool=f typbasetype:oid=0 typtypmod:int4=-1 typndims:int4=0 \
         typcollation:oid=0 typdefaultbin:text typdefault:text typacl:text[]",
    ),
    (
        "pg_user",
        "usename:name usesysid:oid usecreatedb:bool=f usesuper:bool=f userepl:bool=f usebypassrls:bool=f passwd:text valuntil:timestamptz useconfig:text[]",
    ),
    ("pg_user_mappings", "umid:oid srvid:oid srvname:name umuser:oid usename:name umoptions:text[]"),
    ("pg_user_mapping", "oid:oid umuser:oid umserver:oid umoptions:text[]"),
    ("pg_views", "schemaname:name viewname:name viewowner:name definition:text"),
];

/// Whether `pg_catalog` has a table: its names are also known without the schema.
pub(super) fn is_system(name: &str) -> bool {
    name == "pg_settings" || TABLES.iter().any(|(known, _)| *known == name)
}

/// What the arrays of a column hold, where one of the tables has arrays under that name.
pub(super) fn list_of(column: &str) -> Option<&'static str> {
    TABLES.iter().flat_map(|(_, columns)| columns.split_whitespace()).find_map(|known| {
        let (_, kind) = known.split_once(':').filter(|(name, _)| *name == column)?;
        kind.strip_suffix("[]")
    })
}

/// Whether a table has no rows, whatever is asked.
pub(super) fn is_empty(name: &str) -> bool {
    is_system(name) && !FILLED.contains(&name)
}

/// Those that have rows.
const FILLED: &[&str] = &[
    "pg_attribute",
    "pg_class",
    "pg_database",
    "pg_description",
    "pg_get_keywords",
    "pg_language",
    "pg_namespace",
    "pg_proc",
    "pg_rewrite",
    "pg_roles",
    "pg_settings",
    "pg_tables",
    "pg_tablespace",
    "pg_type",
    "pg_user",
    "pg_views",
    "pg_am",
];

fn made(tables: &[(&'static str, &str)], rows: &HashMap<&str, Vec<Row>>) -> Result<Schema> {
    let made = tables.iter().map(|(name, columns)| {
        let rows = rows.get(name).map_or(&[][..], Vec::as_slice);
        Ok((*name, table(columns, rows)?))
    });
    Ok(Schema(made.collect::<Result<_>>()?))
}

fn row<const N: usize>(cells: [(&'static str, Cell); N]) -> Row {
    cells.into()
}

pub(super) fn pg_catalog(relations: &Relations) -> Result<Schema> {
    let schemas = [(PG_CATALOG, "pg_catalog"), (PUBLIC, "public"), (INFORMATION_SCHEMA, "information_schema")];
    let schemas =
        schemas.map(|(oid, name)| row([("oid", oid.into()), ("nspname", name.into()), ("nspowner", OWNER.into())]));
    let database = row([
        ("oid", DATABASE.into()),
        ("datname", "helan".into()),
        ("datdba", OWNER.into()),
        ("encoding", 6.into()),
        ("datlocprovider", "c".into()),
        ("datistemplate", false.into()),
        ("datallowconn", true.into()),
        ("datconnlimit", (-1).into()),
        ("dattablespace", 1663.into()),
        ("datcollate", "C".into()),
        ("datctype", "C".into()),
    ]);
    let views = relations.relations().filter(|(_, doc)| doc.kind == "view").map(|(_, doc)| {
        row([
            ("schemaname", "public".into()),
            ("viewname", doc.name.as_str().into()),
            ("viewowner", "helan".into()),
            ("definition", doc.sql.unwrap_or_default().into()),
        ])
    });
    let tables = relations.relations().filter(|(_, doc)| doc.kind != "view").map(|(_, doc)| {
        row([("schemaname", "public".into()), ("tablename", doc.name.as_str().into()), ("tableowner", "helan".into())])
    });
    let rows = HashMap::from([
        ("pg_am", vec![row([("oid", 2.into()), ("amname", "heap".into()), ("amtype", "t".into())])]),
        ("pg_attribute", attributes(relations)),
        ("pg_class", classes(relations)),
        ("pg_database", vec![database]),
        ("pg_description", descriptions(relations)),
        ("pg_get_keywords", keywords::rows()),
        (
            "pg_language",
            vec![row([
                ("oid", 14.into()),
                ("lanname", "sql".into()),
                ("lanowner", OWNER.into()),
                ("lanispl", false.into()),
                ("lanpltrusted", true.into()),
            ])],
        ),
        ("pg_namespace", schemas.into()),
        ("pg_proc", procedures(relations)),
        ("pg_rewrite", rules(relations)),
        ("pg_tables", tables.collect()),
        (
            "pg_tablespace",
            vec![row([("oid", 1663.into()), ("spcname", "pg_default".into()), ("spcowner", OWNER.into())])],
        ),
        ("pg_type", types()),
        ("pg_views", views.collect()),
    ]);
    made(TABLES, &rows)
}

/// The tables that each connection has its own of: its settings, and who asks.
pub(super) fn of_connection(settings: &Settings) -> Result<[(&'static str, Arc<dyn TableProvider>); 3]> {
    let asker = settings.get("session_authorization");
    let roles = [("helan", OWNER), (asker, ASKER)];
    // A credential may be called as the owner is.
    let roles = || roles.into_iter().filter(|(name, oid)| *oid == OWNER || *name != "helan");
    let known = roles().map(|(name, oid)| row([("rolname", name.into()), ("oid", oid.into())]));
    let users = roles().map(|(name, oid)| row([("usename", name.into()), ("usesysid", oid.into())]));
    Ok([
        ("pg_settings", pg_settings(settings)?),
        ("pg_roles", table(columns_of("pg_roles"), &known.collect::<Vec<_>>())?),
        ("pg_user", table(columns_of("pg_user"), &users.collect::<Vec<_>>())?),
    ])
}

fn columns_of(name: &str) -> &'static str {
    TABLES.iter().find(|(known, _)| *known == name).map_or("", |(_, columns)| columns)
}

/// The settings of one connection.
fn pg_settings(settings: &Settings) -> Result<Arc<dyn TableProvider>> {
    let rows: Vec<Row> = settings
        .all()
        .map(|(name, value)| row([("name", name.into()), ("setting", value.into()), ("reset_val", value.into())]))
        .collect();
    let columns = "name:text setting:text unit:text category:text=Helan short_desc:text= extra_desc:text context:text=user \
                   vartype:text=string source:text=session min_val:text max_val:text enumvals:text[] boot_val:text \
                   reset_val:text sourcefile:text sourceline:int4 pending_restart:bool=f";
    table(columns, &rows)
}
