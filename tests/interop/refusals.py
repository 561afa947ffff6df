"""What the client's users read when something is wrong."""

from datetime import datetime
from typing import Optional

import pandas as pd

from fennel.client import Client
from fennel.connectors import source
from fennel.datasets import dataset, field
from fennel.lib import meta
from ticket import TOKEN, URL, Ticket, TicketFeatures, client, commit, example

client = client()


def refused(status, call, *words):
    try:
        answer = call()
    except Exception as error:
        text = str(error)
        assert text.startswith(f"Server returned: {status}, : "), text
        for word in words:
            assert word in text, f"no {word!r} in: {text}"
        assert TOKEN not in text, text
        return
    raise SystemExit(f"not refused: {answer}")


def query(output, inputs="TicketFeatures.ticket_id"):
    return client.query(inputs=[inputs], outputs=[output], input_dataframe=pd.DataFrame({inputs: ["a"]}))


preview = client.commit("p", datasets=[Ticket], featuresets=[TicketFeatures], preview=True)["body"]
assert preview["changed"] and preview["commit"] is None, preview
assert commit(client)["changed"], "the preview changed nothing"
rows = pd.DataFrame({"ticket_id": ["a"], "price": [100], "at": [pd.Timestamp("2024-01-01", tz="UTC")]})
keys = pd.DataFrame({"ticket_id": ["a"]})

# Names that are not there: what there is is named.
refused(404, lambda: client.log("example", "ticket_sell", rows), "`ticket_sell`", "`ticket_sale`")
refused(404, lambda: client.log("sample", "ticket_sale", rows), "no webhook `sample`", "`example`")
refused(404, lambda: query("TicketFeatures.prize"), "`TicketFeatures.prize`", "`TicketFeatures.price`")
refused(404, lambda: query("Features"), "no featureset `Features`", "`TicketFeatures`")
refused(404, lambda: client.lookup("Tikket", keys), "no dataset `Tikket`", "`Ticket`")
refused(404, lambda: client.inspect("Tikket"), "no dataset `Tikket`", "`Ticket`")
refused(404, lambda: Client(URL, TOKEN, "nowhere").inspect("Ticket"), "no branch `nowhere`", "`main`")
refused(404, lambda: commit(Client(URL, TOKEN, "nowhere")), "no branch `nowhere`", "`main`")

# Tokens.
refused(401, lambda: Client(URL, "guess-the-token-of-it").list_branches(), "token is not valid")
refused(401, lambda: Client(URL, "").list_branches(), "no token", "authorization: Bearer")

# Wrong requests.
refused(400, lambda: client.lookup("Ticket", pd.DataFrame({"id": ["a"]})), "key 0", "`ticket_id`")
refused(400, lambda: client.lookup("Ticket", pd.DataFrame({"ticket_id": [["a"]]})), "key 0", "`ticket_id`", "expected a text")
refused(400, lambda: client.lookup("Ticket", pd.DataFrame({"ticket_id": [float("nan")]})), "NaN")
refused(400, lambda: client.lookup("Ticket", keys, ["cost"]), "no column `cost`", "`price`")
refused(400, lambda: client.lookup("Ticket", keys, timestamps=pd.Series(["soon"])), "timestamp 0", "soon")
refused(409, lambda: client.init_branch("main"), "branch `main`")
client.checkout("main")

# Definitions. The client looks for an owner itself, so that is taken out of what it sends.
client.to_register_objects = [Ticket, TicketFeatures]
request = client._get_sync_request_proto("without owner", None)
request.datasets[0].metadata.owner = ""
without_owner = request.SerializeToString()
path = "/api/v1/commit?preview=false&incremental=false&backfill=true"
refused(400, lambda: client._post_bytes(path, without_owner), "dataset `Ticket`", "owner")
refused(400, lambda: client._post_bytes(path, b"\xff\xff\xff"), "SyncRequest")
refused(409, lambda: client.commit("left out", datasets=[Ticket]), "featureset `TicketFeatures`", "leaves it out")
refused(400, lambda: client.commit("no dataset", featuresets=[TicketFeatures]), "`Ticket`")


def other_ticket(price_type, version):
    @meta(owner="mohit@fennel.ai")
    @source(example.endpoint("ticket_sale"), disorder="14d", cdc="upsert")
    @dataset(index=True, version=version)
    class Ticket:
        ticket_id: str = field(key=True)
        price: price_type
        at: datetime

    return Ticket


same_version = other_ticket(Optional[int], 1)
other_type = other_ticket(float, 2)
refused(
    409,
    lambda: client.commit("same version", datasets=[same_version], incremental=True),
    "dataset `Ticket`: `price.type` changes from `int` to `Optional[int]`",
    "version = 2",
)
refused(
    400,
    lambda: client.commit("other type", datasets=[other_type], incremental=True),
    "`TicketFeatures.price`",
    "makes it `float`",
)
refused(409, lambda: client.commit("nothing left", datasets=[], featuresets=[]), "`Ticket`", "`TicketFeatures`")
assert commit(client)["changed"] is False, "no refusal changed anything"

# Rows that don't fit are no error of `log`; they are listed.
logged = client.log("example", "ticket_sale", rows.assign(price="a lot"))["body"]
assert logged == {"rows": 1, "set_aside": 1}, logged
rejects = client._get("/api/v1/dataset/Ticket/rejects")["body"]
assert rejects["total"] == 1 and "`price`" in rejects["rows"][0]["reason"], rejects
assert client.lookup(Ticket, keys)[1].tolist() == [False]
