"""Values as they cross the pipe, and as pandas has them.

A type is a name, or a list that begins with one: "int", ["optional", T], ["struct", "Money", [["amount", T], ..]].
"""

import base64
import math
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal as Exact

import numpy as np
import pandas as pd

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DAY_ZERO = date(1970, 1, 1)
MICRO = timedelta(microseconds=1)


class Misfit(Exception):
    """What a function made, or can't be given: to be read behind its name."""


class Struct(dict):
    """A record: its fields are attributes, and items too."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        self[name] = value

    def __hash__(self):
        return hash(tuple(sorted((name, repr(value)) for name, value in self.items())))


def required(ty):
    return ty[1] if kind(ty) == "optional" else ty


def kind(ty):
    return ty if isinstance(ty, str) else ty[0]


def label(ty):
    """The type as it is written in Python."""
    name = kind(ty)
    if name == "optional":
        return f"Optional[{label(ty[1])}]"
    if name == "list":
        return f"List[{label(ty[1])}]"
    if name == "map":
        return f"Dict[str, {label(ty[1])}]"
    if name in ("decimal", "embedding"):
        return f"{name.capitalize()}[{ty[1]}]"
    if name == "struct":
        return ty[1]
    return {"timestamp": "datetime"}.get(name, name)


# From the pipe.


def series(name, ty, values):
    """A column as functions are given it."""
    what = kind(required(ty))
    if what in ("int", "float", "bool"):
        return pd.Series(masked(what, values), name=name)
    if what == "str":
        return pd.Series(pd.array([pd.NA if v is None else v for v in values], dtype="string"), name=name)
    if what == "timestamp":
        return pd.Series(instants(name, values), name=name)
    column = np.empty(len(values), dtype=object)
    for row, value in enumerate(values):
        column[row] = read(ty, value)
    return pd.Series(column, name=name)


def masked(what, values):
    mask = np.array([value is None for value in values], dtype=bool)
    if what == "int":
        return pd.arrays.IntegerArray(np.array([v or 0 for v in values], dtype="int64"), mask)
    if what == "bool":
        return pd.arrays.BooleanArray(np.array([bool(v) for v in values], dtype=bool), mask)
    return pd.arrays.FloatingArray(np.array([0.0 if v is None else float(v) for v in values], dtype="float64"), mask)


def instants(name, values):
    limit = (2**63 - 1) // 1000
    for row, value in enumerate(values):
        if value is not None and abs(value) > limit:
            shown = EPOCH + value * MICRO
            raise Misfit(
                f"can't be given {shown.isoformat()}, `{name}` of row {row}: "
                "pandas holds instants from 1677-09-22 to 2262-04-11"
            )
    nat = np.iinfo("int64").min
    nanos = np.array([nat if v is None else v * 1000 for v in values], dtype="int64")
    return pd.DatetimeIndex(nanos.view("datetime64[ns]")).tz_localize("UTC")


def read(ty, value):
    """A value by itself, or inside of another."""
    what = kind(ty)
    if value is None:
        return pd.NA
    if what == "optional":
        return read(ty[1], value)
    if what == "float":
        return float(value)
    if what == "bytes":
        return base64.b64decode(value)
    if what == "timestamp":
        return EPOCH + value * MICRO
    if what == "date":
        return DAY_ZERO + timedelta(days=value)
    if what == "decimal":
        return Exact(value)
    if what == "list":
        return [read(ty[1], element) for element in value]
    if what == "embedding":
        return [float(element) for element in value]
    if what == "map":
        return {name: read(ty[1], element) for name, element in value.items()}
    if what == "struct":
        return Struct((name, read(of, field)) for (name, of), field in zip(ty[2], value))
    return value


# To the pipe.

NAN = object()  # a NaN of a column that tells it from null


def values_of(column):
    """The values of a series. One of pandas' own floats has nulls beside NaN; elsewhere NaN is how null is written."""
    values = column.tolist()
    if isinstance(column.dtype, (pd.Float64Dtype, pd.Float32Dtype)):
        values = [NAN if isinstance(value, float) and math.isnan(value) else value for value in values]
    return values


