"""Functions that fail, or never end, or take what they are given: each is told by its name, and the others go on."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pandas as pd

from fennel.connectors import eval, source
from fennel.datasets import Dataset, dataset, field, pipeline
from fennel.featuresets import extractor, featureset
from fennel.lib import includes, inputs, outputs
from start import client, now, shop

__owner__ = "shop@example.com"


def half(value):
    return 1 // (value - 13)


def of_kind(df):
    return df["raw"].map({"a": "A", "b": "B"})


@source(shop.endpoint("sale"), cdc="append", disorder="14d", preproc={"kind": eval(of_kind, schema={"raw": str})})
@dataset
class Sale:
    uid: int
    amount: int
    kind: str
    at: datetime = field(timestamp=True)


@source(shop.endpoint("user"), cdc="upsert", disorder="14d")
@dataset(index=True)
class User:
    uid: int = field(key=True)
    name: str
    at: datetime = field(timestamp=True)


@source(shop.endpoint("user"), cdc="upsert", disorder="14d")
@dataset(index=True)
class Other:
    uid: int = field(key=True)
    at: datetime = field(timestamp=True)


@includes(half)
def divided(df):
    return df["amount"].map(half)


def endless(df):
    while (df["amount"] == 99).any():
        pass
    return df["amount"] > 0


@dataset
class Made:
    uid: int
    made: int
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def steps(cls, sale: Dataset):
        return (
            sale.filter(endless)
            .assign("made", int, divided)
            .transform(lambda df: df[["uid", "made", "at"]], schema={"uid": int, "made": int, "at": datetime})
        )


@featureset
class Bad:
    uid: int
    good: int
    raises: int
    endless: int
    greedy: int
    forks: int
    hides: int
    floods: int
    meddles: int
    forges: int
    quits: int
    leaves: int
    imports: int
    patches: int
    ends: int
    prints: int
    short: int
    typed: int
    nulls: int
    other: int
    noise: int
    null: int
    looked_up: str
    undeclared: str
    no_key: str
    bad_key: str
    null_key: str
    both: int
    one: int

    @extractor
    @inputs("uid")
    @outputs("good")
    def is_good(cls, ts, uid):
        return uid * 2

    @extractor
    @inputs("uid")
    @outputs("raises")
    def does_raise(cls, ts, uid):
        raise ValueError(f"no such user: {uid.tolist()}")

    @extractor
    @inputs("uid")
    @outputs("endless")
    def is_endless(cls, ts, uid):
        while True:
            pass

    @extractor
    @inputs("uid")
    @outputs("greedy")
    def is_greedy(cls, ts, uid):
        kept = []
        while True:
            kept.append(bytearray(1 << 20))

    @extractor
    @inputs("uid")
    @outputs("forks")
    def does_fork(cls, ts, uid):
        for _ in range(3):
            if os.fork() == 0:
                time.sleep(600)
        return uid

    @extractor
    @inputs("uid")
    @outputs("hides")
    def does_hide(cls, ts, uid):
        first = os.fork()
        if first == 0:
            os.setsid()
            if os.fork() == 0:
                with open("hidden", "w") as file:
                    file.write(str(os.getpid()))
                time.sleep(600)
            os._exit(0)
        os.waitpid(first, 0)
        while not os.path.exists("hidden") or not os.path.getsize("hidden"):
            pass
        return uid

    @extractor
    @inputs("uid")
    @outputs("floods")
    def does_flood(cls, ts, uid):
        asked = b'{"lookup": {}}'
        pipes = []
        for fd in range(3, 20):
            try:
                os.write(fd, b"")
                os.fstat(fd)
                pipes.append(fd)
            except OSError:
                pass
        while True:
            for fd in pipes:
                os.write(fd, len(asked).to_bytes(4, "big") + asked)

    @extractor
    @inputs("uid")
    @outputs("meddles")
    def does_meddle(cls, ts, uid):
        for fd in range(3, 20):
            try:
                os.write(fd, b"\x7f\xff\xff\xff")
            except OSError:
                pass
        return uid

    @extractor
    @inputs("uid")
    @outputs("forges")
    def does_forge(cls, ts, uid):
        answer = b'{"made": [[666, 666]]}'
        for fd in range(3, 20):
            try:
                os.write(fd, len(answer).to_bytes(4, "big") + answer)
            except OSError:
                pass
        return uid

    @extractor
    @inputs("uid")
    @outputs("quits")
    def does_quit(cls, ts, uid):
        os._exit(87)

    @extractor
    @inputs("uid")
    @outputs("leaves")
    def does_leave(cls, ts, uid):
        if os.fork() == 0:
            os.setsid()
            with open("left", "w") as file:
                file.write(str(os.getpid()))
            time.sleep(600)
        while not os.path.exists("left") or not os.path.getsize("left"):
            pass
        os._exit(3)

    @extractor
    @inputs("uid")
    @outputs("imports")
    def does_import(cls, ts, uid):
        import left_here

        return uid

    @extractor
    @inputs("uid")
    @outputs("patches")
    def does_patch(cls, ts, uid):
        math.pi = 3
        return uid

    @extractor
    @inputs("uid")
    @outputs("ends")
    def does_end(cls, ts, uid):
        os._exit(3)

    @extractor
    @inputs("uid")
    @outputs("prints")
    def does_print(cls, ts, uid):
        print("hunter2")
        sys.stderr.write("hunter2")
        os.write(1, b"hunter2")
        assert sys.stdin.read() == "" and "FENNEL_ADMIN_TOKEN" not in os.environ
        return uid

    @extractor
    @inputs("uid")
    @outputs("short")
    def is_short(cls, ts, uid):
        return uid[:1]

    @extractor
    @inputs("uid")
    @outputs("typed")
    def is_text(cls, ts, uid):
        return uid.astype(str)

    @extractor
    @inputs("uid")
    @outputs("nulls")
    def is_null(cls, ts, uid):
        return uid.where(uid != 2)

    @extractor
    @inputs("uid")
    @outputs("other", "noise")
    def is_other(cls, ts, uid):
        return pd.DataFrame({"other": uid, "nose": uid})

    @extractor
    @inputs("uid")
    @outputs("null")
    def is_nothing(cls, ts, uid):
        pass

    @extractor(deps=[User])
    @inputs("uid")
    @outputs("looked_up")
    def looks_up(cls, ts, uid):
        df, found = User.lookup(ts, uid=uid)
        return df["name"].fillna("nobody")

    @extractor(deps=[Other])
    @inputs("uid")
    @outputs("undeclared")
    def looks_elsewhere(cls, ts, uid):
        return dataset_lookup("User", ts, ["name"], pd.DataFrame({"uid": uid}))[0]["name"]

    @extractor(deps=[User])
    @inputs("uid")
    @outputs("no_key")
    def has_no_key(cls, ts, uid):
        return User.lookup(ts, id=uid)[0]["name"]

    @extractor(deps=[User])
    @inputs("uid")
    @outputs("bad_key")
    def has_a_text(cls, ts, uid):
        return User.lookup(ts, uid=uid.astype(str))[0]["name"]

    @extractor(deps=[User])
    @inputs("uid")
    @outputs("null_key")
    def has_no_field(cls, ts, uid):
        return User.lookup(ts, uid=uid, fields=["nam"])[0]["nam"]

    @extractor
    @inputs("uid")
    @outputs("both", "one")
    def is_one(cls, ts, uid):
        return uid


client.commit("failing", datasets=[Sale, User, Other, Made], featuresets=[Bad])


def ask(feature):
    found = client.query(
        inputs=["Bad.uid"], outputs=[f"Bad.{feature}"], input_dataframe=pd.DataFrame({"Bad.uid": [1, 2]})
    )
    return found[f"Bad.{feature}"].tolist()


# What is said of each, behind "Bad.".
SAID = {
    "raises": "`Bad.does_raise` raised ValueError: no such user: [1, 2], at `raise ValueError(",
    "endless": "`Bad.is_endless` took longer than 2 s, and was stopped",
    "greedy": "`Bad.is_greedy` needed more than 200 MiB of memory, and was stopped",
    "forks": "`Bad.does_fork` left processes behind; let it wait for those that it starts",
    "hides": "`Bad.does_hide` left processes behind",
    # It is found out by the time that it takes, or since it doesn't read as fast as it asks.
    "floods": ("`Bad.does_flood` took longer than 2 s", "`Bad.does_flood` wrote into the pipe of its worker"),
    "meddles": "`Bad.does_meddle` wrote into the pipe of its worker",
    "forges": "`Bad.does_forge` wrote into the pipe of its worker",
    "quits": "`Bad.does_quit` ended its process (exit status: 87)",
    "leaves": "`Bad.does_leave` ended its process (exit status: 3)",
    "imports": "`Bad.does_import` raised ModuleNotFoundError: No module named 'left_here'",
    "ends": "`Bad.does_end` ended its process (exit status: 3)",
    "short": "`Bad.is_short` made 1 values of 2 rows",
    "typed": "`Bad.is_text` made '1' (str) for `typed` of row 0, which is int",
    "nulls": "`Bad.is_null` made <NA> (NAType) for `nulls` of row 1, which is int (it is not optional)",
    "other": "`Bad.is_other` returned a DataFrame without noise; it has other, nose, and makes other, noise",
    "null": "`Bad.is_nothing` returned None (NoneType); let it return a Series or a DataFrame",
    "undeclared": "User is no dataset that this function may look up in; write @extractor(deps=[User])",
    "no_key": "`Bad.has_no_key` raised TypeError: User is looked up by uid, not by id, at `return User.lookup(",
    "bad_key": "made '1' (str) for `uid` of row 0, which is int",
    "null_key": "`Bad.has_no_field` raised ValueError: dataset `User` has no column `nam`; it has `uid`, `name`, `at`",
    "both": "`Bad.is_one` returned a Series; let it return a DataFrame of both, one",
}
for feature, said in SAID.items():
    try:
        found = ask(feature)
    except Exception as error:
        alternatives = said if isinstance(said, tuple) else [said]
        assert any(said in str(error) for said in alternatives), (feature, str(error))
        assert f"`Bad.{feature}`" in str(error), (feature, str(error))
    else:
        raise AssertionError(f"{feature} is {found}")
    assert ask("good") == [2, 4], feature
assert ask("prints") == [1, 2]

# What functions of one branch change in Python is nothing to those of another.
@featureset
class Good:
    uid: int
    hundredths: int

    @extractor
    @inputs("uid")
    @outputs("hundredths")
    def of_pi(cls, ts, uid):
        return uid * 0 + int(math.pi * 100)


assert ask("patches") == [1, 2]
client.init_branch("other")
client.commit("good", featuresets=[Good])
pi = client.query(inputs=[Good.uid], outputs=[Good.hundredths], input_dataframe=pd.DataFrame({"Good.uid": [1]}))
assert pi["Good.hundredths"].tolist() == [314], pi
client.checkout("main")

# Many that never end: a call waits for others no longer than it may take itself.
def refusal(feature):
    try:
        return f"{feature} is {ask(feature)}"
    except Exception as error:
        return str(error)


with ThreadPoolExecutor(os.cpu_count() * 4) as threads:
    said = list(threads.map(lambda _: refusal("endless"), range(os.cpu_count() * 4)))
busy = f"all {os.cpu_count()} Python workers are busy with other calls; try again"
assert all(busy in text or SAID["endless"] in text for text in said), said
assert any(busy in text for text in said) and any(SAID["endless"] in text for text in said), said

# Many at once, more than there are workers, each of which asks back. Who is told to try again does so: workers start anew
# after those calls, and that takes as long as the machine takes.
def ask_until_free(name):
    while True:
        try:
            return ask(name)
        except Exception as error:
            if busy not in str(error):
                raise


with ThreadPoolExecutor(16) as threads:
    assert list(threads.map(lambda _: ask_until_free("looked_up"), range(48))) == [["nobody"] * 2] * 48

# In pipelines and sources, a row that a function fails for is set aside, and the others are there.
amounts = [1, 13, 99, 14, 2]
sales = pd.DataFrame(
    {
        "uid": range(6),
        "amount": amounts + [3],
        "raw": ["a", "b", "a", "b", "a", "c"],
        "at": [now - timedelta(hours=1)] * 6,
    }
)
assert client.log("shop", "sale", sales)["body"] == {"rows": 6, "set_aside": 1}
assert sorted(client.inspect(Made)["uid"].tolist()) == [0, 3, 4]


def rejects(dataset):
    rows = client._get(f"/api/v1/dataset/{dataset}/rejects")["body"]["rows"]
    return sorted((row["row"]["uid"], row["reason"]) for row in rows)


(five, reason), = rejects("Sale")
assert five == 5 and "`of_kind` made" in reason and "for `kind` of row 0, which is str" in reason, reason
(one, divides), (two, loops) = rejects("Made")
assert one == 1 and divides == (
    "`divided` raised ZeroDivisionError: integer division or modulo by zero, at `return 1 // (value - 13)`"
), divides
assert two == 2 and loops == "`endless` took longer than 2 s, and was stopped", loops
