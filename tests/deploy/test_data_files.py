"""A wrong data file is refused with the place and what was expected."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict

from deploy.data_files import DataFileError, read_data_file


class Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    share: Decimal


class Whole(Part):
    starts_on: date
    parts: list[Part]


RIGHT = """\
name: Kompetens
share: "0.25"
starts_on: 2020-08-01
parts:
  - name: first
    share: "1"
  - name: second
    share: "2"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_right_file_is_read_exactly(tmp_path: Path) -> None:
    whole = read_data_file(write(tmp_path, RIGHT), Whole)
    assert whole.share == Decimal("0.25")
    assert whole.starts_on == date(2020, 8, 1)
    assert [part.name for part in whole.parts] == ["first", "second"]


@pytest.mark.parametrize(
    ("wrong", "line", "field", "expected"),
    [
        (RIGHT.replace("name: second", "name: 7"), 7, "parts.1.name", "valid string (found '7')"),
        (RIGHT.replace("2020-08-01", "2020-13-01"), 3, "starts_on", "valid date"),
        (RIGHT.replace("starts_on: 2020-08-01\n", ""), 1, "starts_on", "missing"),
        (RIGHT.replace('share: "1"', 'shere: "1"'), 6, "parts.0.shere", "no such field"),
        (RIGHT + "name: twice\n", 9, "(form)", "duplicate key"),
        (RIGHT + "  : [\n", 9, "(form)", "YAML"),
        ("- only a list\n", 1, "(form)", "fields with values"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, wrong: str, line: int, field: str, expected: str) -> None:
    with pytest.raises(DataFileError) as caught:
        read_data_file(write(tmp_path, wrong), Whole)
    faults = [fault for fault in caught.value.faults if fault.field == field]
    assert faults, caught.value
    assert (faults[0].line, expected in faults[0].expected) == (line, True), str(faults[0])


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        read_data_file(write(tmp_path, RIGHT.replace("first", "1").replace('"2"', "many")), Whole)
    assert len(caught.value.faults) == 2


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes("name: Älmhult".encode("latin-1"))
    with pytest.raises(DataFileError, match="UTF-8"):
        read_data_file(path, Whole)
