"""A list as a workbook of one sheet. Imported by whoever is asked for one, and by nobody at its start."""

import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

_NARROWEST, _WIDEST = 8, 60


def as_workbook(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Return the rows below their headings, which stay in sight, each column as wide as what it holds."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for number, heading in enumerate(headings, 1):
        longest = max((len(str(row[number - 1] or "")) for row in rows), default=0)
        width = min(max(longest, len(heading), _NARROWEST), _WIDEST)
        sheet.column_dimensions[get_column_letter(number)].width = width + 2
    sheet.freeze_panes = "A2"
    top = []
    for heading in headings:
        cell = WriteOnlyCell(sheet, heading)
        cell.font = Font(bold=True)
        top.append(cell)
    sheet.append(top)
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
