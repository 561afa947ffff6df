"""What the client does in a way of its own, and that the server bears it. Run twice, so that sets have two orders."""

import sys
from datetime import datetime, timedelta, timezone
from typing import Optional

import pandas as pd

from fennel.client import Client
from fennel.connectors import Webhook, source
from fennel.datasets import Average, Count, Dataset, dataset, field, pipeline
from fennel.dtypes import Continuous
from fennel.expr import col
from fennel.featuresets import feature as F, featureset
from fennel.lib import inputs

__owner__ = "shop@example.com"
shop = Webhook(name="shop", retention="3d")
client = Client(*sys.argv[1:3])


@source(shop.endpoint("sale"), cdc="append", disorder="14d")
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


@featureset
class Shopper:
    # Its extractor is sent before the others, and its inputs in the order of a set.
    uid: int
    name: str = F(User.name, default="nobody")
    sales: Optional[int] = F(Spent.sales)
    mean: float = F(Spent.mean, default=-1.0)
    total: float = F((col("sales").fillnull(0) * col("mean") + col("uid") * 0.0).round(2))


entities = {"datasets": [Sale, User, Spent], "featuresets": [Shopper]}
first = client.commit("first", env="prod", **entities)["body"]
if not first["changed"]:
    print("nothing is new")
    sys.exit()
assert not client.commit("again", env="prod", **entities)["body"]["changed"]

# Instants of one column have as many digits as each other, and what the client loses is lost before it is sent.
now = datetime.now(timezone.utc)
times = [now.replace(microsecond=0) - timedelta(hours=2), now.replace(microsecond=123456) - timedelta(hours=1)]
sales = pd.DataFrame({"uid": [1, 1], "amount": [0.1234567890123, 2.0], "at": times})
assert client.log("shop", "sale", sales)["body"] == {"rows": 2, "set_aside": 0}
shown = client.inspect(Sale).sort_values("at", ignore_index=True)
assert shown["at"].tolist()[1].microsecond == 123000 and shown["amount"].tolist()[0] == 0.123456789, shown

# Null and NaN, and one row beside none.
found = client.query(
    inputs=[Shopper.uid], outputs=[Shopper], input_dataframe=pd.DataFrame({"Shopper.uid": [1, 2]})
)
sales = found["Shopper.sales"].tolist()
assert sales[0] >= 2 and pd.isna(sales[1]) and found["Shopper.mean"].tolist()[1] == 0.0, found
assert found["Shopper.total"].tolist()[1] == 0.0, found
empty = client.query(
    inputs=[Shopper.uid], outputs=[Shopper.mean], input_dataframe=pd.DataFrame({"Shopper.uid": []}, dtype="Int64")
)
assert len(empty) == 0, empty
