"""Offline queries of a frame and of S3, followed and cancelled."""

import io
import os
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


ID, SECRET = os.environ["S3_KEY_ID"], os.environ["S3_SECRET"]


def bucket(name, key, prefix, format):
    return S3(name="lake", **key).bucket(name, prefix=prefix, format=format)


def key(id, secret):
    return {"aws_access_key_id": id, "aws_secret_access_key": secret}


def ask(key, output, asked="asked/2024", name="lake", **other):
    return ended(client.query_offline(**{
        **features(),
        "input_s3": bucket(name, key, asked, CSV(delimiter=";", headers=["ticket", "ts"])),
        "output_s3": bucket("lake", key, output, "parquet"),
        "feature_to_column_map": {"TicketFeatures.ticket_id": "ticket"},
        **other,
    }))


job = ask(key(ID, SECRET), "prices/2024")
assert job["status"] == "completed" and job["rows"] == 4 and job["rows_failed"] == 1, job
assert (job["output_bucket"], job["output_prefix"]) == ("lake", "prices/2024"), job
[failure] = job["failures"]
assert (failure["file"], failure["row"]) == ("s3://lake/asked/2024/b.csv", 2), failure

# Without a key of the request's own it is that of the server.
job = ask({}, "prices/own-key")
assert job["status"] == "completed" and job["rows_failed"] == 1, job

both = [TicketFeatures.ticket_id, TicketFeatures.price]
job = ask(key(ID, SECRET), "prices/long", asked="asked/long", outputs=both)
assert job["status"] == "completed" and job["rows_failed"] == 0, job

again = ask(key(ID, SECRET), "prices/2024")
assert again["status"] == "failed" and "there are objects at `s3://lake/prices/2024` already" in again["error"], again
for wrong in [key("AKIAOTHER", "hush"), key(ID, "hush")]:
    refused = ask(wrong, "prices/2025")
    assert refused["status"] == "failed" and "S3 refuses it to these keys" in refused["error"], refused
    assert "AKIAOTHER" not in refused["error"] and ID not in refused["error"] and "hush" not in refused["error"], refused
for name, asked, what in [
    ("lake", "asked/2023", "there is no object `s3://lake/asked/2023`, nor one below it"),
    ("sea", "asked/2024", "there is no such bucket"),
]:
    none = ask(key(ID, SECRET), "prices/2025", asked=asked, name=name)
    assert none["status"] == "failed" and what in none["error"], none

for wrong, why in [
    (lambda: client.query_offline(**features(), input_s3=bucket("ocean", key(ID, SECRET), "x", "json")), "--offline-bucket"),
    (lambda: client.query_offline(**{**features(), "outputs": ["TicketFeatures.prise"]}, input_dataframe=frame), "no feature"),
    (lambda: client.track_offline_query("none"), "there is no offline query"),
]:
    try:
        wrong()
    except Exception as error:
        assert why in str(error), error
    else:
        raise AssertionError(why)
