"""What an analyst's connection may and may not do, by psycopg. Prints one JSON object; the test that runs it compares."""

import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.request

import psycopg

import replay

HOST, PORT = os.environ["HELAN_POSTGRES"].rsplit(":", 1)
HTTP, TOKEN, OPERATOR = os.environ["HELAN_HTTP"], os.environ["HELAN_TOKEN"], os.environ["HELAN_OPERATOR"]
USER = TOKEN.split("_")[1]
# Never gives a row, and takes no memory.
ENDLESS = (
    "select count(*) from generate_series(1, 10000000) a cross join generate_series(1, 10000000) b"
    " where a.value + b.value < 0"
)


def connect(**more):
    given = {"host": HOST, "port": PORT, "user": USER, "password": TOKEN, "dbname": "helan", "require_auth": "scram-sha-256"}
    return psycopg.connect(autocommit=True, **{**given, **more})


def said(work):
    """The SQLSTATE of what is refused; what it gives where nothing is."""
    try:
        return work()
    except psycopg.Error as error:
        return error.sqlstate or str(error).strip().splitlines()[0]


def gauge(name):
    request = urllib.request.Request(HTTP + "/metrics", headers={"Authorization": f"Bearer {OPERATOR}"})
    for line in urllib.request.urlopen(request).read().decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])


def until(condition, what):
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    raise SystemExit(f"waited in vain: {what}")


def over_http(query):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/sql", "Accept": "application/x-ndjson"}
    answer = urllib.request.urlopen(urllib.request.Request(HTTP + "/v1/sql", query.encode(), headers))
    return answer.headers["helan-table-versions"], json.loads(answer.read().splitlines()[0], parse_float=str, parse_int=str)


def digits(one):
    query = "select count(*) as n, sum(amount) as total, min(value) as least from events"
    versions, row = over_http(query)
    here = one.execute(query).fetchone()
    binary = one.cursor(binary=True).execute(query).fetchone()
    same = [str(value) for value in here] == [str(row[name]) for name in ("n", "total", "least")] and binary == here
    return [same, one.execute("show helan.table_versions").fetchone()[0] == versions]


def attacks(one):
    """Statements that did something: none."""
    lines = open(os.path.join(os.path.dirname(__file__), "attacks.sql")).read().splitlines()
    statements = [line for line in lines if line and not line.startswith("--")]
    # Trees that are deeper than a stack, also where the text is about the catalogs.
    statements += ["select 1" + " + 1" * 15000, "select 1" + " + 1" * 15000 + " from pg_class", "select " + "(" * 9000 + "pg_x"]
    # Much to read, or to do, in few bytes.
    statements += ["declare c " + "for " * 15000, ";" * 60000 + "x", "select 1;" * 1001, "select 1" + " " * 70000]
    done = []
    for statement in statements:
        for prepare in (False, True):
            cursor = one.cursor() if prepare else psycopg.ClientCursor(one)
            try:
                cursor.execute(statement, prepare=prepare) if prepare else cursor.execute(statement)
                done.append(statement)
            except psycopg.Error as error:
                if error.sqlstate is None:
                    done.append(f"{statement}: {error}")
            if one.info.transaction_status != 0:
                one.execute("rollback")
            if one.execute("select 1").fetchone() != (1,):
                done.append(f"{statement}: no answer afterwards")
    return [len(statements) >= 60, done, os.path.exists("/tmp/helan-attack")]


def seats():
    """Five endless questions of one credential: the fifth has no place. All places are free once their clients are gone."""
    many = [connect() for _ in range(4)]
    threads = [threading.Thread(target=said, args=(lambda c=c: c.execute(ENDLESS),)) for c in many]
    [thread.start() for thread in threads]
    until(lambda: gauge("helan_sql_running") == 4, "four run")
    fifth = said(lambda: connect().execute("select 1"))
    many[0].cancel_safe()
    until(lambda: gauge("helan_sql_running") == 3, "one was cancelled")
    # Two vanish without a word, one by a reset.
    for connection in many[1:]:
        handle = socket.socket(fileno=os.dup(connection.fileno()))
        handle.shutdown(socket.SHUT_RDWR)
        handle.close()
    until(lambda: gauge("helan_sql_running") == 0, "nobody is there any more")
    [thread.join() for thread in threads]
    return [fifth, connect().execute("select 1").fetchone()[0]]


def cursors(one):
    """Rows in parts; a cursor that is left gives its place back when its time is over."""
    with one.transaction():
        cursor = one.cursor(name="parts")
        cursor.itersize = 10
        cursor.execute("select id from events where id <> %s order by id", ("nothing",))
        first = [len(cursor.fetchmany(10)), len(cursor.fetchmany(7))]
        cursor.close()
    one.execute("set statement_timeout = 300")
    one.execute("begin")
    one.execute("declare left_open cursor for " + ENDLESS.replace("count(*)", "a.value"))
    until(lambda: gauge("helan_sql_running") == 0, "its time is over")
    late = said(lambda: one.execute("fetch 1 from left_open"))
    aborted = said(lambda: one.execute("select 1"))
    one.execute("rollback")
    one.execute("reset statement_timeout")
    return [first, late, aborted]


