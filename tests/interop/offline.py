"""Offline queries of a frame and of S3, followed and cancelled."""

import io
import urllib.request

import pandas as pd

from fennel.connectors import CSV, S3

from ticket import TOKEN, URL, TicketFeatures, client, commit

client = client()
commit(client)
at = [pd.Timestamp("2024-01-01", tz="UTC"), pd.Timestamp("2024-01-03", tz="UTC")]
client.log("example", "ticket_sale", pd.DataFrame({"ticket_id": ["a", "a"], "price": [100, 300], "at": at}))


def ended(job):
    while job["status"] in ("pending", "running"):
        job = client.track_offline_query(job["request_id"])
    return job


def features():
    return {"inputs": [TicketFeatures.ticket_id], "outputs": [TicketFeatures.price], "timestamp_column": "ts"}


frame = pd.DataFrame({
    "TicketFeatures.ticket_id": ["a", "a", "nobody"],
    "ts": [pd.Timestamp("2024-01-02", tz="UTC"), pd.Timestamp("2024-01-04 00:00:00.25", tz="UTC"), at[0]],
})
job = ended(client.query_offline(**features(), input_dataframe=frame, workflow="fraud", num_dpus=3))
assert (job["status"], job["completion_rate"], job["failure_rate"]) == ("completed", 1.0, 0.0), job
assert job["rows"] == 3 and job["workflow"] == "fraud" and job["output_bucket"] is None, job
request = urllib.request.Request(URL + job["output"], headers={"authorization": f"Bearer {TOKEN}"})
with urllib.request.urlopen(request) as answer:
    found = pd.read_parquet(io.BytesIO(answer.read()))
assert found.columns.tolist() == ["TicketFeatures.price", "ts"], found
assert found["TicketFeatures.price"].tolist() == [100, 300, 0], found
# The client makes texts of the frame's own instants.
assert found["ts"].tolist() == pd.to_datetime(frame["ts"], format="ISO8601").tolist(), found
assert client.cancel_offline_query(job["request_id"]) == job


def lake(key):
    return S3(name="lake", aws_access_key_id=key, aws_secret_access_key="hush")


def ask(key, output):
    return ended(client.query_offline(
        **features(),
        input_s3=lake(key).bucket("lake", prefix="asked/2024", format=CSV(delimiter=";", headers=["ticket", "ts"])),
        output_s3=lake(key).bucket("lake", prefix=output, format="parquet"),
        feature_to_column_map={"TicketFeatures.ticket_id": "ticket"},
    ))


job = ask("lake-key", "prices/2024")
assert job["status"] == "completed" and job["rows"] == 4 and job["rows_failed"] == 1, job
assert (job["output_bucket"], job["output_prefix"]) == ("lake", "prices/2024"), job
[failure] = job["failures"]
assert (failure["file"], failure["row"]) == ("s3://lake/asked/2024/b.csv", 2), failure

again = ask("lake-key", "prices/2024")
assert again["status"] == "failed" and "there are objects at `s3://lake/prices/2024` already" in again["error"], again
refused = ask("other-key", "prices/2025")
assert refused["status"] == "failed" and "S3 refuses it to these keys" in refused["error"], refused
assert "other-key" not in refused["error"], refused

for wrong, why in [
    (lambda: client.query_offline(**features(), input_s3=lake("lake-key").bucket("sea", prefix="x", format="json")), "--offline-bucket"),
    (lambda: client.query_offline(**{**features(), "outputs": ["TicketFeatures.prise"]}, input_dataframe=frame), "no feature"),
    (lambda: client.track_offline_query("none"), "there is no offline query"),
]:
    try:
        wrong()
    except Exception as error:
        assert why in str(error), error
    else:
        raise AssertionError(why)
