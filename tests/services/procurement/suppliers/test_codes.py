"""The code of a supplier may be tried so and so often, in the browser and by a program alike."""

import pytest

from services.procurement.suppliers.rules import new_claim_code
from shared.web.pace import CODE_PACE
from tests.services.procurement.office import opened_office
from tests.support.databases import ServiceDatabase
from tests.support.pages import browser, known_visitors, page_of
from tests.support.web import problem_of

ADDRESS = "/procurement/supplier/claim"
TOLD = {"sv": "Det gjordes många försök på kort tid", "en": "This was tried many times in a short while"}


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_who_guesses_at_codes_is_told_to_wait(service_database: ServiceDatabase, language: str) -> None:
    async with opened_office(await service_database("procurement")) as office:
        with known_visitors(office.app):
            async with browser(office.app, "guesser", language=language) as page:
                form = page_of(await page.get(ADDRESS)).typed()
                for _ in range(CODE_PACE.at_once - 1):
                    guess = {**form, "code": new_claim_code()}
                    form = page_of(await page.post(ADDRESS, data=guess), 422).typed()
                unknown = await office.raw("guesser", "POST", "/supplier-claims", {"code": new_claim_code()})
                problem_of(unknown, 409, "claim_code_invalid")
                last = new_claim_code()
                refused = page_of(await page.post(ADDRESS, data={**form, "code": last}), 429)
            assert TOLD[language] in refused.text
            assert refused.tag("input", name="code")["value"] == last
            too_often = await office.raw("guesser", "POST", "/supplier-claims", {"code": new_claim_code()})
            problem_of(too_often, 429, "too_often")
            another = await office.raw("another", "POST", "/supplier-claims", {"code": new_claim_code()})
            problem_of(another, 409, "claim_code_invalid")
