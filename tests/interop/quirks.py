"""What the client does in a way of its own, and that the server bears it. Run twice, so that sets have two orders."""

import sys
from datetime import datetime, timedelta
from typing import Optional

import pandas as pd

from fennel.connectors import MySQL, Webhook, source
from fennel.datasets import Average, Count, Dataset, dataset, field, pipeline
from fennel.dtypes import Continuous, Tumbling, Window
from fennel.expr import col
from fennel.featuresets import feature as F, featureset
from fennel.lib import inputs
from start import client, now

__owner__ = "shop@example.com"
shop = Webhook(name="shop", retention="3d")


# Of a webhook's source, since and until aren't sent.
@source(shop.endpoint("sale"), cdc="append", disorder="14d", since=now + timedelta(days=1))
@dataset(history="90d")
class Sale:
    uid: int
    amount: float
    at: datetime = field(timestamp=True)


@source(shop.endpoint("user"), cdc="upsert", disorder="14d")
@dataset(index=True)
class User:
    uid: int = field(key=True)
    name: str
    at: datetime = field(timestamp=True)


@dataset(index=True)
class Spent:
    uid: int = field(key=True)
    sales: int
    mean: float
    at: datetime = field(timestamp=True)

    # Its operators are sent whatever the env is, and only the pipeline is not.
    @pipeline(env="dev")
    @inputs(Sale)
    def in_dev(cls, sale: Dataset):
        all_day = sale.filter(col("amount") > 0.0).groupby("uid")
        return all_day.aggregate(
            sales=Count(window=Continuous("1d")), mean=Average(of="amount", window=Continuous("1d"))
        )

    @pipeline(env="prod")
    @inputs(Sale)
    def in_prod(cls, sale: Dataset):
        return sale.groupby("uid").aggregate(
            sales=Count(window=Continuous("forever")), mean=Average(of="amount", window=Continuous("forever"))
        )


# All that is sent of a group with a window is the window.
@dataset(index=True)
class Hour:
    uid: int = field(key=True)
    window: Window = field(key=True)
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def some(cls, sale: Dataset):
        return sale.groupby("uid", window=Tumbling("1h")).aggregate()


# A pipeline is signed with its name alone, and both steps have one id, for which the brackets don't count.
@dataset
class Inside:
    uid: int
    amount: float
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def some(cls, sale: Dataset):
        return sale.filter((col("amount") + col("uid")) * 2.0 > 5.0)


@dataset
class Outside:
    uid: int
    amount: float
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def some(cls, sale: Dataset):
        return sale.filter(col("amount") + col("uid") * 2.0 > 5.0)


# Of two steps of one pipeline that have one id, it sends one and names it twice.
@dataset
class Twice:
    uid: int
    amount: float
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def some(cls, sale: Dataset):
        inside = sale.filter((col("amount") + col("uid")) * 2.0 > 5.0)
        return inside + sale.filter(col("amount") + col("uid") * 2.0 > 5.0)


# Another webhook of that name, which is equal to the first: it is sent once.
@source(Webhook(name="shop", retention="3d").endpoint("user"), cdc="upsert", disorder="14d")
@dataset(index=True)
class Member:
    uid: int = field(key=True)
    at: datetime = field(timestamp=True)


@featureset
class Shopper:
    # Its extractor is sent before the others, and its inputs in the order of a set.
    uid: int
    name: str = F(User.name, default="nobody")
    sales: Optional[int] = F(Spent.sales)
    mean: float = F(Spent.mean, default=-1.0)
    total: float = F((col("sales").fillnull(0) * col("mean") + col("uid") * 0.0).round(2))


@featureset
class Visitor:
    # A lookup without a default is sent with the text null for one, and an alias with nothing.
    uid: int = F(Shopper.uid)
    called: Optional[str] = F(User.name)
    bought: Optional[int] = F(Shopper.sales)


entities = {"datasets": [Sale, User, Spent, Hour, Inside, Outside, Twice, Member], "featuresets": [Shopper, Visitor]}
first = client.commit("first", env="prod", **entities)
# The client looks for this very name and value.
assert first["headers"]["content-type"] == "application/json", first["headers"]
if not first["body"]["changed"]:
    print("nothing is new")
    sys.exit()
