"""Labels as of their instants over history, by DuckDB or Polars; prints what it took as JSON."""

import json
import sys
import time


def memory():
    """The most bytes that this process had; 0 where the system doesn't tell."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if "VmHWM" in line)
    except OSError:
        return 0


if sys.argv[1] == "duckdb":
    import duckdb

    begin = time.perf_counter()
    duckdb.sql("CREATE TABLE history AS FROM read_csv('history.csv')")
    duckdb.sql("CREATE TABLE labels AS FROM read_csv('labels.csv')")
    loaded = time.perf_counter()
    duckdb.sql(
        """CREATE TABLE answer AS
        SELECT label, balance, score
        FROM labels ASOF LEFT JOIN history ON labels.uid = history.uid AND labels.at >= history.at"""
    )
    answered = time.perf_counter()
    duckdb.sql("COPY (FROM answer ORDER BY label) TO 'duckdb.csv'")
else:
    import polars

    begin = time.perf_counter()
    history = polars.read_csv("history.csv")
    labels = polars.read_csv("labels.csv")
    loaded = time.perf_counter()
    answer = labels.sort("at").join_asof(
        history.sort("at"), on="at", by="uid", check_sortedness=False
    )
    answered = time.perf_counter()
    answer.sort("label").select("label", "balance", "score").write_csv("polars.csv")

print(
    json.dumps(
        {
            "load": loaded - begin,
            "answer": answered - loaded,
            "memory": memory(),
        }
    )
)
