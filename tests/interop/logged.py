"""Features that Python asks for and has logged, as the server shows them and answers them offline."""

import json
import time

import pandas as pd

from ticket import TicketFeatures, client, commit, example, sales

client = client()
commit(client)
client.log("example", "ticket_sale", sales())
ids = list(sales()["ticket_id"].unique()[:3])
frame = pd.DataFrame({"TicketFeatures.ticket_id": ids})


def ask(**options):
    return client.query(
        inputs=["TicketFeatures.ticket_id"],
        outputs=["TicketFeatures.price"],
        input_dataframe=frame,
        **options,
    )


served = ask(log=True, workflow="home page", sampling_rate=1.0)
assert list(ask()["TicketFeatures.price"]) == list(served["TicketFeatures.price"])
ask(log=True, workflow="sampled", sampling_rate=0.0)
page = client._get("/api/v1/logged?workflow=home%20page")["body"]
assert page["next"] is None, page
assert [row["inputs"]["TicketFeatures.ticket_id"] for row in page["rows"]] == ids, page
prices = [row["outputs"]["TicketFeatures.price"] for row in page["rows"]]
assert prices == list(served["TicketFeatures.price"]), page
for options, word in [({"sampling_rate": 1.5}, "sampling_rate"), ({"workflow": "x" * 300}, "workflow")]:
    try:
        ask(log=True, **options)
    except Exception as error:
        assert word in str(error), error
    else:
        raise SystemExit(f"not refused: {options}")
print(f"{len(ids)} rows were logged")
