"""Secrets: added, read, updated and deleted, and a connector that names one."""

from ticket import client

client = client()
text = "line 1\nline 2 ü"
client.add_secret("kafka", text)
assert client.get_secret("kafka") == text
try:
    client.add_secret("kafka", "again")
    raise SystemExit("there is one already")
except Exception as error:
    assert "409" in str(error) and '`client.update_secret("kafka", ..)`' in str(error), error

# This version of the client asks for both and then stumbles over the answer; they are done.
for change in [lambda: client.update_secret("kafka", "new"), lambda: client.delete_secret("kafka")]:
    try:
        change()
        raise SystemExit("the client can read the answer now: use it here")
    except TypeError:
        pass
    try:
        assert client.get_secret("kafka") == "new"
    except Exception as error:
        assert "404" in str(error) and "no secret `kafka`" in str(error), error
