"""What an operator asks for: xray, lineage and the latest rows."""

import json
import urllib.request

import pandas as pd

from ticket import TOKEN, URL, Ticket, TicketFeatures, client, commit

client = client()
commit(client)
rows = pd.DataFrame({"ticket_id": ["a"], "price": [100], "at": [pd.Timestamp("2024-01-01", tz="UTC")]})
client.log("example", "ticket_sale", rows)

shown = client.xray()
[dataset], [featureset] = shown["datasets"], shown["featuresets"]
assert dataset["name"] == "Ticket" and dataset["version"] == 1, dataset
assert dataset["metaflags"]["description"] == "One row per ticket sold.", dataset
assert dataset["rows_ingested"] == 1 and dataset["backlog"] == 0, dataset
assert "class Ticket" in dataset["pycode"] and "class TicketFeatures" in featureset["pycode"], shown
some = client.xray(datasets=["Ticket"], fields=["name", "is_source_dataset"])
assert some == {"datasets": [{"name": "Ticket", "is_source_dataset": True}], "featuresets": []}, some
some = client.xray(featuresets="TicketFeatures", fields="lineage_tags")
assert some == {"datasets": [], "featuresets": [{"lineage_tags": []}]}, some
try:
    client.xray(datasets="Nothing")
    raise SystemExit("there is no such dataset")
except Exception as error:
    assert "404" in str(error) and "no dataset `Nothing`" in str(error), error

# This version of the client asks for the lineage and then stumbles over its own answer; the answer is there.
try:
    client.lineage()
    raise SystemExit("the client can read lineages now: use it here")
except AttributeError:
    pass
request = urllib.request.Request(f"{URL}/api/v1/lineage", headers={"Authorization": f"Bearer {TOKEN}"})
with urllib.request.urlopen(request) as answer:
    lineage = json.load(answer)
edges = [(edge["from"], edge["to"]) for edge in lineage["edges"]]
assert ("dataset:Ticket", "feature:TicketFeatures.price") in edges, edges
owners = {node["name"]: node["owner"] for node in lineage["nodes"]}
assert owners[Ticket._name] == owners[TicketFeatures._name] == "mohit@fennel.ai", owners

latest = client.inspect(Ticket, 1)
assert latest["ticket_id"].tolist() == ["a"] and latest["price"].tolist() == [100], latest
