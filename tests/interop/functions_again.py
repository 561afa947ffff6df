"""What `functions.py` committed, after a restart: more rows come, and functions run as before."""

import sys
from datetime import datetime, timezone

import pandas as pd

from fennel.client import Client

client = Client(*sys.argv[1:3])
sales = pd.DataFrame(
    {"uid": [3], "amount": [0.5], "qty": [1], "raw": ["f"], "at": [datetime.now(timezone.utc).replace(microsecond=0)]}
)
assert client.log("shop", "sale", sales)["body"] == {"rows": 1, "set_aside": 0}
found = client.query(
    inputs=["Shopper.uid"],
    outputs=["Shopper.spent", "Shopper.loud"],
    input_dataframe=pd.DataFrame({"Shopper.uid": [1, 3]}),
)
assert found["Shopper.spent"].tolist() == [750, 100], found
assert found["Shopper.loud"].tolist() == ["ZOË!", "NOBODY!"], found
