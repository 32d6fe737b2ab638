"""The code of an invitation may be tried so and so often, in the browser and by a program alike."""

import secrets

import pytest

from shared.web.pace import CODE_PACE
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.web import problem_of

ADDRESS = "/booking/invitation"
TOLD = {"sv": "Det gjordes många försök på kort tid", "en": "This was tried many times in a short while"}


def a_guess() -> dict[str, str]:
    return {"code": secrets.token_urlsafe(24)}


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_who_guesses_at_invitations_is_told_to_wait(office: Office, language: str) -> None:
    guesser = f"guesses-{language}"
    with known_visitors(office.app):
        async with browser(office.app, guesser, language=language) as page:
            form = page_of(await page.get(ADDRESS)).typed()
            for _ in range(CODE_PACE.at_once - 1):
                form = page_of(await page.post(ADDRESS, data={**form, **a_guess()}), 422).typed()
            unknown = await office.ask(guesser).post("invitations/accept", json=a_guess())
            problem_of(unknown, 404, "invitation_unknown")
            last = a_guess()
            refused = page_of(await page.post(ADDRESS, data={**form, **last}), 429)
        assert TOLD[language] in refused.text
        assert refused.tag("input", name="code")["value"] == last["code"]
        too_often = await office.ask(guesser).post("invitations/accept", json=a_guess())
        problem_of(too_often, 429, "too_often")
        assert int(too_often.headers["retry-after"]) <= CODE_PACE.seconds
        another = await office.ask("guesses-once").post("invitations/accept", json=a_guess())
        problem_of(another, 404, "invitation_unknown")
