"""Encodes the definitions of the files beside it, and says what that took."""

import glob
import importlib
import json
import os
import resource
import sys
import time

from fennel.datasets import Dataset
from fennel.featuresets import Featureset
from fennel.internal_lib.to_proto import to_sync_request_proto

sys.path.insert(0, os.getcwd())
begin = time.perf_counter()
names = sorted(os.path.basename(path)[:-3] for path in glob.glob("users*.py"))
modules = [importlib.import_module(name) for name in names]
loaded = time.perf_counter()
values = [value for module in modules for value in vars(module).values()]
entities = [value for value in values if isinstance(value, (Dataset, Featureset))]
begin_encoding = time.perf_counter()
request = to_sync_request_proto(entities, "a deploy").SerializeToString()
encoded = time.perf_counter()
with open("request", "wb") as file:
    file.write(request)
print(
    json.dumps(
        {
            "load": loaded - begin,
            "answer": encoded - begin_encoding,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
    )
)
