"""Texts are checked when they are loaded: each rule with a text that breaks it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from services.notification.channels.rules import parts_of
from services.notification.kinds import KINDS, ChannelName, Field, Kind
from services.notification.wordings.catalogue import TEXTS, WordingsWrong, load_wordings
from services.notification.wordings.forms import LANGUAGES
from services.notification.wordings.rules import WordingWrong, read_wording

UNIVERSAL = {"recipient_name": "Eva", "origin": "https://kurslots.test", "project_name": "Lyftkraft Dalarna"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TEXTS, tmp_path / "texts")
    return tmp_path / "texts"


def faults_of(folder: Path) -> str:
    with pytest.raises(WordingsWrong) as caught:
        load_wordings(folder)
    return "\n".join(caught.value.faults)


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def test_the_texts_that_are_shipped_are_right() -> None:
    wordings = load_wordings()
    for kind in KINDS.values():
        for channel in kind.channels:
            assert wordings.source(kind.name, channel, "sv").text
            assert wordings.source(kind.name, channel, "en").text != wordings.source(kind.name, channel, "sv").text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_text_is_told(folder: Path, language: str) -> None:
    (folder / language / "award.email.txt").unlink()
    assert faults_of(folder) == f"{language}/award.email.txt: there is no such file"


def test_a_text_that_nothing_uses_is_told(folder: Path) -> None:
    (folder / "sv" / "award.sms.txt").write_text("Hej", encoding="utf-8")
    assert "sv/award.sms.txt: no kind and channel has this text" in faults_of(folder)


def test_a_field_that_does_not_exist_is_told(folder: Path) -> None:
    edit(folder / "sv" / "request_in_case.email.txt", lambda text: text + "{diarienummer}\n")
    assert "there is no field diarienummer" in faults_of(folder)


def test_a_field_that_is_left_out_is_told(folder: Path) -> None:
    edit(folder / "en" / "non_award.email.txt", lambda text: text.replace("{reason}", "see the file"))
    assert faults_of(folder) == "en/non_award.email.txt: the field reason is not used"


def test_an_optional_field_outside_its_line_is_told(folder: Path) -> None:
    edit(folder / "sv" / "award.email.txt", lambda text: text.replace("[if points] ", ""))
    assert "sv/award.email.txt: the field points may have no value" in faults_of(folder)


def test_a_line_that_depends_on_a_field_with_a_value_always_is_told(folder: Path) -> None:
    edit(folder / "sv" / "award.email.txt", lambda text: text + "[if reason] Läs mer.\n")
    assert "the field reason always has a value" in faults_of(folder)


def test_an_sms_with_a_character_that_costs_double_is_told(folder: Path) -> None:
    edit(folder / "sv" / "run_changed.sms.txt", lambda text: text + "Läs mer … i din e-post\n")
    assert "not in the GSM-7 alphabet" in faults_of(folder)


def test_every_fault_is_told_at_once(folder: Path) -> None:
    (folder / "sv" / "award.email.txt").unlink()
    (folder / "en" / "award.email.txt").unlink()
    assert len(faults_of(folder).split("\n")) == 2


def test_a_new_kind_needs_its_texts() -> None:
    kinds = {**KINDS, "greeting": Kind("greeting", (Field("title"),))}
    with pytest.raises(WordingsWrong, match=r"sv/greeting\.email\.txt: there is no such file"):
        load_wordings(kinds=kinds)


@pytest.mark.parametrize(
    "source",
    [
        "Hej!\n",
        "Subject: \nHej",
        "Subject: Hej",
        "Subject: Hej\n{0}",
        "Subject: Hej\n{}",
        "Subject: Hej\n{name!r}",
        "Subject: Hej\n{name:>10}",
        "Subject: Hej\n{name.__class__}",
        "Subject: Hej\n{name",
        "Subject: Hej\n[om name] {name}",
    ],
)
def test_what_is_no_wording_is_refused(source: str) -> None:
    with pytest.raises(WordingWrong):
        read_wording(source, has_subject=True)


def test_a_value_is_never_read_as_a_field() -> None:
    wording = read_wording("Subject: {title}\nOm {title}", has_subject=True)
    assert wording.filled({"title": "{reason}"}) == ("{reason}", "Om {reason}\n")


def test_a_line_break_in_a_value_stays_out_of_the_subject() -> None:
    wording = read_wording("Subject: Om {title}\n{title}", has_subject=True)
    subject, _ = wording.filled({"title": "kurs\r\nBcc: alla@example.test"})
    assert subject == "Om kurs Bcc: alla@example.test"


def test_content_that_lacks_a_field_is_refused() -> None:
    content = {"title": "Svetsning", "reference": "R-1"}
    with pytest.raises(WordingWrong, match="no registration_number"):
        load_wordings().write("request_in_case", ChannelName.EMAIL, "sv", content, UNIVERSAL)


def test_lines_follow_whether_a_field_has_a_value() -> None:
    wordings = load_wordings()
    content = {
        "title": "Svetsning",
        "registration_number": "2026/17",
        "buyer_name": "Regionen",
        "decided_on": "2026-11-24",
        "reason": "Bäst pris",
    }
    without = wordings.write("award", ChannelName.EMAIL, "sv", content, UNIVERSAL)
    assert "Ingen avtalsspärr gäller" in without.text
    assert "poäng" not in without.text
    held = {**content, "standstill_until": "2026-12-04", "points": "87,5"}
    with_both = wordings.write("award", ChannelName.EMAIL, "sv", held, UNIVERSAL)
    assert "Avtalsspärr gäller till och med 2026-12-04." in with_both.text
    assert "Er poäng: 87,5" in with_both.text
    assert "Ingen avtalsspärr" not in with_both.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_ordinary_sms_is_one_part(language: str) -> None:
    content = {
        "course_title": "Svetsning, grundkurs",
        "run_reference": "K-7K3M9X",
        "starts_at": "2026-11-25T08:00:00Z",
        "mode": "physical",
        "place": "Falu Mekaniska, Hantverksgatan 4",
    }
    written = load_wordings().write("meeting_reminder", ChannelName.SMS, language, content, UNIVERSAL)
    assert parts_of(written.text) == 1