assert not client.commit("again", env="prod", **entities)["body"]["changed"]

# Instants of one column have as many digits as each other, and what the client loses is lost before it is sent.
times = [now - timedelta(hours=2), now.replace(microsecond=123456) - timedelta(hours=1)]
sales = pd.DataFrame({"uid": [1, 1], "amount": [0.1234567890123, 2.0], "at": times})
logged = client.log("shop", "sale", sales)
assert logged["headers"]["content-type"] == "application/json", logged["headers"]
assert logged["body"] == {"rows": 2, "set_aside": 0}, logged
shown = client.inspect(Sale).sort_values("at", ignore_index=True)
assert shown["at"].tolist()[1].microsecond == 123000 and shown["amount"].tolist()[0] == 0.123456789, shown
assert client.inspect(Inside)["amount"].tolist() == [2.0]
assert client.inspect(Outside)["amount"].tolist() == []
assert client.inspect(Twice)["amount"].tolist() == [2.0, 2.0], "what was sent is done"
hours = client.inspect(Hour)["window"].tolist()
assert len(hours) == 2, hours
users = pd.DataFrame({"uid": [1], "name": ["Zoë"], "at": [now]})
assert client.log("shop", "user", users)["body"] == {"rows": 1, "set_aside": 0}
assert client.inspect(Member)["uid"].tolist() == [1]

# Null and NaN, and one row beside none.
found = client.query(
    inputs=[Shopper.uid], outputs=[Shopper, Visitor], input_dataframe=pd.DataFrame({"Shopper.uid": [1, 2]})
)
sales = found["Shopper.sales"].tolist()
assert sales[0] >= 2 and pd.isna(sales[1]) and found["Shopper.mean"].tolist()[1] == 0.0, found
assert found["Shopper.total"].tolist()[1] == 0.0, found
assert found["Visitor.called"].tolist()[0] == "Zoë" and pd.isna(found["Visitor.called"].tolist()[1]), found
assert found["Visitor.bought"].tolist()[0] == sales[0] and pd.isna(found["Visitor.bought"].tolist()[1]), found
empty = client.query(
    inputs=[Shopper.uid], outputs=[Shopper.mean], input_dataframe=pd.DataFrame({"Shopper.uid": []}, dtype="Int64")
)
assert len(empty) == 0, empty

# History is sent twice, by two names.
[shown] = client.xray(datasets="Sale", fields=["history", "retention"])["datasets"]
assert shown["history"] == shown["retention"], shown


def refusal(dataset):
    try:
        return f"not refused: {client.commit('refused', datasets=[dataset], incremental=True)['body']}"
    except Exception as error:
        return str(error)


# What the name that a pipeline is signed with doesn't show is seen.
def another(condition):
    @dataset
    class Inside:
        uid: int
        amount: float
        at: datetime = field(timestamp=True)

        @pipeline
        @inputs(Sale)
        def some(cls, sale: Dataset):
            return sale.filter(condition)

    return Inside


said = refusal(another(col("amount") > 5.0))
assert said.startswith("Server returned: 409") and "dataset `Inside`" in said and "version = 2" in said, said


# Columns to be aggregated in a window, which aren't sent.
@dataset(index=True)
class Counted:
    uid: int = field(key=True)
    window: Window = field(key=True)
    sales: int
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def counted(cls, sale: Dataset):
        return sale.groupby("uid", window=Tumbling("1h")).aggregate(sales=Count())


said = refusal(Counted)
assert said.startswith("Server returned: 400") and "`sales`" in said, said


# A database by its name is sent as one with nothing in it.
@source(MySQL.get(name="prod").table("users", cursor="at"), cdc="upsert", disorder="14d")
@dataset(index=True)
class Elsewhere:
    uid: int = field(key=True)
    at: datetime = field(timestamp=True)


said = refusal(Elsewhere)
assert said.startswith("Server returned: 400") and "dataset `Elsewhere.prod`" in said and "MySQL" in said, said
