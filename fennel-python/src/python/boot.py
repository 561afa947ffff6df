import sys
# Nothing is imported from the folder that it happens to run in.
sys.path[:] = [path for path in sys.path if path]
import os
def read(size):
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part: os._exit(0)
        data += part
    return data
def unfit(why):
    data = ('{"unfit": "%s"}' % why).encode()
    os.write(1, bytes(8) + len(data).to_bytes(8, "big") + data)
    os._exit(0)
source = read(int.from_bytes(read(4), "big"))
if sys.version_info < (3, 9): unfit("version")
try:
    import numpy, pandas
except ImportError:
    unfit("pandas")
if int(pandas.__version__.split(".")[0]) < 2: unfit("old")
exec(compile(source, "<worker>", "exec"), {"__name__": "fennel_worker"})
