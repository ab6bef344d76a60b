-- Grafana 11 (pgx): test of the data source, query builder, macros, time series.
-- Written after https://github.com/grafana/grafana (public/app/plugins/datasource/grafana-postgresql-datasource,
-- pkg/tsdb/grafana-postgresql-datasource): the same tables and functions in words of ours.

-- rows: some
select 1;
-- rows: some
select current_setting('server_version_num')::int/100 as version;
-- rows: none
select extversion from pg_extension where extname = 'timescaledb';
-- rows: some
select schema_name as "name" from information_schema.schemata
where schema_name not in ('information_schema', 'pg_catalog', 'pg_toast', '_timescaledb_cache') order by schema_name;
-- rows: some
select quote_ident(table_name) as "table" from information_schema.tables where quote_ident(table_schema) = 'public' order by 1;
-- rows: some
select case when
    quote_ident(table_schema) in (
    select case when trim(s[i]) = '"$user"' then user else trim(s[i]) end
    from generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
        array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
        string_to_array(current_setting('search_path'),',') s)
    then quote_ident(table_name) else quote_ident(table_schema) || '.' || quote_ident(table_name) end as "table"
from information_schema.tables
where quote_ident(table_schema) not in ('information_schema', 'pg_catalog', '_timescaledb_cache')
order by case when
    quote_ident(table_schema) in (
    select case when trim(s[i]) = '"$user"' then user else trim(s[i]) end
    from generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
        array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
        string_to_array(current_setting('search_path'),',') s)
    then 0 else 1 end, 1;
-- rows: some
select quote_ident(column_name) as "column", data_type as "type" from information_schema.columns
where case when array_length(parse_ident('figures'),1) = 2
    then quote_ident(table_schema) = (parse_ident('figures'))[1] and quote_ident(table_name) = (parse_ident('figures'))[2]
    else quote_ident(table_name) = 'figures' and
        quote_ident(table_schema) in (
        select case when trim(s[i]) = '"$user"' then user else trim(s[i]) end
        from generate_series(array_lower(string_to_array(current_setting('search_path'),','),1),
            array_upper(string_to_array(current_setting('search_path'),','),1)) as i,
            string_to_array(current_setting('search_path'),',') s)
    end;
-- rows: some
select distinct quote_literal(ref_area) from figures order by 1 limit 100;
-- a table, and time series by $__timeFilter, $__timeGroup, $__timeGroupAlias, $__unixEpochFilter
-- rows: some
select ref_area, value from public.rd_intensity order by value desc limit 50;
-- rows: some
select known_at as "time", amount from events where known_at between '2018-01-01T00:00:00Z' and '2030-01-01T00:00:00Z' order by 1;
-- rows: some
select floor(extract(epoch from known_at)/86400)*86400 as "time", count(*) from events group by 1 order by 1;
-- rows: some
select date_trunc('month', known_at) as time, count(*) as value, indicator as metric from events
where known_at >= '2018-01-01T00:00:00Z' and known_at <= '2030-01-01T00:00:00Z' group by time, metric order by time;
-- rows: some
select extract(epoch from known_at) as time_sec, amount as value from events
where extract(epoch from known_at) >= 1514764800 and extract(epoch from known_at) <= 1893456000 order by 1;
-- rows: some
select date_bin('7 day', known_at, timestamp '2018-01-01 00:00') as time, count(*) from events group by 1 order by 1;
-- rows: some
select to_timestamp(extract(epoch from known_at)) as time, amount from events order by 1 limit 5;
