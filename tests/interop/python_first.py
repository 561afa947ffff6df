"""Python commits and logs to a server that has nothing."""

import pandas as pd

from ticket import check_served, client, commit, sales

client = client()
assert client.list_branches() == ["main"]
first = commit(client)
assert first["changed"], first
again = commit(client, "once more")
assert not again["changed"] and again["commit"] == first["commit"], again

rows = sales()
assert len(rows) > 2 * 1000, "more than two requests"
last = client.log("example", "ticket_sale", rows)
assert last["body"] == {"rows": len(rows) % 1000 or 1000, "set_aside": 0}, last
check_served(client)
# Rows of the last fortnight again, in another order and in one request: nothing changes.
recent = rows[rows["at"] >= rows["at"].max() - pd.Timedelta(days=14)]
assert len(recent) > 10, "there are some"
last = client.log("example", "ticket_sale", recent[::-1], batch_size=2000)
assert last["body"] == {"rows": len(recent), "set_aside": 0}, last
check_served(client)
# Older ones are later than the source's disorder: they are set aside, and nothing changes.
old = rows[rows["at"] < rows["at"].max() - pd.Timedelta(days=14)].head(100)
last = client.log("example", "ticket_sale", old)
assert last["body"] == {"rows": 100, "set_aside": 100}, last
check_served(client)
