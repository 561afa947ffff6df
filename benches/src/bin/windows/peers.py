"""Twelve aggregates as of each event, by DuckDB, Polars or Bytewax; prints what it took as JSON.

DuckDB and Polars have all events at once. Bytewax gets them as they come, keeps each user's in Python, and tells what the
aggregates are as of each event by those that came so far.
"""

import bisect
import collections
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


class Window:
    """What the events of a user come to in a window that ends with the latest."""

    def __init__(self, length):
        self.length, self.first, self.total, self.largest = length, 0, 0.0, collections.deque()

    def move(self, at, amounts):
        """Goes on to the last event."""
        since, amount = at[-1] - self.length, amounts[-1]
        self.total += amount
        while at[self.first] < since:
            self.total -= amounts[self.first]
            self.first += 1
        while self.largest and self.largest[-1][1] <= amount:
            self.largest.pop()
        self.largest.append((at[-1], amount))
        while self.largest[0][0] < since:
            self.largest.popleft()

    def answer(self, at):
        count = len(at) - self.first
        return [count, self.total, self.total / count, self.largest[0][1]]


class Kept:
    """The events of a user, by time."""

    def __init__(self):
        self.at, self.amounts = [], []
        self.windows = [Window(days * DAY) for days in DAYS]

    def add(self, at, amount):
        if not self.at or at >= self.at[-1]:
            self.at.append(at)
            self.amounts.append(amount)
            for window in self.windows:
                window.move(self.at, self.amounts)
            return [value for window in self.windows for value in window.answer(self.at)]
        # It is late: what it changes of the windows is made anew, and its own are looked through.
        place = bisect.bisect_right(self.at, at)
        self.at.insert(place, at)
        self.amounts.insert(place, amount)
        answer = []
        for window in self.windows:
            window.first += place < window.first
            if place >= window.first and at >= self.at[-1] - window.length:
                window.total += amount
                later = [event for event in window.largest if event[0] > at]
                before = [event for event in window.largest if event[0] <= at and event[1] > amount]
                keeps = not later or later[0][1] < amount
                window.largest = collections.deque(before + [(at, amount)] * keeps + later)
            seen = self.amounts[bisect.bisect_left(self.at, at - window.length):place + 1]
            answer += [len(seen), sum(seen), sum(seen) / len(seen), max(seen)]
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
