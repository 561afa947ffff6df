"""Nested and restricted types come back as they went, by each way to read them. Where the client can't read or declare
one itself, what the server answers is what it should be, and the client's failure is its own."""

import json
import sys
import urllib.request
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal as Exact
from typing import Dict, List, Optional

import pandas as pd

from fennel.connectors import source
from fennel.datasets import dataset, field
from fennel.dtypes import Decimal, Embedding, between, oneof, regex, struct
from fennel.featuresets import feature as F, featureset
from start import client, now, shop

URL, TOKEN = sys.argv[1:3]
__owner__ = "shop@example.com"


@struct
class Place:
    street: str
    number: Optional[int]
    since: Optional[datetime]


@struct
class Money:
    amount: float
    currency: oneof(str, ["EUR", "USD"])
    place: Place


@struct
class Priced:
    price: Decimal[2]


@source(shop.endpoint("nested"), cdc="upsert", disorder="1d")
@dataset(index=True)
class Nested:
    id: int = field(key=True)
    place: Place
    money: Money
    maybe: Optional[Place]
    places: List[Place]
    grid: List[List[Place]]
    by_name: Dict[str, Place]
    lists: Dict[str, List[float]]
    maps: Dict[str, Dict[str, int]]
    holes: List[Optional[int]]
    no_list: Optional[List[str]]
    bools: List[bool]
    times: List[datetime]
    days: List[date]
    vector: Embedding[2]
    vectors: List[Embedding[2]]
    no_vector: Optional[Embedding[2]]
    blob: bytes
    day: date
    no_day: Optional[date]
    utc: datetime
    zoned: datetime
    naive: datetime
    at: datetime = field(timestamp=True)


@featureset
class NestedFeatures:
    id: int
    place: Optional[Place] = F(Nested.place)
    money: Optional[Money] = F(Nested.money)
    maybe: Optional[Place] = F(Nested.maybe)
    places: Optional[List[Place]] = F(Nested.places)
    grid: Optional[List[List[Place]]] = F(Nested.grid)
    by_name: Optional[Dict[str, Place]] = F(Nested.by_name)
    lists: Optional[Dict[str, List[float]]] = F(Nested.lists)
    maps: Optional[Dict[str, Dict[str, int]]] = F(Nested.maps)
    holes: Optional[List[Optional[int]]] = F(Nested.holes)
    no_list: Optional[List[str]] = F(Nested.no_list)
    bools: Optional[List[bool]] = F(Nested.bools)
    times: Optional[List[datetime]] = F(Nested.times)
    days: Optional[List[date]] = F(Nested.days)
    vector: Optional[Embedding[2]] = F(Nested.vector)
    vectors: Optional[List[Embedding[2]]] = F(Nested.vectors)
    no_vector: Optional[Embedding[2]] = F(Nested.no_vector)
    blob: Optional[bytes] = F(Nested.blob)
    day: Optional[date] = F(Nested.day)
    no_day: Optional[date] = F(Nested.no_day)
    utc: Optional[datetime] = F(Nested.utc)
    zoned: Optional[datetime] = F(Nested.zoned)
    naive: Optional[datetime] = F(Nested.naive)


@source(shop.endpoint("strict"), cdc="upsert", disorder="1d")
@dataset(index=True)
class Strict:
    id: int = field(key=True)
    percent: between(int, 0, 100)
    share: between(float, 0, 1, strict_min=True)
    level: oneof(int, [1, 2, 3])
    kind: oneof(str, ["a", "b"])
    code: regex("[A-Z]{3}")
    cost: Decimal[2]
    at: datetime = field(timestamp=True)


# The client can't make an optional of a restricted type or a decimal, which `Optional` has to hash. So these have defaults.
@featureset
class StrictFeatures:
    id: int
    percent: between(int, 0, 100) = F(Strict.percent, default=50)
    share: between(float, 0, 1, strict_min=True) = F(Strict.share, default=0.5)
    level: oneof(int, [1, 2, 3]) = F(Strict.level, default=2)
    kind: oneof(str, ["a", "b"]) = F(Strict.kind, default="b")
    code: regex("[A-Z]{3}") = F(Strict.code, default="ZZZ")
    cost: Decimal[2] = F(Strict.cost, default=Exact("0.10"))


