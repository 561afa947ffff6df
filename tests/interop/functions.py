"""Definitions with Python functions of every kind, and what comes of the rows that they are given."""

from datetime import datetime, timedelta
from typing import List, Optional

import pandas as pd

from fennel.connectors import eval, source
from fennel.datasets import Count, Dataset, Sum, dataset, field, pipeline
from fennel.dtypes import Continuous, struct
from fennel.featuresets import extractor, feature as F, featureset
from fennel.lib import includes, inputs, outputs
from start import client, now, shop

__owner__ = "shop@example.com"


@struct
class Money:
    amount: float
    currency: str


def cents(amount):
    return round(amount * 100)


@includes(cents)
def in_cents(df):
    return df["amount"].map(cents)


def upper(df):
    return df["raw"].str.upper()


@source(
    shop.endpoint("sale"),
    cdc="append",
    disorder="14d",
    preproc={"kind": eval(upper, schema={"raw": str})},
    where=eval(lambda df: df["amount"] < 1000, schema={"amount": float}),
)
@dataset
class Sale:
    uid: int
    amount: float
    qty: Optional[int]
    kind: str
    at: datetime = field(timestamp=True)


@source(shop.endpoint("user"), cdc="upsert", disorder="14d")
@dataset(index=True)
class User:
    uid: int = field(key=True)
    name: str
    paid: Money
    at: datetime = field(timestamp=True)


@dataset(index=True)
class Spent:
    uid: int = field(key=True)
    cents: int
    sales: int
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def spending(cls, sale: Dataset):
        positive = sale.filter(lambda df: df["amount"] > 0).assign("cents", int, in_cents)
        doubled = positive.transform(
            lambda df: df.assign(cents=df["cents"] * 2)[["uid", "cents", "at"]],
            schema={"uid": int, "cents": int, "at": datetime},
        )
        return doubled.groupby("uid").aggregate(
            cents=Sum(of="cents", window=Continuous("forever")), sales=Count(window=Continuous("forever"))
        )


@featureset
class Shopper:
    uid: int
    name: str
    loud: str
    letters: int
    owed: Money
    spent: Optional[int] = F(Spent.cents)
    week_ago: Optional[int]

    @extractor(deps=[User])
    @inputs("uid")
    @outputs("name", "owed")
    def user(cls, ts: pd.Series, uid: pd.Series):
        df, found = User.lookup(ts, uid=uid)
        nothing = Money(amount=0.0, currency="EUR")
        df["owed"] = [paid if there else nothing for paid, there in zip(df["paid"], found)]
        df["name"] = df["name"].fillna("nobody")
        return df[["name", "owed"]]

    @extractor(version=2)
    @inputs("name")
    @outputs("loud", "letters")
    def shout(cls, ts: pd.Series, name: pd.Series):
        return pd.DataFrame({"loud": name.str.upper() + "!", "letters": name.str.len()})

    @extractor(deps=[Spent])
    @inputs("uid")
    @outputs("week_ago")
    def earlier(cls, ts: pd.Series, uid: pd.Series):
        df, found = Spent.lookup(ts - pd.Timedelta(days=7), uid=uid, fields=["cents"])
        return df["cents"]


entities = {"datasets": [Sale, User, Spent], "featuresets": [Shopper]}
client.commit("with functions", **entities)
again = client.commit("the same", **entities)["body"]
assert not again["changed"], again

days = [now - timedelta(days=8), now - timedelta(days=1), now - timedelta(hours=1), now, now]
sales = pd.DataFrame(
    {
        "uid": [1, 1, 2, 2, 1],
        "amount": [1.25, 2.5, -3.0, 4.75, 5000.0],
        "qty": pd.Series([1, None, 2, 3, 4], dtype="Int64"),
        "raw": ["a", "b", "c", "d", "e"],
        "at": days,
    }
)
assert client.log("shop", "sale", sales)["body"] == {"rows": 5, "set_aside": 0}
users = pd.DataFrame(
    {
        "uid": [1],
        "name": ["Zoë"],
        "paid": [Money(amount=1.5, currency="USD")],
        "at": [now - timedelta(days=1)],
    }
)
assert client.log("shop", "user", users)["body"] == {"rows": 1, "set_aside": 0}

taken = client.inspect(Sale).sort_values("at", ignore_index=True)
assert taken["kind"].tolist() == ["A", "B", "C", "D"], taken
assert taken["at"].tolist()[0] == pd.Timestamp(days[0]), taken

found = client.query(
    inputs=[Shopper.uid], outputs=[Shopper], input_dataframe=pd.DataFrame({"Shopper.uid": [1, 2, 3]})
)
expected = {
    "name": ["Zoë", "nobody", "nobody"],
    "loud": ["ZOË!", "NOBODY!", "NOBODY!"],
    "letters": [3, 6, 6],
    "spent": [750, 950, pd.NA],
    "week_ago": [250, pd.NA, pd.NA],
}
for name, wanted in expected.items():
    values = found[f"Shopper.{name}"].tolist()
    assert [pd.isna(v) or v for v in values] == [pd.isna(v) or v for v in wanted], (name, values)
owed = found["Shopper.owed"].tolist()
assert [(o.amount, o.currency) for o in owed] == [(1.5, "USD"), (0.0, "EUR"), (0.0, "EUR")], owed
