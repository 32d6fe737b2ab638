"""Signing in may be tried so and so often, by a browser and from an address; and who waits is told for how long."""

from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from shared.kernel.errors import TooOften
from shared.web.browser.pages import _BROWSER_PACE
from shared.web.pace import OFFICE_PACE, Pace, Paces, Try, address_of
from tests.shared.web.browser.secret import SECRET
from tests.support.browser import PAGE, CodeIssuer, browser, sign_in

BEGIN = "/sample/sign-in"
TOLD = {
    "sv": ("För många försök", "sekunder och försök sedan igen"),
    "en": ("Too many tries", "seconds, and then try again"),
}


@dataclass
class Steady:
    """A steady clock that stands still until it is moved."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock(app: FastAPI) -> Steady:
    clock = Steady()
    app.state.paces = Paces(now=clock)
    return clock


def from_address(app: FastAPI, address: str, *, language: str = "en") -> httpx.AsyncClient:
    """Return a browser elsewhere that keeps no cookie."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(address, 1)),
        base_url="http://127.0.0.1",
        headers={**PAGE, "accept-language": language},
        trust_env=False,
    )


def test_so_many_at_once_and_one_more_after_each_while() -> None:
    clock, pace, tried = Steady(), Pace(at_once=3, seconds=10), Try("x", "somebody")
    paces = Paces(now=clock)
    for _ in range(3):
        paces.keep(tried, pace)
    for _ in range(5):  # what is refused is not counted: the wait gets no longer
        with pytest.raises(TooOften) as refused:
            paces.keep(tried, pace)
        assert refused.value.text.fields["seconds"] == 10
    paces.keep(Try("x", "somebody else"), pace)
    paces.keep(Try("y", "somebody"), pace)
    clock.at += 9
    with pytest.raises(TooOften):
        paces.keep(tried, pace)
    clock.at += 1
    paces.keep(tried, pace)
    with pytest.raises(TooOften):
        paces.keep(tried, pace)
    clock.at += 1000
    for _ in range(3):
        paces.keep(tried, pace)


def test_no_more_is_kept_than_there_is_room_for() -> None:
    clock, pace = Steady(), Pace(at_once=1, seconds=10)
    paces = Paces(now=clock, most_kept=100)
    for number in range(1000):
        clock.at += 0.001
        paces.keep(Try("x", str(number)), pace)
        assert len(paces._level_at) <= 100
    with pytest.raises(TooOften):
        paces.keep(Try("x", "999"), pace)


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_address_stands_for_its_network(host: str, told: str) -> None:
    assert address_of(Request({"type": "http", "client": (host, 1)})) == told
    assert address_of(Request({"type": "http", "client": None})) == ""


@pytest.mark.parametrize("language", ["sv", "en"])
async def test_a_browser_that_begins_too_often_is_told_to_wait_and_then_signs_in(
    app: FastAPI, clock: Steady, issuer: CodeIssuer, language: str
) -> None:
    async with browser(app, language=language) as page:
        for _ in range(_BROWSER_PACE.at_once + 1):  # the first has no mark yet
            assert (await page.get(BEGIN)).status_code == 303
        refused = await page.get(BEGIN)
        assert refused.status_code == 429
        assert all(text in refused.text for text in TOLD[language])
        assert refused.headers["content-type"].startswith("text/html")
        async with browser(app) as other:
            assert (await other.get(BEGIN)).status_code == 303
        clock.at += int(refused.headers["retry-after"])
        await sign_in(page, issuer, "lead", to=SECRET)
        assert "lead" in (await page.get(SECRET)).text


async def test_an_address_that_begins_too_often_waits_whatever_browsers_it_pretends_to_be(
    app: FastAPI, clock: Steady
) -> None:
    async with from_address(app, "192.0.2.7") as here, from_address(app, "192.0.2.8") as elsewhere:
        for _ in range(OFFICE_PACE.at_once):
            here.cookies.clear()
            assert (await here.get(BEGIN)).status_code == 303
        here.cookies.clear()
        assert (await here.get(BEGIN)).status_code == 429
        assert (await elsewhere.get(BEGIN)).status_code == 303
        clock.at += OFFICE_PACE.seconds
        assert (await here.get(BEGIN)).status_code == 303


async def test_codes_of_the_issuer_are_not_guessed_at(app: FastAPI, clock: Steady) -> None:
    async with from_address(app, "192.0.2.7") as page:
        for _ in range(OFFICE_PACE.at_once):
            assert (await page.get(f"{BEGIN}/callback", params={"state": "s", "code": "c"})).status_code == 400
        assert (await page.get(f"{BEGIN}/callback", params={"state": "s", "code": "c"})).status_code == 429


async def test_who_is_signed_in_already_is_led_on_however_often(
    page: httpx.AsyncClient, issuer: CodeIssuer, clock: Steady
) -> None:
    await sign_in(page, issuer, "lead")
    for _ in range(OFFICE_PACE.at_once + 5):
        assert (await page.get(BEGIN, params={"to": SECRET})).headers["location"] == SECRET
