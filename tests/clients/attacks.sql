-- Statements that must do no more than refuse, one a line. Each is sent as an analyst, by the simple and the extended
-- protocol; afterwards the connection still answers.
copy events to '/tmp/helan-attack'
copy events to stdout
copy events from '/etc/passwd'
copy events from stdin
copy (select 1) to program 'touch /tmp/helan-attack'
create table x (a int)
create view x as select 1
create external table x stored as csv location '/etc/passwd'
create external table x stored as parquet location 'file:///etc'
create function x() returns int as 'select 1' language sql
create extension dblink
create role x superuser
create schema x
create database x
create temp table x as select 1
create or replace function f() returns int language plpython3u as $$ return 1 $$
alter table events add column x int
alter system set shared_preload_libraries = 'x'
alter role helan superuser
drop table events
drop view figures
truncate events
insert into events values (1)
insert into events select * from events
update events set value = 0
delete from events
delete from pg_catalog.pg_class
merge into events using events as e on false when matched then delete
with x as (delete from events returning *) select * from x
with x as (insert into events values (1) returning *) select * from x
select * into x from events
select 1 into outfile '/tmp/helan-attack'
grant select on events to public
revoke select on events from public
comment on table events is 'x'
lock table events
vacuum
analyze events
cluster
reindex table events
checkpoint
load '/tmp/x.so'
listen x
notify x
do $$ begin perform 1; end $$
call x()
prepare x as select 1
execute x
refresh materialized view x
security label on table events is 'x'
set role postgres
set session authorization postgres
set session_authorization = 'postgres'
set transaction_read_only = off
set session characteristics as transaction read write
begin read write
begin isolation level serializable
set default_transaction_read_only = off
set datafusion.execution.batch_size = 1
set search_path = pg_temp
set data_directory = '/'
set client_encoding = 'SQL_ASCII'
set standard_conforming_strings = off
show data_directory
show hba_file
select pg_read_file('/etc/passwd')
select pg_read_binary_file('/etc/passwd')
select * from pg_ls_dir('/')
select pg_stat_file('/etc/passwd')
select * from pg_file_settings
select lo_import('/etc/passwd')
select lo_export(1, '/tmp/helan-attack')
select pg_sleep(100)
select pg_sleep_for('100 s')
select pg_terminate_backend(1)
select pg_cancel_backend(1)
select pg_reload_conf()
select pg_rotate_logfile()
select pg_promote()
select pg_switch_wal()
select pg_advisory_lock(1)
select pg_logical_emit_message(false, 'x', 'x')
select set_config('helan.as_of', '2019-08-30', false)
select set_config('role', 'postgres', false)
select dblink('host=127.0.0.1', 'select 1')
select query_to_xml('select 1', true, true, '')
select database_to_xml(true, true, '')
select nextval('x')
select currval('x')
select * from pg_shadow
select * from pg_authid
select * from pg_hba_file_rules
select * from pg_largeobject
select * from pg_stat_ssl
select * from read_csv('/etc/passwd')
select * from read_parquet('/etc/passwd')
select * from '/etc/passwd'
select * from "/etc/passwd"
select * from information_schema.df_settings
select * from generate_series(1, 9223372036854775807 + 1)
select repeat('x', 1000000000)
select array_repeat(repeat('x', 1000000), 1000000)
select 1; drop table events
declare c cursor with hold for delete from events
fetch 1 from nobody
close nobody
deallocate nobody
commit prepared 'x'
rollback prepared 'x'
commit and chain
set datafusion.execution.batch_size = 1
select chr(0)
select array[chr(0)]
