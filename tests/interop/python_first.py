"""Python commits and logs to a server that has nothing."""

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
# The same rows again, in another order and in larger requests: nothing changes.
last = client.log("example", "ticket_sale", rows[::-1], batch_size=2000)
assert last["body"] == {"rows": len(rows) - 2000, "set_aside": 0}, last
check_served(client)
