"""Whether frames hold what they should."""

from datetime import date, datetime, timezone
from decimal import Decimal as Exact

import pandas as pd

NA = pd.NA


def utc(*parts):
    return datetime(*parts, tzinfo=timezone.utc)


def same(value, wanted):
    if wanted is NA:
        return value is None or pd.api.types.is_scalar(value) and pd.isna(value)
    if isinstance(wanted, dict):
        return set(value) == set(wanted) and all(same(value[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(same, value, wanted))
    if isinstance(wanted, Exact):
        return Exact(value) == wanted  # text where the client makes the column optional
    if isinstance(wanted, (str, bool, int, float, date)):
        return type(value) is type(wanted) and value == wanted or value == pd.Timestamp(wanted)
    # What is left are structs.
    return all(same(getattr(value, name), of) for name, of in vars(wanted).items())


def check(frame, column, wanted):
    found = frame[column].tolist()
    assert same(found, wanted), f"{column}: {found!r} is not {wanted!r}"


def of_type(frame, types):
    for column, dtype in types.items():
        assert str(frame[column].dtype) == dtype, f"{column}: {frame[column].dtype}"