def column(name, ty, values):
    """A column that a function made."""
    written = []
    for row, value in enumerate(values):
        try:
            written.append(write(ty, value))
        except (TypeError, ValueError, OverflowError, ArithmeticError) as error:
            why = f" ({error})" if str(error) else ""
            raise Misfit(
                f"made {shown(value)} for `{name}` of row {row}, which is {label(ty)}{why}"
            ) from None
    return written


def shown(value):
    text = repr(value)
    return f"{text[:80]}… ({type(value).__name__})" if len(text) > 80 else f"{text} ({type(value).__name__})"


def is_null(value):
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def write(ty, value):
    what = kind(ty)
    if what == "optional":
        return None if is_null(value) else write(ty[1], value)
    if value is NAN:
        value = math.nan
    if what == "float" and isinstance(value, (float, int, np.floating, np.integer)) and not isinstance(value, bool):
        value = float(value)
        return value if math.isfinite(value) else str(value)
    if is_null(value):
        raise ValueError("it is not optional")
    if what not in WRITE:
        raise TypeError
    return WRITE[what](ty, value)


def write_bool(_, value):
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError


def write_int(_, value):
    if isinstance(value, (bool, np.bool_)):
        raise TypeError
    if isinstance(value, (float, np.floating)):
        if not value.is_integer():
            raise ValueError("it is no whole number")
        value = int(value)
    if not isinstance(value, (int, np.integer)):
        raise TypeError
    if not -(2**63) <= int(value) < 2**63:
        raise ValueError("it takes more than 64 bits")
    return int(value)


def write_str(_, value):
    if not isinstance(value, str):
        raise TypeError
    value.encode("utf-8")
    return str(value)


def write_bytes(_, value):
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise TypeError
    return base64.b64encode(bytes(value)).decode("ascii")


def write_timestamp(_, value):
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if not isinstance(value, datetime):
        raise TypeError
    value = value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
    value = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
    return (value - EPOCH) // MICRO


def write_date(_, value):
    if isinstance(value, datetime):
        if value.time() != datetime.min.time():
            raise ValueError("it has a time of day")
        value = value.date()
    if not isinstance(value, date):
        raise TypeError
    return (value - DAY_ZERO).days


def write_decimal(ty, value):
    if isinstance(value, (bool, np.bool_)):
        raise TypeError
    if isinstance(value, (np.integer, np.floating)):
        value = value.item()
    if isinstance(value, float):
        value = repr(value)
    elif not isinstance(value, (int, Exact)):
        raise TypeError
    value = Exact(value)
    if not value.is_finite():
        raise ValueError("it is not finite")
    return format(value, "f")


def write_list(ty, value):
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise TypeError
    return [write(ty[1], element) for element in value]


def write_embedding(ty, value):
    written = write_list(["list", "float"], value)
    if len(written) != ty[1]:
        raise ValueError(f"it has {len(written)} numbers")
    return written


def write_map(ty, value):
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise TypeError
    return {name: write(ty[1], element) for name, element in value.items()}


def write_struct(ty, value):
    fields = value if isinstance(value, dict) else getattr(value, "__dict__", None)
    if fields is None:
        raise TypeError
    unknown = [name for name in fields if name not in [name for name, _ in ty[2]]]
    if unknown:
        raise ValueError(f"it has no field {unknown[0]}")
    return [write(of, fields.get(name)) for name, of in ty[2]]


WRITE = {
    "bool": write_bool,
    "int": write_int,
    "str": write_str,
    "bytes": write_bytes,
    "timestamp": write_timestamp,
    "date": write_date,
    "decimal": write_decimal,
    "list": write_list,
    "embedding": write_embedding,
    "map": write_map,
    "struct": write_struct,
}