# What the client sends and can't read, or not by each way.
@source(shop.endpoint("unread"), cdc="upsert", disorder="1d")
@dataset(index=True)
class Unread:
    id: int = field(key=True)
    codes: List[regex("[A-Z]{3}")]
    shares: List[between(float, 0, 1)]
    levels: Dict[str, oneof(int, [1, 2])]
    costs: List[Decimal[2]]
    priced: Priced
    by_name: Dict[str, Decimal[3]]
    at: datetime = field(timestamp=True)


@featureset
class UnreadFeatures:
    id: int
    codes: List[regex("[A-Z]{3}")] = F(Unread.codes, default=[])
    shares: List[between(float, 0, 1)] = F(Unread.shares, default=[])
    levels: Dict[str, oneof(int, [1, 2])] = F(Unread.levels, default={})
    priced: Optional[Priced] = F(Unread.priced)


client.commit("types", datasets=[Nested, Strict, Unread], featuresets=[NestedFeatures, StrictFeatures, UnreadFeatures])

NA = pd.NA
noon = datetime(2024, 2, 29, 12, 30, 1, tzinfo=timezone.utc)
main = Place(street="Main", number=2**53 + 1, since=noon)
side = Place(street="Side", number=NA, since=NA)
money = Money(amount=1.5, currency="EUR", place=side)
leap, old = date(2024, 2, 29), date(1912, 6, 23)
# Column, what is sent, and what comes back where that is another.
NESTED = {
    "place": ([main, side], None),
    "money": ([money, Money(amount=-0.25, currency="USD", place=main)], None),
    "maybe": ([None, main], [NA, main]),
    "places": ([[main, side], []], None),
    "grid": ([[[main], [], [side, main]], []], None),
    "by_name": ([{"a": main, "b": side}, {}], None),
    "lists": ([{"x": [1.0, 2.5]}, {"y": []}], None),
    "maps": ([{"a": {"b": 2**53 + 1}}, {}], None),
    "holes": ([[1, None, 3], []], [[1, NA, 3], []]),
    "no_list": ([None, ["a"]], [NA, ["a"]]),
    "bools": ([[True, False], []], None),
    "times": ([[noon, noon], []], None),
    "days": ([[leap, old], []], [["2024-02-29", "1912-06-23"], []]),  # the client leaves them texts
    "vector": ([[1.0, 2.0], [0.5, -1.0]], None),
    "vectors": ([[[1.0, 2.0]], []], None),
    "no_vector": ([None, [1.0, 2.0]], [NA, [1.0, 2.0]]),
    "blob": ([b"bytes", b""], ["bytes", ""]),  # the client leaves them texts
    "day": ([leap, old], None),
    "no_day": ([None, leap], [NA, leap]),
    "utc": ([noon, noon], None),
    "zoned": ([noon.astimezone(timezone(timedelta(hours=-7)))] * 2, [noon] * 2),
    "naive": ([noon.replace(tzinfo=None)] * 2, [noon] * 2),
}
STRICT = {
    "percent": ([0, 100], None),
    "share": ([0.25, 1.0], None),
    "level": ([1, 3], None),
    "kind": (["a", "b"], None),
    "code": (["ABC", "XYZ"], None),
    "cost": ([Exact("12.34"), Exact("-0.01")], None),
}
UNREAD = {
    "codes": ([["ABC"], []], None),
    "shares": ([[0.0, 1.0], []], None),
    "levels": ([{"a": 1}, {}], None),
    "costs": ([[Exact("1.10")], []], [["1.10"], []]),
    "priced": ([Priced(price=Exact("1.10")), Priced(price=Exact("-2.05"))], [{"price": "1.10"}, {"price": "-2.05"}]),
    "by_name": ([{"a": Exact("1.125")}, {}], [{"a": "1.125"}, {}]),
}


def log(endpoint, columns):
    rows = pd.DataFrame({"id": [1, 2], **{name: sent for name, (sent, _) in columns.items()}, "at": [now, now]})
    logged = client.log("shop", endpoint, rows)["body"]
    assert logged == {"rows": 2, "set_aside": 0}, (endpoint, logged)


log("nested", NESTED)
log("strict", STRICT)
log("unread", UNREAD)


def same(value, wanted):
    if wanted is NA:
        return pd.isna(value)
    if isinstance(wanted, (Place, Money)):
        return type(value) is type(wanted) and all(same(getattr(value, name), of) for name, of in vars(wanted).items())
    if isinstance(wanted, list):
        return isinstance(value, list) and len(value) == len(wanted) and all(map(same, value, wanted))
    if isinstance(wanted, dict):
        return isinstance(value, dict) and value.keys() == wanted.keys() and all(same(value[k], wanted[k]) for k in wanted)
    if isinstance(wanted, datetime):
        return value == wanted and value.utcoffset() == timedelta(0)
    return type(value) is type(wanted) and value == wanted


