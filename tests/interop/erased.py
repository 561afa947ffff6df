"""Somebody is erased, and comes back."""

from datetime import datetime

import pandas as pd
from fennel.connectors import Webhook, source
from fennel.datasets import dataset, field
from fennel.lib import meta

from ticket import client

webhook = Webhook(name="shop")


@source(webhook.endpoint("user"), disorder="14d", cdc="upsert")
@dataset(index=True)
@meta(owner="team@example.com")
class User:
    uid: int = field(key=True, erase_key=True)
    tenant: str = field(key=True, erase_key=True)
    city: str
    at: datetime = field(timestamp=True)


client = client()
client.commit(message="users that can be erased", datasets=[User])
at = pd.Timestamp("2024-01-01", tz="UTC")
rows = pd.DataFrame(
    {"uid": [1, 1, 2], "tenant": ["a", "b", "a"], "city": ["rome", "oslo", "lima"], "at": [at, at, at]}
)


def found():
    keys = pd.DataFrame({"uid": [1, 1, 2], "tenant": ["a", "b", "a"]})
    return client.lookup(User, keys)[1].tolist()


client.log("shop", "user", rows)
assert found() == [True, True, True], found()
answer = client.erase(User, erase_keys=pd.DataFrame({"uid": [1], "tenant": ["a"]}))
assert answer["status_code"] == 200 and answer["body"] == {"rows": 1}, answer
assert found() == [False, True, True], found()
answer = client.erase(User, erase_keys=pd.DataFrame({"uid": [9], "tenant": ["a"]}))
assert answer["body"] == {"rows": 0}, answer
client.log("shop", "user", rows[:1])
assert found() == [True, True, True], found()

for keys, expected in [
    ({"uid": ["one"], "tenant": ["a"]}, "erase key 0, `uid`: expected a whole number"),
    ({"uid": [1]}, "erase key 0 has no `tenant`"),
]:
    try:
        client.erase(User, erase_keys=pd.DataFrame(keys))
        raise SystemExit(f"{keys} are no erase keys")
    except Exception as error:
        assert expected in str(error), error
