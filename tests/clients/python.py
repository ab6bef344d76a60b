"""Python's clients: psycopg 3, asyncpg, SQLAlchemy with its inspector (what Superset asks), ODBC (what Excel asks), and
ADBC over Arrow Flight SQL."""

import asyncio
import json
import os
import sys
from pathlib import Path

CHECKS = json.loads(Path(os.environ["HELAN_CHECKS"]).read_text())
ANSWERS = [answer for _, answer in CHECKS["answers"]]
MOMENT, AS_OF, THEN = CHECKS["as of"]


def check(name, work):
    try:
        given = work()
        print(f"{name}\t{'ok' if given is True else repr(given)}")
    except Exception as error:  # noqa: BLE001: whatever goes wrong is the finding
        print(f"{name}\t{type(error).__name__} {str(error).splitlines()[0]}")


def refused(work, *states):
    """Whether a statement is refused with one of these SQLSTATEs."""
    try:
        return f"was answered: {work()}"
    except Exception as error:  # noqa: BLE001
        cause = getattr(error, "orig", error)
        state = getattr(cause, "sqlstate", None) or (cause.args[0] if cause.args else "")
        return state in states or f"{state} {error}"


def psycopg():
    import psycopg

    one, other = psycopg.connect(autocommit=True), psycopg.connect(autocommit=True)
    ask = lambda query, *values: str(one.execute(query, *values).fetchone()[0])
    check("connects", lambda: ask("select 1") == "1")
    check("lists", lambda: one.execute("select obj_description('figures'::regclass, 'pg_class')").fetchone()[0].startswith("Figures to read"))
    check("answers", lambda: [ask(query) for query, _ in CHECKS["answers"]] == ANSWERS)
    check("as of", lambda: (one.execute(f"set helan.as_of = '{MOMENT}'"), ask(AS_OF))[1] == THEN)
    check("own settings", lambda: other.execute("show helan.as_of").fetchone()[0] == "")
    one.execute("discard all")
    check("digits", lambda: ask(CHECKS["digits"][0]) == CHECKS["digits"][1] == str(one.cursor(binary=True).execute(CHECKS["digits"][0]).fetchone()[0]))

    def by_cursor(query, *values):
        with psycopg.connect() as within, within.cursor(name="n1") as cursor:
            return [str(row[0]) for row in cursor.execute(query, values)]

    asked = "from rd_intensity where ref_area = any(%s) and time_period = %s"
    check("parameter", lambda: (ask("select count(*) " + asked, (["640000"], "2018")), by_cursor("select value " + asked, ["640000"], "2018")) == ("1", ANSWERS[:1]))
    one.execute("set statement_timeout = 300")
    check("cut off", lambda: refused(lambda: ask(CHECKS["endless"]), "57014"))
    check("reads only", lambda: refused(lambda: one.execute(CHECKS["write"]), "25006"))
    check("no files", lambda: refused(lambda: ask(CHECKS["file"]), "42883"))


def asyncpg():
    import asyncpg

    loop = asyncio.new_event_loop()
    wait = loop.run_until_complete
    one, other = wait(asyncpg.connect()), wait(asyncpg.connect())
    ask = lambda query, *values: str(wait(one.fetchval(query, *values)))
    check("connects", lambda: ask("select 1") == "1")
    check("lists", lambda: wait(one.fetchval("select description from pg_description where objoid = to_regclass('figures') and objsubid = 0")).startswith("Figures to read"))
    check("answers", lambda: [ask(query) for query, _ in CHECKS["answers"]] == ANSWERS)
    check("as of", lambda: (wait(one.execute(f"set helan.as_of = '{MOMENT}'")), ask(AS_OF))[1] == THEN)
    check("own settings", lambda: wait(other.fetchval("show helan.as_of")) == "")
    wait(one.reset())
    check("digits", lambda: ask(CHECKS["digits"][0]) == CHECKS["digits"][1])
    check("parameter", lambda: ask("select count(*) from rd_intensity where ref_area = any($1::text[]) and time_period = $2", ["640000"], "2018") == "1")
    wait(one.execute("set statement_timeout = 300"))
    check("cut off", lambda: refused(lambda: ask(CHECKS["endless"]), "57014"))
    check("reads only", lambda: refused(lambda: wait(one.execute(CHECKS["write"])), "25006"))
    check("no files", lambda: refused(lambda: ask(CHECKS["file"]), "42883"))


