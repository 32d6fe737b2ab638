"""Rows of a form: fields named `lines.0.title`, `lines.0.seats`, `lines.1.title`, … are the list `lines` of its body.

A row in which nothing was filled in is left out. What is wrong is told at the field as it was typed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final, get_args, get_origin

from shared.web.bodies import Body

_FIELD: Final = re.compile(r"([a-z_]+)\.(\d{1,3})\.([a-z_]+)")
Typed = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Rows:
    """The values of each list of rows, and the number that each row has on the page."""

    values: Mapping[str, list[dict[str, object]]]
    numbers: Mapping[str, list[int]]

    def place(self, loc: Sequence[str | int]) -> tuple[str | int, ...]:
        """Return where something wrong is on the page, from where it is in the body."""
        match loc:
            case [str() as name, int() as number, *rest] if name in self.numbers:
                return (name, self.numbers[name][number], *rest)
            case _:
                return tuple(loc)


def is_row_field(name: str) -> bool:
    """Whether a field belongs to a row."""
    return _FIELD.fullmatch(name) is not None


def rows_in(typed: Typed, model: type[Body], plain: Callable[[Typed, type[Body]], dict[str, object]]) -> Rows:
    """Return the rows that were typed; `plain` gives one row's values as a program would have sent them."""
    found: dict[str, dict[int, dict[str, Sequence[str]]]] = {}
    for name, given in typed.items():
        if parts := _FIELD.fullmatch(name):
            found.setdefault(parts[1], {}).setdefault(int(parts[2]), {})[parts[3]] = given
    values: dict[str, list[dict[str, object]]] = {}
    numbers: dict[str, list[int]] = {}
    for name, rows in found.items():
        kind = _row_model(model, name)
        values[name], numbers[name] = [], []
        for number in sorted(rows):
            if kind is None or _is_filled(rows[number], kind):
                numbers[name].append(number)
                values[name].append(dict(rows[number]) if kind is None else plain(rows[number], kind))
    return Rows(values, numbers)


def _row_model(model: type[Body], name: str) -> type[Body] | None:
    known = model.model_fields.get(name)
    annotation: Any = known.annotation if known is not None else None
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    inner = get_args(annotation)[0] if get_args(annotation) else None
    return inner if isinstance(inner, type) and issubclass(inner, Body) else None


def _is_filled(row: Typed, model: type[Body]) -> bool:
    """Whether anything was filled in: what a choice or a field begins with is sent in every row."""
    for name, given in row.items():
        known = model.model_fields.get(name)
        is_choice = known is not None and isinstance(known.annotation, type) and issubclass(known.annotation, Enum)
        begins = {"", str(known.default) if known is not None and not known.is_required() else ""}
        if not is_choice and any(value.strip() not in begins for value in given):
            return True
    return False
