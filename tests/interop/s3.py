"""An S3 on this machine, which is moto's: it checks signatures and policies as S3 does.

It is given a folder and begins with the objects in there, below `lake`. It prints where it is and a key, as JSON. The key
may list the buckets `lake` and `sea` and get and put their objects; there is only `lake`. Told to
end, it writes all objects to the folder, and prints of each how many parts it was uploaded in and what is said of it.
"""

import json
import logging
import signal
import sys
from pathlib import Path

import boto3
from moto import settings
from moto.server import ThreadedMotoServer

FOLDER = Path(sys.argv[1])
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::sea"]},
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::lake/*", "arn:aws:s3:::sea/*"]},
]}

# Before there are threads, which would end of it.
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
url = "http://%s:%d" % server.get_host_and_port()


def client(service):
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


s3, iam = client("s3"), client("iam")
s3.create_bucket(Bucket="lake")
for path in sorted((FOLDER / "lake").rglob("*")):
    if path.is_file():
        s3.upload_file(str(path), "lake", str(path.relative_to(FOLDER / "lake")))
iam.create_user(UserName="fennel")
iam.put_user_policy(UserName="fennel", PolicyName="lake", PolicyDocument=json.dumps(POLICY))
key = iam.create_access_key(UserName="fennel")["AccessKey"]
# From here on whoever asks needs a key that may.
settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
print(json.dumps({"url": url, "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}), flush=True)

signal.sigwait({signal.SIGTERM})
settings.INITIAL_NO_AUTH_ACTION_COUNT = float("inf")
found = {}
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake")
for name in [listed["Key"] for page in pages for listed in page["Contents"]]:
    path = FOLDER / "lake" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    s3.download_file("lake", name, str(path))
    head = s3.head_object(Bucket="lake", Key=name)
    first = s3.head_object(Bucket="lake", Key=name, PartNumber=1)
    found[name] = {"parts": first.get("PartsCount", 1), "metadata": head["Metadata"]}
uploads = s3.list_multipart_uploads(Bucket="lake").get("Uploads", [])
print(json.dumps({"objects": found, "unfinished": [upload["Key"] for upload in uploads]}), flush=True)
