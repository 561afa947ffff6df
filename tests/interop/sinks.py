"""Sinks as the client sends them: this version of the server writes to none, and says so of each, of preview and commit
alike, before what else is wrong with them."""

from datetime import datetime

from fennel.connectors import HTTP, S3, Certificate, Kafka, Snowflake, sink, source
from fennel.datasets import Count, Dataset, dataset, field, pipeline
from fennel.dtypes import Continuous
from fennel.lib import inputs
from start import client, shop

__owner__ = "shop@example.com"


@source(shop.endpoint("sale"), cdc="append", disorder="1d")
@dataset
class Sale:
    uid: int
    at: datetime = field(timestamp=True)


def sold(*sinks):
    @dataset(index=True)
    class Sold:
        uid: int = field(key=True)
        sales: int
        at: datetime = field(timestamp=True)

        @pipeline
        @inputs(Sale)
        def counted(cls, sale: Dataset):
            return sale.groupby("uid").aggregate(sales=Count(window=Continuous("forever")))

    for add in sinks:
        Sold = add(Sold)
    return Sold


begun, ended = datetime(2024, 1, 1), datetime(2025, 1, 1)
kafka = Kafka(
    name="bus", bootstrap_servers="bus:9092", security_protocol="PLAINTEXT", sasl_mechanism="PLAIN",
    sasl_plain_username="me", sasl_plain_password="hunter2",
)  # fmt: skip
snowflake = Snowflake(
    name="snow", account="shop", warehouse="w", db_name="d", schema="s", role="r", username="me", password="hunter2"
)
http = HTTP(name="web", host="http://web/", healthz="/health", ca_cert=Certificate(cert="hunter2"))
to_kafka = sink(kafka.topic("sold"), cdc="debezium")
to_http = sink(http.path("/sold", limit=10, headers={"key": "hunter2"}), cdc="debezium", how="incremental")
to_s3 = sink(S3(name="lake").bucket("lake", prefix="sold", format="delta"), every="1d", how="incremental", since=begun)
to_snowflake = sink(snowflake.table("sold"), every="1h", how="incremental", renames={"uid": "user"}, until=ended)


def refusal(commit):
    try:
        answer = commit()
    except Exception as error:
        text = str(error)
        assert text.startswith("Server returned: 400, : ") and "hunter2" not in text, text
        return text
    raise AssertionError(f"not refused: {answer}")


client.commit("without", datasets=[Sale, sold()])
for add, connector, label in [
    (to_kafka, "bus", "Kafka"), (to_http, "web", "HTTP"), (to_s3, "lake", "S3"), (to_snowflake, "snow", "Snowflake"),
]:  # fmt: skip
    said = f"dataset `Sold.{connector}`: {label} sinks are not run by this version of the server; leave it out"
    for preview in [True, False]:
        commit = lambda: client.commit("with a sink", datasets=[Sale, sold(add)], preview=preview)
        assert refusal(commit).endswith(said), said
both = refusal(lambda: client.commit("with two", datasets=[Sale, sold(to_kafka, to_http)]))
assert "`Sold.bus`" in both and "`Sold.web`" in both, both

# One of another env is not sent, and so is none.
of_prod = sink(kafka.topic("sold"), cdc="debezium", env="prod")
assert not client.commit("in dev", datasets=[Sale, sold(of_prod)], env="dev")["body"]["changed"]
assert "`Sold.bus`" in refusal(lambda: client.commit("in prod", datasets=[Sale, sold(of_prod)], env="prod"))

# The client sends no renames. Who does is told what is wrong with them.
client.to_register_objects = [Sale, sold(to_snowflake)]
request = client._get_sync_request_proto("renamed", None)
assert not request.sinks[0].renames and request.sinks[0].HasField("until"), request.sinks
path = "/api/v1/commit?preview=false&incremental=false&backfill=true"


def changed(change):
    changed = type(request)()
    changed.CopyFrom(request)
    change(changed.sinks[0])
    return refusal(lambda: client._post_bytes(path, changed.SerializeToString()))


def rename(**names):
    return lambda sink: sink.renames.update(names)


def end_early(sink):
    sink.since.FromDatetime(ended)
    sink.until.FromDatetime(begun)


says = "dataset `Sold.snow`: "
unrun = says + "Snowflake sinks are not run by this version of the server; leave it out"
for change, wrong in [
    (rename(uid="user"), None),
    (rename(uid="sales", sales="uid"), None),
    (rename(nope="user"), "dataset `Sold` has no column `nope`; it has `uid`, `sales`, `at`"),
    (rename(uid=""), "`uid` can't be renamed to nothing"),
    (rename(uid="n", sales="n"), "renames make two columns `n`"),
    (rename(uid="sales"), "`uid` can't be renamed to `sales`, which another column is called; rename that one too"),
    (end_early, "`since` must be before `until`"),
]:
    expected = [unrun] if wrong is None else [says + wrong, unrun]
    said = changed(change).removeprefix("Server returned: 400, : ").split("\n")
    assert said == expected, (said, expected)