def settings(one):
    other = connect(options="-c helan.as_of=2018-12-31 -c lc_messages=zh_CN.UTF-8")
    one.execute("set helan.as_of = '2019-08-30'")
    as_of = [c.execute("show helan.as_of").fetchone()[0] for c in (one, other)]
    before = one.execute("select count(*) from area_values").fetchone()[0]
    wrong = said(lambda: one.execute("set helan.as_of = 'last Friday'"))
    one.execute("discard all")
    after = one.execute("select count(*) from area_values").fetchone()[0]
    try:
        other.execute("select * from nothing_here")
    except psycopg.Error as error:
        chinese = [error.sqlstate, "查询" in str(error), error.diag.message_detail]
    at_start = said(lambda: connect(options="-c helan.as_of=xx")).split("FATAL:")[-1].split(":")[0].strip()
    return [as_of, before == 0, after > 0, [wrong, at_start], chinese]


def logins():
    wrong = said(lambda: connect(password=TOKEN[:-1] + ("0" if TOKEN[-1] != "0" else "1")))
    nobody = said(lambda: connect(user="nobody"))
    database = said(lambda: connect(dbname="postgres"))
    for _ in range(30):
        said(lambda: connect(password="wrong"))
    many = said(lambda: connect(password="wrong"))
    with connect() as right:
        right = right.execute("select current_user").fetchone()[0] == USER
    return [*(text.split("FATAL:")[-1].strip() if text else text for text in (wrong, nobody, database, many)), right]


def strangers():
    """What is not the protocol is told so, and counted no longer."""
    before = gauge("helan_postgres_connections")
    startup = struct.pack("!i", 3 << 16) + f"user\0{USER}\0database\0helan\0\0".encode()
    startup = struct.pack("!i", len(startup) + 4) + startup

    def told(*messages):
        with socket.create_connection((HOST, int(PORT)), 20) as stranger:
            for message in messages[:-1]:
                stranger.sendall(message)
                stranger.recv(65536)
            stranger.sendall(messages[-1])
            answer = b""
            while part := stranger.recv(65536):
                answer += part
            return b"FATAL" in answer and b"C08P01" in answer

    empty, short = b"p" + struct.pack("!i", 4), b"p" + struct.pack("!i", 25) + b"SCRAM-SHA-256\0" + struct.pack("!i", 2**31 - 1) + b"n,,"
    answers = [told(b"GET / HTTP/1.1\r\n\r\n"), told(struct.pack("!ii", 20000, 3 << 16)), told(startup, empty), told(startup, short)]
    until(lambda: gauge("helan_postgres_connections") == before, "they are gone")
    return answers


def old():
    """A credential from before SCRAM: its whole token is asked for, on this machine only or within TLS."""
    token = os.environ["HELAN_OLD"]
    given = {"user": token.split("_")[1], "password": token}
    with connect(**given, require_auth="password") as one:
        taken = one.execute("select 1").fetchone()[0]
    return [taken, said(lambda: connect(**{**given, "password": "wrong"}, require_auth="password")).split("FATAL:")[-1].strip()]


def limits(one):
    rows = said(lambda: one.execute("select * from generate_series(1, 100000)"))
    own = said(lambda: (one.execute("set statement_timeout = 100"), one.execute(ENDLESS)))
    one.execute("reset statement_timeout")
    # Longer than a message may be, as a text and as a parameter.
    long = [said(lambda: one.execute("select 1" + " " * (2 << 20))), said(lambda: one.execute("select %s", ("x" * (2 << 20),)))]
    return [rows, own, long, one.execute("select 1").fetchone()[0]]


def catalogs(one):
    docs = one.execute(
        "select c.relkind, d.description from pg_class c join pg_description d on d.objoid = c.oid and d.objsubid = 0"
        " where c.relname = any(%s)", (["figures"],)).fetchall()
    columns = one.execute("select count(*) from information_schema.columns where table_name = 'figures'").fetchone()[0]
    others = one.execute("select count(*) from pg_stat_activity").fetchone()[0]
    names = one.execute("select pg_typeof('x'::text), pg_typeof(array[1]), 'figures'::regclass::text").fetchone()
    own = one.execute("select count(*) from pg_roles where rolname = current_user").fetchone()[0]
    settings = one.execute("select count(*) from pg_show_all_settings()").fetchone()[0] > 20
    has_all = columns == len(one.execute("select * from figures limit 0").description)
    return [docs[0][0], docs[0][1].startswith("Figures"), has_all, others, list(names), own, settings]


def replays(_):
    """What tools send that cannot be had here, in short: by one protocol, rows of the catalogs only."""
    found = {path.stem: replay.replayed(path, connect, (False,), strict=False) for path in replay.FILES}
    return [sum(count for count, _ in found.values()) > 150, {tool: wrong for tool, (_, wrong) in found.items() if wrong}]


one = connect()
parts = {"digits": digits, "attacks": attacks, "cursors": cursors, "settings": settings, "limits": limits, "catalogs": catalogs, "replays": replays}
answers = {name: part(one) for name, part in parts.items()}
answers.update(seats=seats(), strangers=strangers(), old=old(), logins=logins())
json.dump(answers, sys.stdout)
