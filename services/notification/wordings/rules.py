"""The form of a wording: lines with named fields, some of them only where a field has a value. Pure.

Subject: Bekräftelse: {course_title}

Hej!
[if first_meeting] Första kurspasset är {first_meeting}.
[unless standstill_until] Ingen avtalsspärr gäller.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

_SUBJECT = "Subject: "
_CONDITION = re.compile(r"\[(if|unless) ([a-z_]+)\] ?")
_NAME = re.compile(r"[a-z_]+")
_BLANK_LINES = re.compile(r"\n{3,}")


class WordingWrong(ValueError):  # noqa: N818 - named for what is wrong
    """A text cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; it stands where `field` has a value (`present`) or has none, or always where there is no `field`."""

    text: str
    names: frozenset[str]
    field: str | None = None
    present: bool = True

    def stands(self, values: Mapping[str, str]) -> bool:
        """Whether the line is to be shown."""
        return self.field is None or (self.field in values) == self.present


@dataclass(frozen=True, slots=True)
class Wording:
    """A text that has been read: its subject (e-mail only) and its lines."""

    subject: Line | None
    lines: tuple[Line, ...]

    @property
    def names(self) -> frozenset[str]:
        """Every field that is used."""
        return frozenset().union(*(line.names for line in self._all()))

    @property
    def unguarded(self) -> frozenset[str]:
        """The fields that are used in a line that stands even where they have no value."""
        return frozenset().union(*(line.names - ({line.field} if line.present else set()) for line in self._all()))

    @property
    def conditions(self) -> frozenset[str]:
        """The fields on whose presence a line depends."""
        return frozenset(line.field for line in self.lines if line.field is not None)

    @property
    def literal(self) -> str:
        """What is the same in every sending."""
        return "\n".join(Formatter().vformat(line.text, (), _Empty()) for line in self._all())

    def filled(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Return subject and text. Raises WordingWrong where a field that is needed has no value."""
        try:
            subject = self.subject.text.format_map(values) if self.subject else ""
            text = "\n".join(line.text.format_map(values) for line in self.lines if line.stands(values))
        except KeyError as error:
            raise WordingWrong(f"the field {error.args[0]} has no value") from error
        return " ".join(subject.split()), _BLANK_LINES.sub("\n\n", text).strip() + "\n"

    def _all(self) -> tuple[Line, ...]:
        return (self.subject, *self.lines) if self.subject else self.lines


class _Empty(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def read_wording(source: str, *, has_subject: bool) -> Wording:
    """Read a text. Raises WordingWrong for a missing subject, an unknown condition or braces that name no field."""
    lines = source.strip().split("\n")
    subject = None
    if has_subject:
        first = lines.pop(0)
        if not first.startswith(_SUBJECT) or not first.removeprefix(_SUBJECT).strip():
            raise WordingWrong("the first line must be “Subject: …”")
        subject = _read_line(first.removeprefix(_SUBJECT))
    if not any(line.strip() for line in lines):
        raise WordingWrong("there is no text")
    return Wording(subject, tuple(_read_line(line.rstrip()) for line in lines))


def _read_line(source: str) -> Line:
    condition = _CONDITION.match(source)
    if condition is None and source.lstrip().startswith("["):
        raise WordingWrong(f"“{source[:40]}” begins with neither [if field] nor [unless field]")
    text = source[condition.end() :] if condition else source
    names = _names(text)
    if condition is None:
        return Line(text, names)
    return Line(text, names, condition.group(2), condition.group(1) == "if")


def _names(text: str) -> frozenset[str]:
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise WordingWrong(f"“{text[:40]}”: {error}") from error
    names = set()
    for _literal, name, specification, conversion in parts:
        if name is None:
            continue
        if not _NAME.fullmatch(name) or specification or conversion:
            raise WordingWrong(f"“{{{name}}}” is not the name of a field")
        names.add(name)
    return frozenset(names)
