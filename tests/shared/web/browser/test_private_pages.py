"""What is one person's is kept by no cache, shown in no frame, and seen with no id but the one that sign-in made."""

import re

import httpx

from shared.web.browser.sessions import new_random
from tests.shared.web.browser.secret import SECRET, see_nobody
from tests.support.browser import CodeIssuer, sign_in

COOKIE = "kurslots_sample_session"


async def test_no_cache_keeps_what_is_ones_own(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    await see_nobody(page)
    led_on = await sign_in(page, issuer, "lead", to=SECRET)
    shown = await page.get(SECRET)
    assert "lead" in shown.text
    signed_out = await page.get("/sample/signed-out")
    for answer in (led_on, shown, signed_out, await page.get("/sample/sign-in"), await page.get("/sample/nowhere")):
        assert answer.headers["cache-control"] == "no-store", answer.request.url


async def test_no_page_is_shown_in_anybodys_frame(page: httpx.AsyncClient, issuer: CodeIssuer) -> None:
    await sign_in(page, issuer, "lead", to=SECRET)
    for address in (SECRET, "/sample/signed-out", "/sample/sign-in/callback", "/sample/nowhere"):
        answer = await page.get(address)
        assert "<html" in answer.text, address
        assert answer.headers["x-frame-options"] == "DENY"
        assert re.search(r"(^|; )frame-ancestors 'none'(;|$)", answer.headers["content-security-policy"]), address


async def test_an_id_that_was_planted_is_not_the_one_that_sign_in_makes(
    page: httpx.AsyncClient, issuer: CodeIssuer
) -> None:
    planted = new_random()
    page.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/sample")
    answer = await sign_in(page, issuer, "lead", to=SECRET)
    (given,) = re.findall(rf"{COOKIE}=([^;]+)", answer.headers["set-cookie"])
    assert given != planted
    page.cookies.clear()
    page.cookies.set(COOKIE, planted, domain="127.0.0.1", path="/sample")
    await see_nobody(page)