def sqlalchemy():
    import pandas
    import sqlalchemy as sa

    engine = sa.create_engine(f"postgresql+psycopg://{os.environ['PGUSER']}:{os.environ['PGPASSWORD']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}/helan")
    one, other = engine.connect(), engine.connect()
    ask = lambda query, **values: str(one.execute(sa.text(query), values).scalar())

    def lists():
        seen = sa.inspect(engine)
        table = sa.Table("rd_intensity", sa.MetaData(), autoload_with=engine)
        empty = [seen.get_pk_constraint("events")["constrained_columns"], seen.get_foreign_keys("events"), seen.get_indexes("events"), seen.get_unique_constraints("events"), seen.get_check_constraints("events")]
        found = [
            "figures" in seen.get_view_names(), "events" in seen.get_table_names(), "public" in seen.get_schema_names(),
            seen.get_table_comment("figures")["text"].startswith("Figures to read"), str(table.c.value.type) == "NUMERIC",
            table.c.value.comment is not None, seen.get_view_definition("figures") is not None, empty == [[], [], [], [], []],
            len(pandas.read_sql("select * from figures limit 2", engine)) == 2,
        ]
        return all(found) or found

    def failed(query):
        try:
            return ask(query)
        finally:
            one.rollback()

    check("connects", lambda: ask("select 1") == "1")
    check("lists", lists)
    check("answers", lambda: [ask(query) for query, _ in CHECKS["answers"]] == ANSWERS)
    check("as of", lambda: (one.execute(sa.text(f"set helan.as_of = '{MOMENT}'")), ask(AS_OF))[1] == THEN)
    check("own settings", lambda: other.execute(sa.text("show helan.as_of")).scalar() == "")
    one.rollback()
    check("digits", lambda: ask(CHECKS["digits"][0]) == CHECKS["digits"][1])

    def parts():
        """In chunks, by a cursor of the service's."""
        query = sa.text("select ref_area, indicator from figures where ref_area = :area")
        with engine.connect().execution_options(stream_results=True) as streamed:
            return [len(part) for part in pandas.read_sql(query, streamed, params={"area": "640000"}, chunksize=2)]

    check("parameter", lambda: (ask("select count(*) from rd_intensity where ref_area = :area and time_period = :period", area="640000", period="2018"), parts()[0]) == ("1", 2))
    one.execute(sa.text("set statement_timeout = 300"))
    one.commit()
    check("cut off", lambda: refused(lambda: failed(CHECKS["endless"]), "57014"))
    check("reads only", lambda: refused(lambda: failed(CHECKS["write"]), "25006"))
    check("no files", lambda: refused(lambda: failed(CHECKS["file"]), "42883"))


