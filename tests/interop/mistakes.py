"""What users of the client read about their mistakes: what is wrong, where, and what to do, in words of Python."""

import json
import re
import sys
import urllib.request
from datetime import date, datetime, timedelta
from typing import List, Optional

import pandas as pd

from fennel.client import Client
from fennel.connectors import MySQL, S3, ref, source
from fennel.datasets import Count, Dataset, Sum, dataset, field, pipeline
from fennel.dtypes import Continuous, Decimal, between, oneof, regex, struct
from fennel.expr import col
from fennel.featuresets import extractor, feature as F, featureset
from fennel.lib import expect_column_values_to_be_between, expectations, inputs, meta, outputs
from start import client, now, shop

URL, TOKEN = sys.argv[1:3]
__owner__ = "shop@example.com"


@struct
class Address:
    street: str
    zip: Optional[int]


@source(shop.endpoint("user"), cdc="upsert", disorder="14d")
@dataset(index=True)
class User:
    uid: int = field(key=True)
    name: str
    age: between(int, 0, 150)
    kind: oneof(str, ["a", "b"])
    mail: regex(r".+@.+")
    born: Optional[date]
    cost: Decimal[2]
    address: Address
    tags: List[str]
    at: datetime = field(timestamp=True)


@source(shop.endpoint("sale"), cdc="append", disorder="1d")
@dataset
class Sale:
    uid: int
    amount: float
    at: datetime = field(timestamp=True)


@dataset(index=True)
class Spend:
    uid: int = field(key=True)
    total: float
    sales: int
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def spent(cls, sale: Dataset):
        return sale.groupby("uid").aggregate(
            total=Sum(of="amount", window=Continuous("forever")), sales=Count(window=Continuous("forever"))
        )


@dataset
class Dear:
    uid: int
    amount: float
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def dear(cls, sale: Dataset):
        return sale.filter(col("amount") * 2.0 > 10.0)


@featureset
class Shopper:
    uid: int
    name: Optional[str] = F(User.name)
    total: float = F(Spend.total, default=0.0)
    visits: int
    raises: int
    endless: int
    text: int
    unknown: int

    @extractor
    @inputs("uid")
    @outputs("raises")
    def does_raise(cls, ts: pd.Series, uid: pd.Series):
        raise ValueError("no such shopper")

    @extractor
    @inputs("uid")
    @outputs("endless")
    def is_endless(cls, ts: pd.Series, uid: pd.Series):
        while True:
            pass

    @extractor
    @inputs("uid")
    @outputs("text")
    def makes_text(cls, ts: pd.Series, uid: pd.Series):
        return uid.map(lambda uid: "text")

    @extractor(version=2)
    @inputs("uid")
    @outputs("unknown")
    def names_another(cls, ts: pd.Series, uid: pd.Series):
        return helper(uid)


@featureset
class Visit:
    minutes: int
    hours: float = F(col("minutes") / 60.0)


@source(shop.endpoint("visit"), cdc="upsert", disorder="1d")
@dataset(index=True, version=3)
class Seen:
    uid: int = field(key=True)
    at: datetime = field(timestamp=True)


client.commit("first", datasets=[User, Sale, Spend, Dear, Seen], featuresets=[Shopper, Visit])

# Names of Rust, of what it is written with, and of what is inside the server.
FOREIGN = re.compile(
    r"\b(i64|f64|Utf8|NaiveDate|Utc|Vec|BTreeMap|Some|None\(|Err|Ok)\b|\bOption<|\bString\b|#\[|::|error: error|panicked|\.rs\b"
)
said = set()


def mistake(status, call, *words):
    """What is said of it has all the words."""
    try:
        answer = call()
    except Exception as error:
        text = str(error)
    else:
        raise AssertionError(f"not refused: {answer}")
    start = f"Server returned: {status}, : "
    assert text.startswith(start), text
    text = text.removeprefix(start)
    readable(text, words)
    assert TOKEN not in text, text


def readable(text, words):
    for word in words:
        assert word in text, f"no {word!r} in: {text}"
    assert not FOREIGN.search(text), f"{FOREIGN.search(text)} in: {text}"
    # What else there is to know of a problem stands below it.
    problems = re.split(r"\n(?! )", text)
    assert len(set(problems)) == len(problems), f"a problem twice: {text}"
    for line in text.split("\n"):
        clauses = line.split(": ")
        assert all(one != next for one, next in zip(clauses, clauses[1:])), f"a prefix twice: {text}"
    said.add(text)


