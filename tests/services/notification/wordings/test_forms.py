"""Values are written as people write them."""

import pytest

from services.notification.kinds import Form
from services.notification.wordings.forms import shown

MEETING = {
    "meeting_id": "0191c5a0-0000-7000-8000-000000000000",
    "starts_at": "2026-11-22T12:00:00Z",
    "ends_at": "2026-11-22T15:30:00Z",
    "mode": "both",
    "place": "Falun",
}


@pytest.mark.parametrize(
    ("form", "value", "swedish", "english"),
    [
        (Form.DAY, "2026-11-22", "2026-11-22", "22 November 2026"),
        (Form.MOMENT, "2026-11-22T12:00:00Z", "söndag 2026-11-22 kl. 13.00", "Sunday 22 November 2026 at 13:00"),
        (Form.MOMENT, "2026-07-01T07:05:00+00:00", "onsdag 2026-07-01 kl. 09.05", "Wednesday 1 July 2026 at 09:05"),
        (Form.COUNT, 6, "6", "6"),
        (Form.MODE, "digital", "på distans", "online"),
        (Form.MODE, "hologram", "hologram", "hologram"),
        (Form.CHANGES, ["times"], "nya tider", "new times"),
        (Form.CHANGES, ["times", "place"], "nya tider och ny plats", "new times and a new place"),
        (Form.MONEY, {"ore": 12_000_000, "currency": "SEK"}, "120\u00a0000\u00a0kr", "SEK\u00a0120,000"),
        (Form.MONEY, {"ore": 12_000_050, "currency": "SEK"}, "120\u00a0000,50\u00a0kr", "SEK\u00a0120,000.50"),
        (
            Form.MEETINGS,
            [MEETING],
            "– söndag 2026-11-22 kl. 13.00–16.30, Falun (på plats och på distans)",
            "– Sunday 22 November 2026 at 13:00–16:30, Falun (on site and online)",
        ),
        (Form.MEETINGS, [], "Tiderna är inte bestämda än.", "The times are not set yet."),
    ],
)
def test_a_value_is_written_as_in_the_language(form: Form, value: object, swedish: str, english: str) -> None:
    assert (shown(form, value, "sv"), shown(form, value, "en")) == (swedish, english)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Form.TEXT, 5),
        (Form.COUNT, "5"),
        (Form.DAY, "igår"),
        (Form.DAY, None),
        (Form.MOMENT, "igår"),
        (Form.MEETINGS, [{}]),
        (Form.MONEY, {"ore": "x"}),
        (Form.MONEY, 5),
        (Form.CHANGES, 7),
    ],
)
def test_a_value_of_another_form_is_refused(form: Form, value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        shown(form, value, "sv")
