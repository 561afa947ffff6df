"""Twelve aggregates as of each event, by DuckDB, Polars or Bytewax; prints what it took as JSON.

DuckDB and Polars have all events at once. Bytewax gets them as they come, keeps each user's in Python, and tells what the
aggregates are as of each event by those that came so far.
"""

import bisect
import json
import sys
import time

DAYS = (1, 7, 28)
DAY = 86_400_000_000


def memory():
    """The most bytes that this process had; 0 where the system doesn't tell."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if "VmHWM" in line)
    except OSError:
        return 0


def by_duckdb():
    import duckdb

    begin = time.perf_counter()
    duckdb.sql("CREATE TABLE events AS FROM read_csv('events.csv')")
    loaded = time.perf_counter()
    columns, windows = [], []
    for days in DAYS:
        columns += [f"{of} OVER d{days} AS {name}_{days}d" for name, of in (
            ("count", "count(*)"), ("sum", "sum(amount)"), ("average", "avg(amount)"), ("max", "max(amount)"))]
        windows.append(f"d{days} AS (PARTITION BY uid ORDER BY instant RANGE BETWEEN {days * DAY} PRECEDING AND CURRENT ROW)")
    duckdb.sql(f"CREATE TABLE answer AS SELECT event, {', '.join(columns)} FROM events WINDOW {', '.join(windows)}")
    answered = time.perf_counter()
    duckdb.sql("COPY (FROM answer ORDER BY event) TO 'duckdb.csv'")
    return loaded - begin, answered - loaded


def by_polars():
    import polars

    begin = time.perf_counter()
    events = polars.read_csv("events.csv")
    loaded = time.perf_counter()
    sorted_events = events.sort("instant")
    answer = sorted_events.sort("uid", "instant", maintain_order=True)
    amount = polars.col("amount")
    for days in DAYS:
        rolled = sorted_events.rolling(index_column="instant", period=f"{days * DAY}i", closed="both", group_by="uid").agg(
            polars.len().alias(f"count_{days}d"), amount.sum().alias(f"sum_{days}d"),
            amount.mean().alias(f"average_{days}d"), amount.max().alias(f"max_{days}d"))
        # Events of one user and time have the same answers.
        answer = answer.hstack(rolled.sort("uid", "instant").drop("uid", "instant"))
    answered = time.perf_counter()
    names = [f"{name}_{days}d" for days in DAYS for name in ("count", "sum", "average", "max")]
    answer.sort("event").select("event", *names).write_csv("polars.csv")
    return loaded - begin, answered - loaded


class Kept:
    """The events of a user, by time, of the longest window."""

    def __init__(self):
        self.at, self.amounts = [], []

    def add(self, at, amount):
        place = bisect.bisect_right(self.at, at)
        self.at.insert(place, at)
        self.amounts.insert(place, amount)
        gone = bisect.bisect_left(self.at, self.at[-1] - 29 * DAY)
        del self.at[:gone], self.amounts[:gone]
        last = bisect.bisect_right(self.at, at)
        answer = []
        for days in DAYS:
            window = self.amounts[bisect.bisect_left(self.at, at - days * DAY):last]
            total = sum(window)
            answer += [len(window), total, total / len(window), max(window)]
        return answer


def by_bytewax():
    import csv

    import bytewax.operators as op
    from bytewax.dataflow import Dataflow
    from bytewax.testing import TestingSink, TestingSource, run_main

    begin = time.perf_counter()
    with open("events.csv") as file:
        events = [(row["uid"], (int(row["instant"]), float(row["amount"]))) for row in csv.DictReader(file)]
    loaded = time.perf_counter()

    def answer(kept, event):
        kept = kept or Kept()
        return kept, kept.add(*event)

    answers = []
    flow = Dataflow("windows")
    stream = op.input("events", flow, TestingSource(events, batch_size=1_000))
    op.output("answers", op.stateful_map("answer", stream, answer), TestingSink(answers))
    run_main(flow)
    answered = time.perf_counter()
    assert len(answers) == len(events)
    return loaded - begin, answered - loaded


load, answer = {"duckdb": by_duckdb, "polars": by_polars, "bytewax": by_bytewax}[sys.argv[1]]()
print(json.dumps({"load": load, "answer": answer, "memory": memory()}))
