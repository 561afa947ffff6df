"""The modules called `fennel` that the code of functions imports.

Functions travel with the classes around them, so that code names what the public client declares with. Here a
declaration does nothing, but for a dataset's `lookup`. A server's Python needs pandas, and no client: one that is
installed is not used, so that functions are the same everywhere.
"""

import sys
import types
from typing import Any


class Inert:
    """Part of a declaration: whatever is done to it is another one."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return self

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _):
        return self

    def _operator(self, *_):
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __and__ = __rand__ = __or__ = __ror__ = _operator
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __invert__ = _operator


class Sized:
    """A type with a number, such as `Decimal[2]`."""

    def __class_getitem__(cls, _):
        return cls


class Decimal(Sized):
    pass


class Embedding(Sized):
    pass


def restricted(*_, **__):
    return Any


def of_class(cls=None, **_):
    """Decorates a class, with or without arguments, and leaves it as it is."""
    return (lambda decorated: decorated) if cls is None else cls


def with_arguments(*_, **__):
    return lambda decorated: decorated


def struct(cls):
    names = list(getattr(cls, "__annotations__", {}))

    def __init__(self, *args, **kwargs):
        for name in names:
            default = cls.__dict__.get(name)
            self[name] = kwargs.pop(name, default)
        if args or kwargs:
            raise TypeError(f"{cls.__name__} takes {', '.join(names)} by name")

    return type(cls.__name__, (Struct,), {"__init__": __init__, "__annotations__": cls.__annotations__})


@struct
class Window:
    begin: Any
    end: Any


class Dataset:
    """Annotates the parameters of pipelines."""


def name_members(cls):
    """Columns and features are their names."""
    for name in getattr(cls, "__annotations__", {}):
        if not isinstance(vars(cls).get(name), classmethod):
            setattr(cls, name, name)


def dataset(cls=None, **_):
    if cls is None:
        return dataset
    called = cls.__name__

    def lookup(ts, *args, **keys):
        if args:
            raise TypeError(f"{called}.lookup takes keys by name, as in {called}.lookup(ts, key=..)")
        fields = keys.pop("fields", [])
        return dataset_lookup(called, ts, fields, keys)

    name_members(cls)
    cls.lookup = staticmethod(lookup)
    cls.__fennel_original_cls__ = cls
    return cls


def featureset(cls):
    for name, member in list(vars(cls).items()):
        if getattr(member, "__fennel_extractor__", False):
            setattr(cls, name, classmethod(member))
    name_members(cls)
    cls.__fennel_original_cls__ = cls
    return cls


def extractor(function=None, **_):
    if function is None:
        return extractor
    function.__fennel_extractor__ = True
    return function


def absent(name, instead):
    def missing(*_, **__):
        raise RuntimeError(f"{name} is not there for functions on this server: {instead}")

    return missing


DECLARATIONS = """
    field feature Featureset Feature Pipeline Extractor
    Count Sum Average Min Max LastK FirstK Stddev Distinct Quantile ExpDecaySum AggregateType
    Continuous Tumbling Hopping Session
    Webhook Kafka S3 MySQL Postgres Mongo Snowflake BigQuery Redshift Kinesis PubSub HTTP Avro Protobuf CSV
    ref Ref eval Eval Certificate at_timestamp
    col lit when now repeat var make_struct from_epoch
    expect_column_pair_values_A_to_be_greater_than_B expect_column_pair_values_to_be_equal
    expect_column_pair_values_to_be_in_set expect_column_value_lengths_to_be_between
    expect_column_value_lengths_to_equal expect_column_values_to_be_between
    expect_column_values_to_be_dateutil_parseable expect_column_values_to_be_in_set
    expect_column_values_to_be_in_type_list expect_column_values_to_be_json_parseable
    expect_column_values_to_be_null expect_column_values_to_be_of_type
    expect_column_values_to_match_json_schema expect_column_values_to_match_regex
    expect_column_values_to_match_regex_list expect_column_values_to_match_strftime_format
    expect_column_values_to_not_be_in_set expect_column_values_to_not_be_null
    expect_column_values_to_not_match_regex expect_column_values_to_not_match_regex_list
    expect_multicolumn_sum_to_equal
"""

MODULES = """
    fennel fennel.connectors fennel.connectors.connectors fennel.datasets fennel.datasets.datasets
    fennel.datasets.aggregate fennel.featuresets fennel.lib fennel.lib.expectations fennel.lib.params
    fennel.lib.includes fennel.lib.metadata fennel.internal_lib fennel.internal_lib.schema
    fennel.internal_lib.utils fennel.dtypes fennel.dtypes.dtypes fennel.expr
"""


def install(dataset_lookup):
    """Makes the modules. Each has all names, whichever of them the client has it in."""
    globals()["dataset_lookup"] = dataset_lookup
    names = {name: Inert() for name in DECLARATIONS.split()}
    names.update(
        dataset=dataset, Dataset=Dataset, featureset=featureset, extractor=extractor, struct=struct, Window=Window,
        Decimal=Decimal, Embedding=Embedding, oneof=restricted, between=restricted, regex=restricted,
        dataset_lookup=lambda name, ts, fields, keys: dataset_lookup(name, ts, fields, dict(keys.items())),
        bucketize=absent("bucketize", "compute the window inside of the function"),
        secrets=types.SimpleNamespace(get=absent("secrets.get", "look the value up in a dataset")),
    )  # fmt: skip
    for name in ["meta", "index"]:
        names[name] = of_class
    for name in ["inputs", "outputs", "includes", "pipeline", "source", "sink", "expectations"]:
        names[name] = with_arguments
    for name in MODULES.split():
        module = types.ModuleType(name)
        module.__path__ = []
        module.__dict__.update(names)
        module.__all__ = list(names)
        sys.modules[name] = module
