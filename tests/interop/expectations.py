"""All 21 expectations as Python declares them, asked of rows that Python logs, and told over REST."""

from datetime import datetime
from typing import Optional

import pandas as pd

from fennel.connectors import source
from fennel.datasets import dataset, field
from fennel.lib import (
    expectations,
    expect_column_pair_values_A_to_be_greater_than_B,
    expect_column_pair_values_to_be_equal,
    expect_column_pair_values_to_be_in_set,
    expect_column_value_lengths_to_be_between,
    expect_column_value_lengths_to_equal,
    expect_column_values_to_be_between,
    expect_column_values_to_be_dateutil_parseable,
    expect_column_values_to_be_in_set,
    expect_column_values_to_be_in_type_list,
    expect_column_values_to_be_json_parseable,
    expect_column_values_to_be_null,
    expect_column_values_to_be_of_type,
    expect_column_values_to_match_json_schema,
    expect_column_values_to_match_regex,
    expect_column_values_to_match_regex_list,
    expect_column_values_to_match_strftime_format,
    expect_column_values_to_not_be_in_set,
    expect_column_values_to_not_be_null,
    expect_column_values_to_not_match_regex,
    expect_column_values_to_not_match_regex_list,
    expect_multicolumn_sum_to_equal,
    meta,
)
from ticket import client, example

# Each expectation, and how many of the rows below it ignores and doesn't expect.
EXPECTED = [
    (expect_column_values_to_not_be_null(column="coupon", mostly=0.5), 0, 1),
    (expect_column_values_to_be_null(column="coupon"), 0, 3),
    (expect_column_values_to_be_of_type(column="low", type_="float64"), 0, 0),
    (expect_column_values_to_be_in_type_list(column="low", type_list=["int", "str"]), 0, 4),
    (expect_column_values_to_be_in_set(column="unit", value_set=["C", "F"]), 0, 1),
    (expect_column_values_to_not_be_in_set(column="unit", value_set=["K"], mostly=0.75), 0, 1),
    (expect_column_values_to_be_between(column="low", min_value=0, max_value=2.5, strict_min=True), 0, 2),
    (expect_column_value_lengths_to_be_between(column="coupon", min_value=2), 1, 1),
    (expect_column_value_lengths_to_equal(column="unit", value=1), 0, 0),
    (expect_column_values_to_match_regex(column="coupon", regex="^[a-z]+$"), 1, 1),
    (expect_column_values_to_not_match_regex(column="coupon", regex="[0-9]"), 1, 1),
    (expect_column_values_to_match_regex_list(column="unit", regex_list=["C", "K"]), 0, 1),
    (expect_column_values_to_not_match_regex_list(column="unit", regex_list=["X", "K"]), 0, 1),
    (expect_column_values_to_match_strftime_format(column="said", strftime_format="%Y-%m-%d"), 0, 2),
    (expect_column_values_to_be_dateutil_parseable(column="said"), 0, 1),
    (expect_column_values_to_be_json_parseable(column="note"), 0, 1),
    (expect_column_values_to_match_json_schema(column="note", json_schema={"type": "object"}), 0, 2),
    (expect_column_pair_values_to_be_equal(column_A="low", column_B="high"), 0, 3),
    (expect_column_pair_values_A_to_be_greater_than_B(column_A="high", column_B="low", or_equal=True), 0, 1),
    (expect_column_pair_values_to_be_in_set(column_A="unit", column_B="meter", value_pairs_set=[("C", "a"), ("K", "d")]), 0, 2),
    (expect_multicolumn_sum_to_equal(column_list=["low", "high"], sum_total=3), 0, 2),
]


@meta(owner="dq@example.com")
@source(example.endpoint("meters"), disorder="14d", cdc="upsert")
@dataset
class Meter:
    meter: str = field(key=True)
    low: float
    high: float
    unit: str
    coupon: Optional[str]
    said: str
    note: str
    at: datetime

    @expectations
    def expected(cls):
        return [expectation for expectation, _, _ in EXPECTED]


client = client()
client.commit("expected meters", datasets=[Meter])
rows = pd.DataFrame(
    {
        "meter": ["a", "b", "c", "d"],
        "low": [1.0, 1.5, 0.0, 3.0],
        "high": [2.0, 1.5, 2.0, 2.0],
        "unit": ["C", "F", "C", "K"],
        "coupon": ["spring", "x1", None, "y"],
        "said": ["2024-01-02", "Jan 2, 2024", "2023-02-28", "soon"],
        "note": ["{}", "[1]", '{"a": 1}', "{"],
        "at": pd.to_datetime(["2024-03-01"] * 4, utc=True),
    }
)
client.log("example", "meters", rows)
told = client._get("/api/v1/dataset/Meter/expectations")["body"]
assert told["waiting"] == 0, told
assert len(told["expectations"]) == len(EXPECTED) == 21, told
for expectation, (sent, ignored, unexpected) in zip(told["expectations"], EXPECTED):
    name = expectation["expectation"]
    window = expectation["windows"][0]
    found = (window["rows"], window["ignored"], window["unexpected"], window["skipped"])
    assert found == (4, ignored, unexpected, 0), f"{name}: {found}"
    about = 4 - ignored
    assert window["share"] == unexpected / about, expectation
    holds = (about - unexpected) / about >= expectation["mostly"]
    assert window["holds"] == holds, expectation
print("21 expectations were judged")
