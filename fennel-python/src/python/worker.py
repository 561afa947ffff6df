"""The worker: reads calls of functions, answers each with what was made, or why there is nothing.

Functions run in a fork of it, which has what functions share and nothing that others have changed. When functions of another
group are next, the fork ends and there is a new one.

Its own pipes are out of the functions' way: what these read is empty, and what they print goes to stderr. What it sends
begins with the nonce of the call, so that the server knows what a function wrote by itself.
"""

import ctypes
import json
import os
import queue
import resource
import signal
import threading
import traceback

LIMIT = 2000  # characters of a message
FILE = "<function>"
ROUNDS = 100  # how often what was left is looked for: what starts others faster than they end could go on for ever
PR_SET_CHILD_SUBREAPER = 36

own_pid = None
own_nonce = bytes(8)
own_in, own_out = os.dup(0), os.dup(1)
nothing = os.open(os.devnull, os.O_RDWR)
os.dup2(nothing, 0)
os.dup2(2, 1)
os.close(nothing)

frames = queue.SimpleQueue()
talking = threading.RLock()
functions = {}
current = None


def read_frames():
    """In a thread of its own, so that a worker ends with its server, whatever it is doing."""
    message = {}
    while "over" not in message:  # what follows is for the next fork
        message = receive(own_in)
        frames.put(message)


