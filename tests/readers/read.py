"""Prints the count and the sum of `amount` of a Delta table as three readers see them: `reader count,sum` a line."""

import sys

import deltalake
import duckdb
import polars

path = sys.argv[1]
table = deltalake.DeltaTable(path)

frame = polars.read_delta(path)
print(f"polars {len(frame)},{frame['amount'].sum()}")

# In an object store DuckDB reads by an extension that it loads from its makers' site, which a test must not depend on.
if "://" not in path:
    files = table.file_uris()
    count, total = duckdb.execute(
        "select count(*), sum(amount) from read_parquet(?, hive_partitioning = true, union_by_name = true)", [files]
    ).fetchone()
    print(f"duckdb {count},{total}")

answer = deltalake.QueryBuilder().register("events", table).execute("select count(*) n, sum(amount) s from events")
row = polars.DataFrame(answer.read_all()).row(0)
print(f"deltalake {row[0]},{row[1]}")