def check(frame, prefix, columns, unknown):
    """Both rows, and behind them what is there of a key that isn't."""
    for name, (sent, back) in columns.items():
        found = frame[f"{prefix}{name}"].tolist()
        wanted = (sent if back is None else back) + unknown(name)
        assert same(found, wanted), f"{prefix}{name}: {found!r} is not {wanted!r}"


none, null = lambda name: [], lambda name: [NA]
keys = pd.DataFrame({"id": [1, 2, 3]})
check(client.inspect(Nested).sort_values("id"), "", NESTED, none)
check(client.lookup(Nested, keys)[0], "", NESTED, null)
asked = lambda name: pd.DataFrame({f"{name}.id": [1, 2, 3]})
features = client.query(
    inputs=[NestedFeatures.id], outputs=[NestedFeatures], input_dataframe=asked("NestedFeatures")
)
check(features, "NestedFeatures.", NESTED, null)

check(client.inspect(Strict).sort_values("id"), "", STRICT, none)
found = client.lookup(Strict, keys)[0]
texts = [str(cost) for cost in STRICT["cost"][0]]  # the client can't make the column one of decimals
check(found, "", {**STRICT, "cost": (texts, None)}, null)
types = {"percent": "Int64", "share": "Float64", "level": "Int64", "kind": "string", "code": "string"}
assert {name: str(found[name].dtype) for name in types} == types, found.dtypes
defaults = {"percent": 50, "share": 0.5, "level": 2, "kind": "b", "code": "ZZZ", "cost": Exact("0.10")}
features = client.query(
    inputs=[StrictFeatures.id], outputs=[StrictFeatures], input_dataframe=asked("StrictFeatures")
)
check(features, "StrictFeatures.", STRICT, lambda name: [defaults[name]])


# Features of these types without an optional can be read; and this is where the client fails, and what it was answered.
readable = {name: UNREAD[name] for name in ["codes", "shares", "levels"]}
features = client.query(
    inputs=[UnreadFeatures.id],
    outputs=[UnreadFeatures.codes, UnreadFeatures.shares, UnreadFeatures.levels],
    input_dataframe=asked("UnreadFeatures"),
)
check(features, "UnreadFeatures.", readable, lambda name: [{}] if name == "levels" else [[]])


def fails(call, of):
    """It is the client that raises, and not for an answer that isn't 200."""
    try:
        answer = call()
    except TypeError as error:
        assert of in str(error), error
    else:
        raise AssertionError(f"the client can do this now: use it above\n{answer}")


fails(lambda: Optional[between(int, 0, 1)], "unhashable type")
fails(lambda: Optional[Decimal[2]], "unhashable type")
fails(lambda: client.lookup(Unread, keys), "unhashable type")
fails(lambda: client.inspect(Unread), "Expected decimal or float, got `str`")
priced = lambda: client.query(
    inputs=[UnreadFeatures.id], outputs=[UnreadFeatures.priced], input_dataframe=asked("UnreadFeatures")
)
fails(priced, "Expected decimal or float, got `str`")


def rest(path, body=None):
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    body = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{URL}/api/v1/{path}", body, headers)) as answer:
        return json.load(answer)


expected = {name: sent if back is None else back for name, (sent, back) in UNREAD.items()}
looked_up = rest("dataset/Unread/lookup", {"keys": [{"id": 1}, {"id": 2}, {"id": 3}], "fields": list(UNREAD)})
assert looked_up == {
    "found": [True, True, False],
    "data": {name: values + [None] for name, values in expected.items()},
}, looked_up
inspected = rest("dataset/Unread/inspect")
order = sorted(range(2), key=lambda row: inspected["id"][row])
assert {name: [inspected[name][row] for row in order] for name in UNREAD} == expected, inspected
queried = {"inputs": ["UnreadFeatures.id"], "outputs": ["UnreadFeatures.priced"], "data": {"UnreadFeatures.id": [1, 3]}}
assert rest("query", queried) == {"UnreadFeatures.priced": [{"price": "1.10"}, None]}

# One column alone is what was answered, by the client too.
for name, values in expected.items():
    column = client.lookup(Unread, pd.DataFrame({"id": [1, 2]}), [name])[0].tolist()
    assert column == values, (name, column)