ROW = {
    "uid": 1, "name": "Zoë", "age": 30, "kind": "a", "mail": "zoe@example.com", "born": date(2000, 1, 1), "cost": 1.25,
    "address": {"street": "Main", "zip": 1}, "tags": ["new"], "at": now,
}  # fmt: skip
client.log("shop", "user", pd.DataFrame([ROW]))


def set_aside(words, **values):
    """`log` takes the row, and the reason why it is set aside has all the words."""
    row = {name: value for name, value in {**ROW, **values}.items() if value is not ...}
    assert client.log("shop", "user", pd.DataFrame([row]))["body"] == {"rows": 1, "set_aside": 1}, values
    latest = client._get("/api/v1/dataset/User/rejects")["body"]["rows"][0]
    readable(latest["reason"], words)


# Rows that don't fit.
set_aside(["column `uid`", "a whole number", 'found "x"'], uid="x")
set_aside(["column `uid`", "a whole number", "found 1.5"], uid=1.5)
set_aside(["column `name`", "a text", "found null"], name=None)
set_aside(["column `name` is missing"], name=...)
set_aside(["column `age`", "a whole number from 0 to 150", "found 200"], age=200)
set_aside(["column `kind`", 'one of "a", "b"', 'found "z"'], kind="z")
set_aside(["column `mail`", "a text that `.+@.+` matches", 'found "zoe"'], mail="zoe")
set_aside(["column `born`", "a date such as 2024-01-31", 'found "soon"'], born="soon")
set_aside(["column `cost`", "a decimal number", 'found "much"'], cost="much")
set_aside(["column `address`", "a record `Address`", 'found "Main"'], address="Main")
set_aside(["column `address`", "field `street` is missing"], address={"zip": 1})
set_aside(["column `tags`", "a list", 'found "new"'], tags="new")
set_aside(["column `at`", "an instant such as 2024-", 'found "yesterday"'], at="yesterday")
set_aside(["it is late", "disorder of 14d"], at=now - timedelta(days=30))

# Logging.
frame = pd.DataFrame([ROW])
sent = lambda data: lambda: client._post_json("/api/v1/log", {"webhook": "shop", "endpoint": "user", "data": data})
mistake(404, lambda: client.log("shop", "users", frame), "no endpoint", "`users`", "`user`")
mistake(404, lambda: client.log("stop", "user", frame), "no webhook `stop`", "`shop`")
mistake(400, sent("x"), "`data` is text that is not JSON")
mistake(400, sent({"uid": [1], "name": []}), "column `name`", "0 values and `uid` has 1")
mistake(400, sent({"uid": 1}), "column `uid`", "a list with a value per row")


# Queries.
def query(outputs, inputs="Shopper.uid", values=(1,), **options):
    data = pd.DataFrame({inputs: list(values)})
    return lambda: client.query(inputs=[inputs], outputs=[outputs], input_dataframe=data, **options)


def raw_query(**body):
    body = {"inputs": ["Shopper.uid"], "outputs": ["Shopper.name"], "data": {"Shopper.uid": [1]}, "log": False, **body}
    return lambda: client._post_json("/api/v1/query", body)


mistake(404, query("Shopper.nam"), "no feature `Shopper.nam`", "`Shopper.name`")
mistake(404, query("Shoper"), "no featureset `Shoper`", "`Shopper`")
mistake(404, query("Shopper.name", "Shopper.id"), "no feature `Shopper.id`", "`Shopper.uid`")
mistake(400, raw_query(data={"uid": [1]}), "input `Shopper.uid` has no data", "a column of that name")
mistake(400, query("Shopper.name", "Visit.minutes"), "`Shopper.uid`", "`Shopper.name` needs it", "add it to the inputs")
mistake(400, query("Shopper.visits"), "`Shopper.visits` is neither given nor computed", "add it to the inputs")
mistake(400, query("Shopper.name", values=["x"]), "input `Shopper.uid`, row 0", "a whole number", 'found "x"')
mistake(400, query("Shopper.name", values=[1, None]), "input `Shopper.uid`, row 1", "a whole number", "found null")
mistake(400, raw_query(timestamps=["soon"]), "timestamps", "an instant such as", 'found "soon"')
mistake(400, query("Shopper.name", log=True, workflow="w", sampling_rate=2.0), "`sampling_rate` is 2", "from 0 to 1")
mistake(400, query("Shopper.raises"), "`Shopper.does_raise` raised ValueError: no such shopper, at `raise ValueError(")
mistake(400, query("Shopper.endless"), "`Shopper.is_endless` took longer than 2 s")
mistake(400, query("Shopper.text"), "`Shopper.makes_text` made 'text' (str) for `text` of row 0, which is int")
mistake(400, query("Shopper.unknown"), "`Shopper.names_another` raised NameError: name 'helper' is not defined")

