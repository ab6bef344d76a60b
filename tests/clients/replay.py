"""Replays what tools that cannot be had here send: `replay/TOOL.sql`, by the simple and the extended protocol.

A statement ends with a semicolon at the end of a line. Before it may stand what is expected: `-- rows: some` or `none`,
`-- refused: SQLSTATE` where it is refused on purpose, and its parameters, `-- with: [JSON]`. Printed: tool, statements, and
those that were answered otherwise.
"""

import json
import sys
from pathlib import Path

import psycopg

FILES = sorted((Path(__file__).parent / "replay").glob("*.sql"))


def statements(path):
    told, lines = {}, []
    for line in path.read_text().splitlines():
        if line.startswith("--"):
            name, _, value = line[2:].strip().partition(": ")
            if name in ("rows", "refused", "with"):
                told[name] = value
        elif line.strip():
            lines.append(line)
            if line.endswith(";"):
                yield "\n".join(lines)[:-1], told
                told, lines = {}, []
    assert not lines, f"{path}: the last statement has no end"


def answered(one, text, told, prepares, strict):
    """What is wrong with the answer; none if it is as expected."""
    try:
        if "with" in told:
            cursor = psycopg.RawCursor(one).execute(text, json.loads(told["with"]))
        else:
            cursor = psycopg.RawCursor(one).execute(text, prepare=prepares)
        rows = len(cursor.fetchall()) if cursor.description else 0
    except psycopg.Error as error:
        # A lake that is not the demo's may have more rows than one answer takes, which is said by its SQLSTATE.
        if error.sqlstate and (error.sqlstate == told.get("refused") or not strict and error.sqlstate == "54000"):
            return None
        return f"{error.sqlstate}: {str(error).splitlines()[0]}"
    if "refused" in told:
        return f"was answered with {rows} rows, not refused"
    wanted = told.get("rows") if strict or "pg_" in text or "information_schema" in text.lower() else None
    return None if wanted is None or (wanted == "some") == (rows > 0) else f"has {rows} rows, not {wanted}"


def replayed(path, connect, protocols=(False, True), strict=True):
    """How many statements there are, and those that were not answered as expected."""
    count, failures = 0, []
    for prepares in protocols:
        one = connect()
        for text, told in statements(path):
            count += 1
            wrong = answered(one, text, told, prepares, strict)
            if wrong:
                failures.append(f"{wrong}\n        {' '.join(text.split())[:160]}")
            if one.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                one.execute("rollback")
        one.close()
    return count, failures


if __name__ == "__main__":
    named = [Path(name) for name in sys.argv[1:] if name != "--any-lake"]
    for path in named or FILES:
        count, failures = replayed(path, lambda: psycopg.connect(autocommit=True), strict="--any-lake" not in sys.argv)
        print(json.dumps([path.stem, count, failures]))