def pyodbc():
    import pyodbc

    dsn = "Driver={PostgreSQL Unicode};Server=%s;Port=%s;Database=helan;UID=%s;PWD=%s" % tuple(os.environ[name] for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"))
    one, other = pyodbc.connect(dsn, autocommit=True), pyodbc.connect(dsn, autocommit=True)
    ask = lambda query, *values: str(one.execute(query, *values).fetchone()[0])
    check("connects", lambda: ask("select 1") == "1")

    def lists():
        tables = {row.table_name: row.remarks for row in one.cursor().tables(schema="public")}
        columns = [row.column_name for row in one.cursor().columns(table="figures", schema="public")]
        # Keys, indexes, what tells rows apart: what Excel and Access ask of a table that is linked.
        asked = lambda name, *given, **more: len(list(getattr(one.cursor(), name)(*given, **more)))
        none = [asked(name, "figures", schema="public") for name in ("primaryKeys", "foreignKeys", "statistics", "rowIdColumns")]
        none.append(asked("foreignKeys", foreignTable="figures", foreignSchema="public"))
        # The driver answers by itself what tells versions of a row apart.
        asked("rowVerColumns", "figures", schema="public")
        kinds, functions = asked("getTypeInfo"), asked("procedures", schema="public")
        # By a cursor of the service's, a few rows at a time, outside a transaction and within one.
        parts = []
        for autocommit in (True, False):
            by_cursor = pyodbc.connect(dsn + ";UseDeclareFetch=1;Fetch=7", autocommit=autocommit)
            parts.append(len(by_cursor.execute("select ref_area, indicator from figures").fetchall()))
            by_cursor.close()
        whole = int(ask("select count(*) from figures"))
        found = ["figures" in tables, columns[:2] == ["ref_area", "name_zh"], sum(none) == 0, kinds > 10, functions > 0, parts == [whole, whole]]
        return all(found) or [found, tables.get("figures"), columns, none, parts, whole]

    check("lists", lists)
    check("answers", lambda: [ask(query) for query, _ in CHECKS["answers"]] == ANSWERS or [ask(query) for query, _ in CHECKS["answers"]])
    check("as of", lambda: (one.execute(f"set helan.as_of = '{MOMENT}'"), ask(AS_OF))[1] == THEN)
    check("own settings", lambda: other.execute("show helan.as_of").fetchone()[0] == "")
    one.execute("discard all")
    check("digits", lambda: ask(CHECKS["digits"][0]) == CHECKS["digits"][1] or ask(CHECKS["digits"][0]))
    check("parameter", lambda: ask("select count(*) from rd_intensity where ref_area = ? and time_period = ?", "640000", "2018") == "1")
    one.execute("set statement_timeout = 300")
    check("cut off", lambda: refused(lambda: ask(CHECKS["endless"]), "57014"))
    check("reads only", lambda: refused(lambda: one.execute(CHECKS["write"]), "25006"))
    check("no files", lambda: refused(lambda: ask(CHECKS["file"]), "42883"))


def adbc():
    import adbc_driver_flightsql.dbapi
    import pandas
    import polars

    def connect(**more):
        known = {"username": os.environ["PGUSER"], "password": os.environ["PGPASSWORD"]}
        headers = {f"adbc.flight.sql.rpc.call_header.{name.replace('_', '-')}": value for name, value in more.items()}
        return adbc_driver_flightsql.dbapi.connect("grpc://" + os.environ["HELAN_FLIGHT"], db_kwargs=known | headers, autocommit=True)

    one = connect()

    def ask(query, *values, connection=one):
        with connection.cursor() as cursor:
            cursor.execute(query, *values)
            return format(cell, "f") if hasattr(cell := cursor.fetchone()[0], "as_tuple") else str(cell)

    def told(code, work):
        try:
            return f"was answered: {work()}"
        except Exception as error:  # noqa: BLE001
            return f"({code})" in str(error) or str(error)

    def lists():
        schema = one.adbc_get_objects(depth="all", table_name_filter="figures").read_all().to_pylist()[0]["catalog_db_schemas"][0]
        table, field = schema["db_schema_tables"][0], one.adbc_get_table_schema("rd_intensity").field("value")
        found = [
            schema["db_schema_name"] == "public", (table["table_name"], table["table_type"]) == ("figures", "VIEW"),
            str(field.type) == "decimal128(38, 10)", field.metadata[b"ARROW:FLIGHT:SQL:REMARKS"].startswith(b"The ratio"),
            one.adbc_get_info()["vendor_name"] == "Helan", one.cursor().adbc_execute_schema(AS_OF).names == ["value"], len(pandas.read_sql("select * from figures limit 2", one)) == 2,
            polars.read_database(AS_OF, one)["value"].to_list() == [polars.Series([ANSWERS[0]]).cast(polars.Decimal(38, 10))[0]],
        ]
        return all(found) or found

    check("connects", lambda: ask("select 1") == "1")
    check("lists", lists)
    plain = lambda text: text.rstrip("0").rstrip(".") if "." in text and text != ANSWERS[2] else text
    check("answers", lambda: [plain(ask(query)) for query, _ in CHECKS["answers"]] == ANSWERS)
    check("as of", lambda: ask(AS_OF, connection=connect(helan_as_of=MOMENT)) == THEN)
    check("own settings", lambda: ask(AS_OF) == ANSWERS[0])
    check("digits", lambda: ask(CHECKS["digits"][0]) == CHECKS["digits"][1])
    check("parameter", lambda: ask("select count(*) from rd_intensity where ref_area = ? and time_period = ?", ("640000", "2018")) == "1")
    check("cut off", lambda: told("sql_result_limit", lambda: one.execute("select * from generate_series(1, 2000000)").fetchall()))
    check("reads only", lambda: told("sql_not_read_only", lambda: ask(CHECKS["write"])))
    check("no files", lambda: told("sql_invalid", lambda: ask(CHECKS["file"])))


globals()[sys.argv[1]]()