def adopt():
    """Has processes whose parents end become children of this one, so that none gets lost. Linux alone knows that."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def receive(file):
    size = int.from_bytes(receive_bytes(file, 4), "big")
    return json.loads(receive_bytes(file, size))


def receive_bytes(file, size):
    data = bytearray()
    while len(data) < size:
        part = os.read(file, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data


def send(message):
    send_bytes(json.dumps(message, allow_nan=False, separators=(",", ":")).encode("utf-8"))


def send_bytes(data):
    if os.getpid() != own_pid:  # a function forked, and came back twice
        os._exit(0)
    data = memoryview(own_nonce + len(data).to_bytes(8, "big") + data)
    while data:
        data = data[os.write(own_out, data) :]


def bound_memory(size):
    """Lets the worker have so many bytes more than it has now."""
    try:
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + size, used + size))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def load(code, entry_point):
    module = types.ModuleType("function")
    exec(compile(code, FILE, "exec"), module.__dict__)
    function = module.__dict__.get(entry_point)
    if not callable(function):
        raise Misfit(f"isn't in its own code, which should define {entry_point}")
    return function


def check(message):
    code, entry_point = message["code"], message["entry_point"]
    if message["runs"]:
        load(code, entry_point)
    else:
        compile(code, FILE, "exec")
    return {"made": []}


def call(message):
    global current
    if "load" in message:
        loaded = message["load"]
        loaded["function"] = load(loaded["code"], loaded["entry_point"])
        loaded["datasets"] = {found["name"]: found for found in loaded["datasets"]}
        functions[message["id"]] = loaded
    current = functions[message["id"]]
    takes = zip(current["takes"], message["columns"])
    columns = [series(name, ty, values) for (name, ty), values in takes]
    makes, rows = current["makes"], message["rows"]
    if current["kind"] == "extract":
        made = extracted(current["function"](*columns), makes, rows)
    else:
        frame = pd.DataFrame({column.name: column for column in columns}, index=range(rows))
        made = reframed(current["kind"], current["function"](frame.copy()), frame, makes)
    return {"made": [column(name, ty, values) for (name, ty), values in zip(makes, made)]}


def extracted(made, makes, rows):
    """The columns of what an extractor answered with."""
    if isinstance(made, pd.Series) and len(makes) == 1:
        return [in_order(made, rows)]
    if not isinstance(made, (pd.Series, pd.DataFrame)):
        raise Misfit(f"returned {shown(made)}; let it return a Series or a DataFrame")
    names = ", ".join(name for name, _ in makes)
    if isinstance(made, pd.Series):
        raise Misfit(f"returned a Series; let it return a DataFrame of {names}")
    missing = [name for name, _ in makes if name not in made.columns]
    if missing:
        have = ", ".join(map(str, made.columns))
        raise Misfit(f"returned a DataFrame without {missing[0]}; it has {have}, and makes {names}")
    return [in_order(one(made, name), rows) for name, _ in makes]


def reframed(kind, made, frame, makes):
    """The columns of what a step answered with, which was given `frame`."""
    if not isinstance(made, pd.DataFrame):
        raise Misfit(f"returned {shown(made)}; let it return a DataFrame")
    if kind == "filter":
        if list(made.columns) != list(frame.columns) or not made.index.isin(frame.index).all():
            raise Misfit("returned something else than a bool for each row")
        return [frame.index.isin(made.index).tolist()]
    if kind == "assign":
        return [in_order(one(made, makes[0][0]), len(frame))]
    names = [name for name, _ in makes]
    missing = [name for name in names if name not in made.columns]
    added = [str(name) for name in made.columns if name not in names]
    if missing or added:
        what = f"without {missing[0]}" if missing else f"with {added[0]}"
        raise Misfit(f"returned a DataFrame {what}; its columns are to be {', '.join(names)}")
    return [in_order(one(made, name), len(frame)) for name in names]


def one(frame, name):
    found = frame[name]
    if isinstance(found, pd.DataFrame):
        raise Misfit(f"returned a DataFrame with {name} twice")
    return found


def in_order(made, rows):
    """The values by row: by their index where it numbers all rows, else as they stand."""
    if len(made) != rows:
        raise Misfit(f"made {len(made)} values of {rows} rows")
    if set(made.index) == set(range(rows)):
        made = made.sort_index()
    return values_of(made)


def look_up(name, ts, fields, keys):
    known = current["datasets"].get(name)
    if known is None:
        raise KeyError(f"{name} is no dataset that this function may look up in; write @extractor(deps=[{name}])")
    names = [key for key, _ in known["keys"]]
    if sorted(keys) != sorted(names):
        raise TypeError(f"{name} is looked up by {', '.join(names)}, not by {', '.join(keys) or 'nothing'}")
    values = [column(key, ty, values_of(pd.Series(keys[key]))) for key, ty in known["keys"]]
    at = column("ts", "timestamp", ts)
    if any(len(key) != len(at) for key in values):
        raise ValueError(f"{name}.lookup has {len(at)} instants, and as many keys are needed")
    with talking:
        send({"lookup": {"dataset": name, "fields": list(fields), "keys": values, "instants": at}})
        answer = frames.get()
    if "refused" in answer:
        raise ValueError(answer["refused"])
    found = {of: series(of, ty, values) for of, ty, values in answer["columns"]}
    return pd.DataFrame(found, index=range(len(at))), pd.Series(answer["found"], dtype=bool, name="found")


def told(error):
    """What a function raised, and at which of its lines."""
    text = f"raised {type(error).__name__}: {error}" if str(error) else f"raised {type(error).__name__}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    if isinstance(error, SyntaxError) and error.filename == FILE:
        lines.append(error.lineno)
    return text, lines[-1] if lines else None


def answer(message):
    code = message.get("code") or message.get("load", {}).get("code")
    try:
        return check(message) if "runs" in message else call(message)
    except MemoryError:
        return OUT_OF_MEMORY
    except Misfit as misfit:
        return {"raised": str(misfit)[:LIMIT]}
    except BaseException as error:
        text, line = told(error)
        code = code or (current or {}).get("code", "")
        written = code.splitlines()[line - 1 : line] if line else []
        at = f", at `{written[0].strip()}`" if written else ""
        return {"raised": text[:LIMIT] + at[:LIMIT]}


def left_behind():
    """What a function left running, which nothing would ever stop."""
    try:
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return {"stopped": "left processes behind; let it wait for those that it starts"}
    except ChildProcessError:
        pass
    if set(threading.enumerate()) - own_threads:
        return {"stopped": "left threads behind; let it join those that it starts"}
    return None


OUT_OF_MEMORY = json.dumps({"stopped": "memory"}).encode("utf-8")


def serve(farewell, secret):
    """Answers calls until it is told that others come, and says that it was."""
    global own_pid, own_nonce, own_threads, current
    own_pid = os.getpid()
    adopt()
    threading.Thread(target=read_frames, daemon=True).start()
    own_threads = set(threading.enumerate())
    while True:
        message = frames.get()
        if "over" in message:
            os.set_blocking(farewell, False)
            try:
                os.write(farewell, secret)
            finally:  # a function may have filled the pipe
                os._exit(0)
        own_nonce = message["nonce"].to_bytes(8, "big")
        done = answer(message)
        try:
            done = left_behind() or done
            done = done if isinstance(done, bytes) else json.dumps(done, allow_nan=False).encode("utf-8")
        except MemoryError:
            done = OUT_OF_MEMORY
        current = None
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            pass  # a function closed it
        send_bytes(done)


def end_others():
    """Ends what a fork has left that ended by itself: by now that is below this process, however it detached itself."""
    for _ in range(ROUNDS):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        for pid in children():
            os.kill(pid, signal.SIGKILL)  # it is there until it is waited for
            os.waitpid(pid, 0)


def children():
    """The processes whose parent this one is. Where there is no /proc, none is known."""
    try:
        found = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    return [pid for pid in found if parent(pid) == os.getpid()]


def parent(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None


def end_as(status):
    """Ends as a fork did, so that the server sees how."""
    if os.WIFSIGNALED(status):
        ended_by = os.WTERMSIG(status)
        if ended_by != signal.SIGKILL:
            signal.signal(ended_by, signal.SIG_DFL)
        os.kill(os.getpid(), ended_by)
    os._exit(os.WEXITSTATUS(status))


settings = receive(own_in)
install(look_up)
bound_memory(settings["memory"])
adopt()
ready = {"ready": {"python": sys.version.split()[0], "pandas": pd.__version__}}
while True:
    secret = os.urandom(16)
    said, farewell = os.pipe()
    fork = os.fork()
    if fork == 0:
        os.close(said)
        if ready:
            own_pid = os.getpid()
            send(ready)
        serve(farewell, secret)
    ready = None
    os.close(farewell)
    _, status = os.waitpid(fork, 0)
    os.set_blocking(said, False)
    try:
        is_over = os.read(said, 1 << 16).endswith(secret)
    except BlockingIOError:  # what it started has its end, and it said nothing
        is_over = False
    os.close(said)
    if not is_over:
        end_others()
        end_as(status)
