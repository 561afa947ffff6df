"""The ticket example's definitions, and what its sales say."""

import json
import sys
from datetime import datetime

import pandas as pd

from fennel.client import Client
from fennel.connectors import Webhook, source
from fennel.datasets import dataset, field
from fennel.featuresets import feature as F, featureset
from fennel.lib import meta

URL, TOKEN, SALES = sys.argv[1:]
example = Webhook(name="example")


@meta(owner="mohit@fennel.ai", description="One row per ticket sold.")
@source(example.endpoint("ticket_sale"), disorder="14d", cdc="upsert")
@dataset(index=True)
class Ticket:
    ticket_id: str = field(key=True)
    price: int
    at: datetime


@meta(owner="mohit@fennel.ai")
@featureset
class TicketFeatures:
    ticket_id: str
    price: int = F(Ticket.price, default=0)


def client(**options):
    return Client(URL, TOKEN, **options)


def commit(client, message="the tickets"):
    return client.commit(message, datasets=[Ticket], featuresets=[TicketFeatures])["body"]


def sales():
    with open(SALES) as file:
        rows = pd.DataFrame(json.load(file)["data"])
    rows["at"] = pd.to_datetime(rows["at"], utc=True)
    return rows


def prices(sales, ids, at=None):
    """What the tickets cost, worked out from the rows alone; None for those not sold."""
    if at is not None:
        sales = sales[sales["at"] <= at]
    latest = sales.sort_values("at").groupby("ticket_id")["price"].last()
    return [latest.get(id) for id in ids]


def check_served(client):
    """Compares what is served with the sales, which are all logged."""
    rows = sales()
    ids = sorted(set(rows["ticket_id"])) + ["nobody-sold-this"]
    frame = pd.DataFrame({"TicketFeatures.ticket_id": ids})
    expected = [0 if price is None else price for price in prices(rows, ids)]
    by_object = client.query(
        inputs=[TicketFeatures.ticket_id], outputs=[TicketFeatures.price], input_dataframe=frame
    )
    assert by_object["TicketFeatures.price"].dtype == "Int64", by_object.dtypes
    assert by_object["TicketFeatures.price"].tolist() == expected
    by_name = client.query(
        inputs=["TicketFeatures.ticket_id"], outputs=["TicketFeatures"], input_dataframe=frame
    )
    assert by_name.columns.tolist() == ["TicketFeatures.ticket_id", "TicketFeatures.price"]
    assert by_name["TicketFeatures.ticket_id"].tolist() == ids
    assert by_name["TicketFeatures.price"].tolist() == expected

    keys = pd.DataFrame({"ticket_id": ids})
    found_rows, found = client.lookup(Ticket, keys)
    assert found.tolist() == [True] * (len(ids) - 1) + [False]
    assert found_rows["price"].tolist()[:-1] == expected[:-1]
    assert found_rows["price"].isna().tolist()[-1]
    latest = rows.sort_values("at").groupby("ticket_id")["at"].last()
    assert found_rows["at"].tolist()[:-1] == [latest[id] for id in ids[:-1]]
    for at in [pd.Timestamp("2024-02-20", tz="UTC"), pd.Timestamp("2024-05-01 12:30:00.25", tz="UTC")]:
        expected = prices(rows, ids, at)
        one_column, found = client.lookup("Ticket", keys, ["price"], pd.Series([at] * len(ids)))
        assert found.tolist() == [price is not None for price in expected]
        assert [None if pd.isna(price) else int(price) for price in one_column] == expected, at

    some = client.inspect(Ticket, 7)
    assert len(some) == 7 and some["price"].dtype == "Int64", some
    whole = client.inspect(Ticket, 10_000)
    in_order = ["ticket_id", "at"]
    pd.testing.assert_frame_equal(
        whole.sort_values(in_order).reset_index(drop=True),
        rows.sort_values(in_order).reset_index(drop=True),
        check_dtype=False,
    )