# Lookups and what is shown.
keys = lambda **columns: pd.DataFrame(columns)
mistake(404, lambda: client.lookup("Usr", keys(uid=[1])), "no dataset `Usr`", "`User`")
mistake(400, lambda: client.lookup("User", keys(id=[1])), "key 0 has no `uid`", "`User`")
mistake(400, lambda: client.lookup("User", keys(uid=["x"])), "key 0, `uid`", "a whole number", 'found "x"')
mistake(400, lambda: client.lookup("User", keys(uid=[1]), ["nam"]), "no column `nam`", "`name`")
mistake(400, lambda: client.lookup("User", keys(uid=[1]), timestamps=pd.Series(["soon"])), "timestamp 0", 'found "soon"')
mistake(400, lambda: client.lookup("Sale", keys(uid=[1])), "dataset `Sale` has no keys")
mistake(404, lambda: client.inspect("Usr"), "no dataset `Usr`", "`User`")
mistake(404, lambda: client.xray(featuresets="Shoper"), "no featureset `Shoper`")
mistake(400, lambda: client.xray(datasets="User", fields="nme"), "no property `nme`", "name,")
erase = lambda: client._post_json("/api/v1/dataset/User/erase", {"erase_keys": [{"uid": 1}]})
mistake(400, erase, "`User` has no erase keys", "`field(key=True, erase_key=True)`")
assert client.lookup(User, keys(uid=[77]))[1].tolist() == [False], "an unknown key is no mistake"

# Offline queries.
asked = pd.DataFrame({"Shopper.uid": [1], "ts": [pd.Timestamp("2024-01-01", tz="UTC")]})
names = {"inputs": ["Shopper.uid"], "outputs": ["Shopper.name"], "timestamp_column": "ts"}
lake = S3(name="lake", aws_access_key_id="a", aws_secret_access_key="b").bucket("lake", prefix="p", format="parquet")


def offline(**options):
    return lambda: client.query_offline(**{**names, "input_dataframe": asked, **options})


def raw_offline(**columns):
    body = {"input_features": ["Shopper.uid"], "output_features": ["Shopper.name"], "timestamp_column": "ts"}
    return lambda: client._post_json("/api/v1/query_offline", {**body, "input": {"Pandas": columns}})


mistake(404, offline(outputs=["Shopper.nam"]), "no feature `Shopper.nam`", "`Shopper.name`")
mistake(400, raw_offline(ts=["2024-01-01"]), "no column `Shopper.uid`", "send one of that name")
mistake(400, raw_offline(**{"Shopper.uid": [1]}), "no column `ts`", "send one of that name")
mistake(400, lambda: client.query_offline(**names, input_s3=lake), "`s3://lake/p`", "--offline-bucket")
mistake(404, lambda: client.track_offline_query("nope"), "no offline query `nope`")
mistake(404, lambda: client.cancel_offline_query("nope"), "no offline query `nope`")


# Branches, secrets and tokens.
def on_main(call):
    """The client is on a new branch before it is made, and stays there."""
    try:
        return call()
    finally:
        client.checkout("main")


