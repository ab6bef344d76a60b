"""What DuckDB takes for questions about a lake's events: `answers.py LAKE DAY`, a line each: name, rows, CPU seconds.

Sums and a largest id are asked for, so that nothing is left out as unused.

The same questions as `cargo run --example benches -- answers` asks Helan, over the same files, on two threads.
"""

import resource
import sys

import duckdb
from deltalake import DeltaTable

lake, day = sys.argv[1], sys.argv[2]
files = DeltaTable(f"{lake}/events").file_uris()
db = duckdb.connect()
db.execute("set threads = 2")
db.execute("set timezone = 'UTC'")

NEWEST = """
    select ref_area, indicator, time_period,
        arg_max(amount, (known_at, recorded_at, "offset", "index")) as amount,
        arg_max(id, (known_at, recorded_at, "offset", "index")) as id
    from read_parquet($files)
    where type = 'helan.observation.reported.v1' and known_at <= {moment}
    group by ref_area, indicator, time_period
"""
QUESTIONS = {
    "observations": f"select count(*), sum(amount), max(id) from ({NEWEST.format(moment='now()')})",
    "observations, past T": f"select count(*), sum(amount), max(id) from ({NEWEST.format(moment=f'''timestamptz '{day} 16:00:00Z' ''')})",
    "sums by area, indicator, year": f"""
        select count(*), sum(amount) from (
            select ref_area, indicator, substr(time_period, 1, 4) as year, sum(amount) as amount
            from ({NEWEST.format(moment="now()")}) group by all
        )""",
}


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


for name, question in QUESTIONS.items():
    before = cpu()
    rows = db.execute(question, {"files": files}).fetchone()[0]
    print(f"{name}\t{rows}\t{cpu() - before:.2f}")
