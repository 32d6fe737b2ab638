"""Reading a data file that people write: YAML against a strict model, with the line of whatever is wrong.

Nothing is given back unless the whole file is right.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode

M = TypeVar("M", bound=BaseModel)
PutTogether = Callable[[dict[str, Any]], dict[str, Any]]
_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where, and what was expected."""

    file: Path
    line: int
    field: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.expected}"


class DataFileError(Exception):
    """A data file is wrong; `faults` has all of it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


class _DatesAsText(RoundTripConstructor):
    """Leaves dates as they are written: the model reads them, and tells which one is wrong."""

    def construct_written(self, node: ScalarNode) -> str:
        value: str = node.value
        return value


_DatesAsText.add_constructor("tag:yaml.org,2002:timestamp", _DatesAsText.construct_written)


def read_data_file(path: Path, model: type[M], *, put_together: PutTogether | None = None) -> M:
    """Return the file's content as `model`. Raises DataFileError naming file, line, field and what was expected.

    `put_together` may add to the tree what is said elsewhere; its LookupError(field, expected) is a fault of this file.
    """
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _DatesAsText
    yaml.allow_duplicate_keys = False
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "this cannot be read"
        raise DataFileError([Fault(path, mark.line + 1 if mark else 1, "(form)", f"YAML; {problem}")]) from error
    except UnicodeDecodeError as error:
        raise DataFileError([Fault(path, 1, "(form)", f"text in UTF-8; {error.reason}")]) from error
    if not isinstance(tree, CommentedMap):
        raise DataFileError([Fault(path, 1, "(form)", "fields with values")])
    try:
        whole = put_together(tree) if put_together else tree
        # By way of JSON, whose strict mode reads dates and decimals from text and nothing else from anything else.
        return model.model_validate_json(json.dumps(whole))
    except LookupError as error:
        field, expected = error.args
        raise DataFileError([Fault(path, _line(tree, [field]), field, expected)]) from error
    except ValidationError as error:
        raise DataFileError([_fault(path, tree, detail) for detail in error.errors(include_url=False)]) from error


def _fault(path: Path, tree: CommentedMap, detail: ErrorDetails) -> Fault:
    location = [step for step in detail["loc"] if isinstance(step, int) or not step.startswith("function-")]
    field = ".".join(str(step) for step in location) or "(whole)"
    expected = detail["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    if detail["type"] == "missing":
        expected = "expected, and missing"
    elif detail["type"] == "extra_forbidden":
        expected = "no such field is expected here"
    elif isinstance(found := detail["input"], str | int | float | bool):
        expected += f" (found {str(found)[:_SHOWN]!r})"
    return Fault(path, _line(tree, location), field, expected)


def _line(node: Any, location: Sequence[str | int]) -> int:  # noqa: ANN401 - any node of the tree
    """The line of the deepest step that is in the file, counted from one."""
    line: int = node.lc.line
    for step in location:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0]
        elif isinstance(node, Mapping | Sequence) and not isinstance(node, str):
            continue  # a step that names a choice of a union, not a place in the file
        else:
            break
        node = node[step]
    return line + 1
