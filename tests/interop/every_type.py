"""A dataset of all types, which was committed from Rust: frames come back as they went."""

import sys
from datetime import date, datetime, timezone
from decimal import Decimal as Exact
from typing import Dict, List, Optional

import pandas as pd

from fennel.client import Client
from fennel.connectors import Webhook, source
from fennel.datasets import dataset, field
from fennel.dtypes import Decimal, Embedding, oneof, struct
from fennel.featuresets import feature as F, featureset
from fennel.lib import meta

lab = Webhook(name="lab")
client = Client(*sys.argv[1:3])


@struct
class Money:
    amount: float
    currency: str
    note: Optional[str]


@meta(owner="lab@example.com", description="One of each")
@source(lab.endpoint("sample"), disorder="1d", cdc="upsert")
@dataset(index=True)
class Sample:
    id: int = field(key=True)
    reading: float
    passed: bool
    name: str
    seen_at: datetime
    made_on: date
    cost: Decimal[2]
    blob: bytes
    drift: Optional[float]
    retries: Optional[int]
    flagged: Optional[bool]
    note: Optional[str]
    reviewed_at: Optional[datetime]
    reviewed_on: Optional[date]
    tags: List[str]
    counts: Dict[str, int]
    paid: Money
    refund: Optional[Money]
    payments: List[Money]
    vector: Embedding[3]
    grade: oneof(str, ["A", "B"])
    at: datetime = field(timestamp=True)


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


@meta(owner="lab@example.com")
@featureset
class SampleFeatures:
    id: int
    reading: Optional[float] = F(Sample.reading)
    passed: bool = F(Sample.passed, default=False)
    name: str = F(Sample.name, default="nobody")
    seen_at: datetime = F(Sample.seen_at, default=utc(2000, 1, 1))
    made_on: date = F(Sample.made_on, default=date(2000, 1, 1))
    cost: Decimal[2] = F(Sample.cost, default=Exact("0.50"))
    retries: int = F(Sample.retries, default=-1)
    tags: List[str] = F(Sample.tags, default=["none"])
    counts: Dict[str, int] = F(Sample.counts, default={"none": 0})
    paid: Money = F(Sample.paid, default=Money(amount=0.0, currency="EUR", note=None))
    vector: Embedding[3] = F(Sample.vector, default=[0.0, 0.0, 1.0])
    grade: oneof(str, ["A", "B"]) = F(Sample.grade, default="A")


again = client.commit("from Python", datasets=[Sample], featuresets=[SampleFeatures])["body"]
assert not again["changed"], again

BIG = 2**53 + 1  # no double
NA = pd.NA
coin = Money(amount=1.5, currency="EUR", note=NA)
note = Money(amount=20.0, currency="USD", note="torn")
# Column, what is sent, and what comes back: the same, but for what the client does to bytes.
COLUMNS = [
    ("id", [BIG, -7], None),
    ("reading", [0.1, -1e300], None),
    ("passed", [True, False], None),
    ("name", ['Zoë ☃ "quoted"\n', ""], None),
    ("seen_at", [utc(2024, 2, 29, 12, 30, 1, 123000), utc(1912, 6, 23)], None),
    ("made_on", [date(2024, 2, 29), date(1912, 6, 23)], None),
    ("cost", [Exact("12.34"), Exact("-0.01")], None),
    ("blob", [b"some bytes", b""], ["some bytes", ""]),
    ("drift", [None, 0.25], [NA, 0.25]),
    ("retries", pd.Series([None, 3], dtype="Int64"), [NA, 3]),
    ("flagged", [None, True], [NA, True]),
    ("note", [None, ""], [NA, ""]),
    ("reviewed_at", [None, utc(2024, 1, 2)], [NA, utc(2024, 1, 2)]),
    ("reviewed_on", [None, date(2024, 1, 2)], [NA, date(2024, 1, 2)]),
    ("tags", [["a", "b"], []], None),
    ("counts", [{"x": 1, "y": BIG}, {}], None),
    ("paid", [coin, note], None),
    ("refund", [None, coin], [NA, coin]),
    ("payments", [[coin, note], []], None),
    ("vector", [[1.0, 2.0, 3.5], [0.0, 0.0, -1.0]], None),
    ("grade", ["A", "B"], None),
    ("at", [utc(2024, 3, 1), utc(2024, 3, 2)], None),
]
frame = pd.DataFrame({name: sent for name, sent, _ in COLUMNS})
expected = {name: list(sent if back is None else back) for name, sent, back in COLUMNS}
logged = client.log("lab", "sample", frame)["body"]
assert logged == {"rows": 2, "set_aside": 0}, client._get("/api/v1/dataset/Sample/rejects")


def same(value, wanted):
    if wanted is NA:
        return pd.isna(value)
    if isinstance(wanted, Money):
        pairs = [(getattr(value, name), getattr(wanted, name)) for name in ["amount", "currency", "note"]]
        return all(same(*pair) for pair in pairs)
    if isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(same, value, wanted))
    if isinstance(wanted, Exact):
        return Exact(value) == wanted  # text where the client makes the column optional
    return type(value) is type(wanted) and value == wanted or value == pd.Timestamp(wanted)


def check(frame, column, wanted):
    found = frame[column].tolist()
    assert same(found, wanted), f"{column}: {found!r} is not {wanted!r}"


def of_type(frame, types):
    for column, dtype in types.items():
        assert str(frame[column].dtype) == dtype, f"{column}: {frame[column].dtype}"


keys = [BIG, -7, 8]
looked_up, found = client.lookup(Sample, pd.DataFrame({"id": keys}))
assert found.tolist() == [True, True, False]
inspected = client.inspect(Sample).sort_values("id", ascending=False, ignore_index=True)
for name, wanted in expected.items():
    check(looked_up, name, wanted + ([8] if name == "id" else [NA]))
    check(inspected, name, wanted)
TYPES = {
    "id": "Int64", "reading": "Float64", "passed": "boolean", "name": "string", "seen_at": "datetime64[ns, UTC]",
    "drift": "Float64", "retries": "Int64", "flagged": "boolean", "reviewed_at": "datetime64[ns, UTC]",
}  # fmt: skip
of_type(looked_up, TYPES)
of_type(inspected, TYPES)

queried = client.query(
    inputs=[SampleFeatures.id],
    outputs=[SampleFeatures],
    input_dataframe=pd.DataFrame({"SampleFeatures.id": keys}),
)
defaults = {
    "id": 8, "reading": NA, "passed": False, "name": "nobody", "seen_at": utc(2000, 1, 1),
    "made_on": date(2000, 1, 1), "cost": Exact("0.50"), "retries": -1, "tags": ["none"], "counts": {"none": 0},
    "paid": Money(amount=0.0, currency="EUR", note=NA), "vector": [0.0, 0.0, 1.0], "grade": "A",
}  # fmt: skip
for name, default in defaults.items():
    wanted = [default if name == "retries" and value is NA else value for value in expected[name]]
    check(queried, f"SampleFeatures.{name}", wanted + [default])
of_type(queried, {f"SampleFeatures.{name}": TYPES[name] for name in TYPES if name in defaults})
assert type(queried["SampleFeatures.cost"][0]) is Exact
