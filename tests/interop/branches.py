"""Branches: listed, made, and apart in all but what is logged."""

import pandas as pd

from ticket import Ticket, client, commit

client = client()
assert client.list_branches() == ["main"]
client.init_branch("dev/tickets-2")
assert client.branch() == "dev/tickets-2"
client.checkout("staging", init=True)
assert client.list_branches() == ["dev/tickets-2", "main", "staging"]

commit(client)
rows = pd.DataFrame({"ticket_id": ["a"], "price": [100], "at": [pd.Timestamp("2024-01-01", tz="UTC")]})
client.log("example", "ticket_sale", rows)
keys = pd.DataFrame({"ticket_id": ["a", "b"]})
assert client.lookup(Ticket, keys)[1].tolist() == [True, False]

client.checkout("main")
try:
    client.lookup(Ticket, keys)
    raise SystemExit("main has no datasets yet")
except Exception as error:
    assert "404" in str(error) and "no dataset `Ticket`" in str(error), error

# A webhook is the deployment's: main has the rows that were logged before it had the dataset, and both get more.
assert commit(client)["changed"]
assert client.lookup(Ticket, keys)[1].tolist() == [True, False]
client.log("example", "ticket_sale", rows.assign(ticket_id="b"))
for branch in ["main", "staging"]:
    client.checkout(branch)
    assert client.lookup(Ticket, keys)[1].tolist() == [True, True], branch
client.checkout("dev/tickets-2")
assert client.commit("nothing", datasets=[], featuresets=[])["body"]["changed"] is False

# A clone begins as its base, data included, and a branch that is deleted is gone.
client.clone_branch("copy", "staging")
assert client.branch() == "copy"
assert client.lookup(Ticket, keys)[1].tolist() == [True, True]
client.delete_branch("copy")
assert client.branch() == "main"
assert client.list_branches() == ["dev/tickets-2", "main", "staging"]
