"""Values by a committed JSON Schema as a newer owner would send them: with more fields, and new words where text is."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
_TIMES = st.datetimes().map(lambda time: f"{time.isoformat()}Z")
_FORMATS: dict[str | None, st.SearchStrategy[Any]] = {
    None: _WORDS,
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "date-time": _TIMES,
}
_MORE = st.dictionaries(
    _WORDS.map(lambda word: f"new_{word}"),
    st.none() | st.booleans() | st.integers() | _WORDS | st.lists(_WORDS, max_size=2),
    max_size=2,
)


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Give JSON values that a newer owner may send, who only adds to the schema."""
    return _values(schema, schema.get("$defs", {}))


def _values(schema: dict[str, Any], named: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(named[schema["$ref"].rpartition("/")[2]], named)
    if "anyOf" in schema:
        return st.one_of([_values(each, named) for each in schema["anyOf"]])
    return _BY_TYPE[schema["type"]](schema, named)


def _objects(schema: dict[str, Any], named: dict[str, Any]) -> st.SearchStrategy[Any]:
    required = set(schema.get("required", ()))
    fields = {name: _values(each, named) for name, each in schema["properties"].items()}
    known = st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in required},
        optional={name: each for name, each in fields.items() if name not in required},
    )
    return st.tuples(_MORE, known).map(lambda parts: {**parts[0], **parts[1]})


_ByType = Callable[[dict[str, Any], dict[str, Any]], st.SearchStrategy[Any]]
_BY_TYPE: dict[str, _ByType] = {
    "object": _objects,
    "array": lambda schema, named: st.lists(_values(schema["items"], named), max_size=2),
    "string": lambda schema, _: _FORMATS[schema.get("format")],
    "integer": lambda _schema, _: st.integers(-(2**53), 2**53),
    "boolean": lambda _schema, _: st.booleans(),
    "null": lambda _schema, _: st.none(),
}
