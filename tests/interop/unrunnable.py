"""Definitions with Python functions, which a server refuses that can't run them. Prints why."""

from datetime import datetime

from fennel.connectors import eval, source
from fennel.datasets import Dataset, dataset, field, pipeline
from fennel.featuresets import extractor, featureset
from fennel.lib import inputs, outputs
from start import client, shop

__owner__ = "shop@example.com"


def upper(df):
    return df["raw"].str.upper()


def some(df):
    return df["amount"] > 0


def made(df):
    return df["amount"] * 2


@source(
    shop.endpoint("sale"),
    cdc="append",
    disorder="14d",
    preproc={"kind": eval(upper, schema={"raw": str})},
    where=eval(some, schema={"amount": int}),
)
@dataset
class Sale:
    uid: int
    amount: int
    kind: str
    at: datetime = field(timestamp=True)


@dataset
class Made:
    uid: int
    amount: int
    kind: str
    made: int
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def steps(cls, sale: Dataset):
        return sale.filter(some).assign("made", int, made).transform(lambda df: df)


@featureset
class Twice:
    uid: int
    twice: int

    @extractor
    @inputs("uid")
    @outputs("twice")
    def doubled(cls, ts, uid):
        return uid * 2


try:
    client.commit("with functions", datasets=[Sale, Made], featuresets=[Twice])
except Exception as error:
    print(error)
else:
    raise AssertionError("it was committed")
