"""Python finds what `sync` committed, and the rows that were logged to it."""

from ticket import check_served, client, commit

client = client()
again = commit(client)
assert not again["changed"], again
assert [entity["change"] for entity in again["diff"]["entities"]] == ["unchanged"] * 2, again
check_served(client)