mistake(404, lambda: Client(URL, TOKEN, "nowhere").inspect("User"), "no branch `nowhere`", "`main`")
mistake(409, lambda: on_main(lambda: client.init_branch("main")), "there is a branch `main` already", "another name")
mistake(404, lambda: on_main(lambda: client.clone_branch("new", "nope")), "no branch `nope`", "`main`")
mistake(400, lambda: on_main(lambda: client.clone_branch("a b", "main")), '"a b"', "letters, digits")
mistake(404, lambda: client.delete_branch("nope"), "no branch `nope`", "`main`")
mistake(400, lambda: client.delete_branch("main"), "`main` is always there", "mark its entities deleted")
mistake(404, lambda: client.get_secret("nope"), "no secret `nope`; `client.add_secret(\"nope\", ..)` makes it")
mistake(400, lambda: client.add_secret("empty", ""), "at least one character")
mistake(401, lambda: Client(URL, "").inspect("User"), "no token", "authorization: Bearer")
mistake(401, lambda: Client(URL, "fnl_guessed-at").inspect("User"), "the token is not valid", "ask an admin")


def rest(method, path, body):
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    request = urllib.request.Request(f"{URL}/api/v1/{path}", json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


rest("PUT", "account/reader", {"roles": ["reader:main"]})
token = rest("POST", "token", {"account": "reader"})
reader = Client(URL, token["token"])
commits = lambda: reader.commit("not mine", datasets=[Sale], incremental=True)
mistake(403, commits, "account `reader`", "`write_definitions` on branch `main`", "ask an admin")
mistake(403, lambda: reader.log("shop", "user", frame), "account `reader`", "`write_data`", "shop/user")
rest("POST", f"token/{token['id']}/revoke", {})
mistake(401, lambda: reader.inspect("User"), "no longer valid", "revoked", "ask an admin")


# Commits.
def commit(datasets=(), featuresets=(), incremental=True, **options):
    options = {"incremental": incremental, **options}
    return lambda: client.commit("wrong", datasets=list(datasets), featuresets=list(featuresets), **options)


def seen(version=3, deleted=False, disorder="1d", endpoint="visit", where=None, preproc=None, uid=int, index=True):
    @meta(owner=__owner__, deleted=deleted)
    @source(shop.endpoint(endpoint), cdc="upsert", disorder=disorder, where=where, preproc=preproc)
    @dataset(index=index, version=version)
    class Seen:
        uid: int = field(key=True)
        at: datetime = field(timestamp=True)

    return Seen


def user(name_type=str, index=True, deleted=False, version=1):
    @meta(owner=__owner__, deleted=deleted)
    @source(shop.endpoint("user"), cdc="upsert", disorder="14d")
    @dataset(index=index, version=version)
    class User:
        uid: int = field(key=True)
        name: name_type
        age: between(int, 0, 150)
        kind: oneof(str, ["a", "b"])
        mail: regex(r".+@.+")
        born: Optional[date]
        cost: Decimal[2]
        address: Address
        tags: List[str]
        at: datetime = field(timestamp=True)

    return User


def sale(amount_type):
    @source(shop.endpoint("sale"), cdc="append", disorder="1d")
    @dataset(version=2)
    class Sale:
        uid: int
        amount: amount_type
        at: datetime = field(timestamp=True)

    return Sale


left_out = ["it is live", "leaves it out", "meta(deleted=True)"]
mistake(409, commit([User, Sale, Spend, Dear, Seen], [Visit], incremental=False), "featureset `Shopper`", *left_out)
mistake(409, commit(incremental=False), "dataset `User`", "featureset `Visit`", "`Shopper.name` reads it", *left_out)
mistake(409, commit([user(Optional[str])]), "`name.type` changes from `str` to `Optional[str]`", "write version = 2")
mistake(400, commit([user(int, version=2)]), "`Shopper.name`", "`Optional[str]`", "`User.name`", "`Optional[int]`")
step = "dataset `Dear.dear`: step 1, `filter`: "
mistake(400, commit([sale(str)]), step + "`*` needs numbers, and `amount` is `str`: `.str.parse(float)`")
mistake(400, commit([sale(Optional[float])]), step, "`Optional[bool]`: say what null means, as in `fillnull(False)`")
mistake(400, commit([sale(bool)]), step, "`when(a).then(1).otherwise(0)` makes it a number", "dataset `Spend`: it is made of `Sale`")
mistake(400, commit([user(index=False, version=2)]), "`User` is not indexed", "`@dataset(index=True)`")
mistake(400, commit([user(deleted=True)]), "dataset `User`, which is marked deleted", "meta(deleted=True) too")
mistake(409, commit([seen(disorder="2d")]), "`source[0].disorder`", "from `1d` to `2d`", "write version = 4")
mistake(409, commit([seen(endpoint="other")]), "`source[0].endpoint`", "from `visit` to `other`", "write version = 4")
preproc = seen(preproc={"uid": ref("id")})
mistake(409, commit([preproc]), "`source[0].preproc.uid` is added", "write version = 4")
mistake(409, commit([seen(version=2)]), "version 2 is lower than the committed 3", "only go up")
mistake(409, commit([seen(version=4)], backfill=False), "dataset `Seen`", "commit with backfill")


@featureset
class Visit:
    minutes: int


mistake(409, commit(featuresets=[Visit]), "featureset `Visit.hours`", *left_out)


@featureset
class Visit:
    minutes: int
    hours: float = F(col("minutes") / 61.0)


mistake(409, commit(featuresets=[Visit]), "featureset `Visit.hours`", "write version = 1 in its feature(..)")


@featureset
class Named:
    uid: int
    name: int

    @extractor
    @inputs("uid")
    @outputs("name")
    def made(cls, ts: pd.Series, uid: pd.Series):
        return uid + 1


client.commit("named", featuresets=[Named], incremental=True)


@featureset
class Named:
    uid: int
    name: int

    @extractor
    @inputs("uid")
    @outputs("name")
    def made(cls, ts: pd.Series, uid: pd.Series):
        return uid + 2


mistake(409, commit(featuresets=[Named]), "featureset `Named.made`", "changes", "write version = 1 in its @extractor(..)")


# Of the lambdas on a line the client sends one for all.
@dataset
class Beside:
    uid: int
    made: int
    at: datetime = field(timestamp=True)

    @pipeline
    @inputs(Sale)
    def beside(cls, sale: Dataset):
        return sale.filter(lambda df: df["amount"] > 9).assign("made", int, lambda df: df["uid"] * 2).drop("amount")


beside = "dataset `Beside.beside`: its `filter` and its `assign` of `made` arrive with the same lambda"
mistake(400, commit([Beside]), beside, "write each on a line of its own")


@source(shop.endpoint("judged"), cdc="append", disorder="1d")
@dataset
class Judged:
    uid: int
    at: datetime = field(timestamp=True)

    @expectations
    def expected(cls):
        return [expect_column_values_to_be_between(column="age", min_value=0, max_value=1)]


mistake(400, commit([Judged]), "dataset `Judged` has no column `age`", "`uid`")
assert sum(text.count("no column `age`") for text in said) == 1, "it is said once"


@source(MySQL(name="db", host="host", db_name="shop", username="me", password="secret").table("users", cursor="at"), cdc="upsert", disorder="1d")
@dataset(index=True)
class Elsewhere:
    uid: int = field(key=True)
    at: datetime = field(timestamp=True)


mistake(400, commit([Elsewhere]), "dataset `Elsewhere.db`", "MySQL sources are not run", "leave it out")

# Features that are no more.
client.commit("named", featuresets=[meta(owner=__owner__, deleted=True)(Named)], incremental=True)
mistake(404, query("Named.name", "Named.uid"), "`Named` is marked deleted")

# What is no request at all.
path = "/api/v1/commit?preview=false&incremental=false&backfill=true"
mistake(400, lambda: client._post_bytes(path, b"\xff\xff"), "not a SyncRequest")
mistake(404, lambda: client._get("/api/v1/nope"), "no call `/api/v1/nope`")
mistake(405, lambda: client._get("/api/v1/log"), "`/api/v1/log` doesn't take GET")

# What the client prints of commits.
summary = lambda **options: "".join(client.commit("told", **options)["body"]["summary"])
told = summary(datasets=[seen(version=4, preproc={"uid": ref("id")})], incremental=True, preview=True)
assert told == (
    "dataset `Seen`: changed\n  source[0].preproc.uid added: column id\n  version from 3 to 4\n"
    "a preview: branch `main` stays as it is\n"
), told
told = summary(datasets=[user(Optional[str], version=2)], featuresets=[], incremental=True, preview=True)
assert "\n  name.type from str to Optional[str]\n" in told, told
told = summary(datasets=[seen(deleted=True)], incremental=True)
assert told.startswith("dataset `Seen`: deleted\nbranch `main` is at commit "), told
assert summary(datasets=[seen(deleted=True)], incremental=True).startswith("nothing changes: "), told
print(f"{len(said)} texts about mistakes can be read")
