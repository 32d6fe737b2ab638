"""All wordings of a process, read and checked when it starts: what is missing is an error then, not at sending."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.notification.channels.rules import is_gsm_7, plain_for_sms
from services.notification.kinds import KINDS, UNIVERSAL, ChannelName, Field, Kind
from services.notification.wordings.forms import LANGUAGES, shown
from services.notification.wordings.rules import Wording, WordingWrong, read_wording

TEXTS: Final = Path(__file__).with_name("texts")
FOOTER: Final = "footer"


class WordingsWrong(ValueError):  # noqa: N818 - named for what is wrong
    """The wordings cannot be used; every fault is listed with its file."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("the wordings are wrong:\n" + "\n".join(self.faults))


@dataclass(frozen=True, slots=True)
class Written:
    """What is said to one recipient."""

    subject: str
    text: str


class Wordings:
    """The checked wordings. Made by `load_wordings`."""

    def __init__(self, kinds: Mapping[str, Kind], texts: Mapping[tuple[str, ChannelName, str], Wording]) -> None:
        self._kinds = kinds
        self._texts = texts

    def write(
        self,
        kind: str,
        channel: ChannelName,
        language: str,
        content: Mapping[str, object],
        universal: Mapping[str, str],
    ) -> Written:
        """Fill a wording with a notification's content. Raises WordingWrong where the content does not fit its kind."""
        values = {**universal, **_written(self._kinds[kind].fields, content, language)}
        subject, text = self._texts[kind, channel, language].filled(values)
        if channel is ChannelName.SMS:
            return Written("", plain_for_sms(text.strip()))
        _, footer = self._texts[FOOTER, ChannelName.EMAIL, language].filled(values)
        return Written(subject, f"{text}\n-- \n{footer}")

    def source(self, kind: str, channel: ChannelName, language: str) -> Written:
        """Return a wording as it is written, with its fields in braces."""
        wording = self._texts[kind, channel, language]
        lines = [
            f"[{'if' if line.present else 'unless'} {line.field}] {line.text}" if line.field else line.text
            for line in wording.lines
        ]
        return Written(wording.subject.text if wording.subject else "", "\n".join(lines))


def _written(fields: Sequence[Field], content: Mapping[str, object], language: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for field in fields:
        value = content.get(field.name)
        if value is None:
            if field.optional:
                continue
            raise WordingWrong(f"the content has no {field.name}")
        try:
            values[field.name] = shown(field.form, value, language)
        except ValueError as error:
            raise WordingWrong(f"{field.name}: {error}") from error
    return values


def load_wordings(folder: Path = TEXTS, kinds: Mapping[str, Kind] = KINDS) -> Wordings:
    """Read every text and check it against its kind. Raises WordingsWrong with all that is wrong."""
    faults: list[str] = []
    texts: dict[tuple[str, ChannelName, str], Wording] = {}
    expected = set()
    for name, channel, language, kind in _expected(kinds):
        path = folder / language / f"{name}.{channel}.txt"
        shown_path = f"{language}/{path.name}"
        expected.add(path)
        if not path.exists():
            faults.append(f"{shown_path}: there is no such file")
            continue
        try:
            wording = read_wording(path.read_text(encoding="utf-8"), has_subject=_has_subject(name, channel))
        except WordingWrong as error:
            faults.append(f"{shown_path}: {error}")
            continue
        faults += [f"{shown_path}: {fault}" for fault in _faults(wording, kind, channel)]
        texts[name, channel, language] = wording
    unknown = sorted(set(folder.glob("*/*")) - expected)
    faults += [f"{path.parent.name}/{path.name}: no kind and channel has this text" for path in unknown]
    if faults:
        raise WordingsWrong(faults)
    return Wordings(kinds, texts)


def _expected(kinds: Mapping[str, Kind]) -> Iterator[tuple[str, ChannelName, str, Kind | None]]:
    for language in LANGUAGES:
        yield FOOTER, ChannelName.EMAIL, language, None
        for kind in kinds.values():
            for channel in kind.channels:
                yield kind.name, channel, language, kind


def _has_subject(name: str, channel: ChannelName) -> bool:
    return channel is ChannelName.EMAIL and name != FOOTER


def _faults(wording: Wording, kind: Kind | None, channel: ChannelName) -> Iterator[str]:
    own = kind.fields if kind is not None else ()
    fields = {field.name: field for field in (*UNIVERSAL, *own)}
    for name in sorted((wording.names | wording.conditions) - set(fields)):
        yield f"there is no field {name}; there are {', '.join(sorted(fields))}"
    for field in own:
        if (field.sms or channel is ChannelName.EMAIL) and field.name not in wording.names:
            yield f"the field {field.name} is not used"
    for name in sorted(wording.conditions & set(fields)):
        if not fields[name].optional:
            yield f"the field {name} always has a value, so no line may depend on it"
    for name in sorted(wording.unguarded & set(fields)):
        if fields[name].optional:
            yield f"the field {name} may have no value: put it in a line that begins [if {name}]"
    if channel is ChannelName.SMS and not is_gsm_7(wording.literal):
        yield "it holds a character that is not in the GSM-7 alphabet, which would make every SMS cost double"
