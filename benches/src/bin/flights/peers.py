"""Features of flights as of their scheduled departures, by DuckDB or Polars; prints what it took as JSON."""

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


TABLES = ["flights", "departures", "weather"]
WINDOWS = {"hour": 3_600_000_000, "day": 86_400_000_000, "week": 604_800_000_000}
COLUMNS = [f"{by}_{name}" for by in ["carrier", "origin"] for name in WINDOWS]
COLUMNS += ["temp", "wind_speed", "visib"]

if sys.argv[1] == "duckdb":
    import duckdb

    begin = time.perf_counter()
    for table in TABLES:
        duckdb.sql(f"CREATE TABLE {table} AS FROM read_csv('{table}.csv')")
    loaded = time.perf_counter()

    def delays(by, mean):
        means = ", ".join(
            f"""coalesce({mean.replace("OVER", f"OVER {name}")}, 0) AS {by}_{name}"""
            for name in WINDOWS
        )
        windows = ", ".join(
            f"""{name} AS (PARTITION BY {by} ORDER BY "at"
            RANGE BETWEEN {window} PRECEDING AND CURRENT ROW)"""
            for name, window in WINDOWS.items()
        )
        return f"""SELECT * FROM (
            SELECT flight, {means} FROM (
                SELECT flight, {by}, "at", NULL AS delay FROM flights
                UNION ALL SELECT NULL, {by}, "at", delay FROM departures
            ) WINDOW {windows}
        ) WHERE flight IS NOT NULL"""

    def features(mean):
        return f"""SELECT flight, {", ".join(COLUMNS)}
            FROM flights
            ASOF LEFT JOIN weather ON flights.origin = weather.origin AND flights.at >= weather.at
            JOIN ({delays("carrier", mean)}) USING (flight)
            JOIN ({delays("origin", mean)}) USING (flight)"""

    duckdb.sql(f"CREATE TABLE answer AS {features('avg(delay) OVER')}")
    answered = time.perf_counter()
    # `avg` rounds twice, so the last bit may be another. The quotient is rounded once.
    exact = features("sum(delay) OVER / count(delay) OVER")
    duckdb.sql(f"COPY ({exact} ORDER BY flight) TO 'duckdb.csv'")
else:
    import polars
    from polars import col

    begin = time.perf_counter()
    flights, departures, weather = (polars.read_csv(f"{table}.csv") for table in TABLES)
    loaded = time.perf_counter()

    zero, none = polars.lit(0, polars.Int64), polars.lit(None, polars.Int64)

    def delays(by):
        both = polars.concat(
            [
                flights.select("flight", by, "at", delay=zero, departed=zero),
                departures.select(none.alias("flight"), by, "at", "delay", departed=zero + 1),
            ]
        ).sort("at")

        def total(column, window):
            return col(column).rolling_sum_by("at", f"{window}i", closed="both").over(by)

        means = {
            f"{by}_{name}": (total("delay", window) / total("departed", window)).fill_nan(0.0)
            for name, window in WINDOWS.items()
        }
        return both.with_columns(**means).drop_nulls("flight").select("flight", *means)

    answer = (
        flights.join_asof(weather, on="at", by="origin", check_sortedness=False)
        .join(delays("carrier"), on="flight")
        .join(delays("origin"), on="flight")
        .select("flight", *COLUMNS)
    )
    answered = time.perf_counter()
    answer.sort("flight").write_csv("polars.csv")

print(
    json.dumps(
        {
            "load": loaded - begin,
            "answer": answered - loaded,
            "memory": memory(),
        }
    )
)
