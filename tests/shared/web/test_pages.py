"""The shell: who sees which page, forms and their errors, lists, choices, error pages, and the files they ask for."""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from shared.web.edge import run_command
from shared.web.exchange import ServiceParts
from shared.web.pages import guard
from shared.web.pages.choices import own_path
from tests.shared.web import sample
from tests.support.pages import TOKEN, browser, known_visitors, page_of
from tests.support.templates import unmarked_words
from tests.support.texts import ROOT
from tests.support.web import LocalIssuer, problem_of

NOTES = f"/sample/projects/{sample.PROJECT}/notes"
NEW = f"{NOTES}/new"
TEMPLATES = sorted(path for top in ("shared", "services") for path in (ROOT / top).rglob("templates/**/*.html"))
FILLED = {"title": "Svets", "seats": "2", "_csrf": TOKEN}


@pytest.fixture
async def app(app: FastAPI) -> AsyncIterator[FastAPI]:
    with known_visitors(app):
        yield app


async def notes_of(app: FastAPI) -> list[sample.Note]:
    parts: ServiceParts = app.state.parts
    async with parts.database.sessions() as session:
        return list((await session.exec(select(sample.Note))).all())


async def test_a_public_page_is_for_everyone_and_names_whoever_is_signed_in(app: FastAPI) -> None:
    async with browser(app) as nobody, browser(app, "lead", language="sv") as lead:
        assert "Signed in" not in page_of(await nobody.get("/sample/")).text
        page = page_of(await lead.get("/sample/"))
    assert "Name of lead" in page.text
    assert page.tag("html")["lang"] == "sv"


async def test_a_page_follows_the_same_permits_as_the_api(app: FastAPI) -> None:
    async with browser(app) as nobody, browser(app, "coach") as coach, browser(app, "other.lead") as other:
        assert "Sign in" in page_of(await nobody.get(NOTES), 401).text
        assert "Not allowed" in page_of(await coach.get(NOTES), 403).text
        assert "Not found" in page_of(await other.get(NOTES), 404).text


async def test_a_page_that_needs_sign_in_leads_there_and_back(app: FastAPI) -> None:
    app.state.parts = replace(app.state.parts, sign_in_address="/sample/sign-in")
    async with browser(app) as nobody:
        answer = await nobody.get(f"{NOTES}?title=å")
        assert answer.status_code == 303
        assert answer.headers["location"] == f"/sample/sign-in?to={NOTES.replace('/', '%2F')}%3Ftitle%3D%25C3%25A5"
        page_of(await nobody.post(NEW, data=FILLED), 401)


async def test_a_token_of_the_api_opens_no_page(app: FastAPI, issuer: LocalIssuer) -> None:
    async with browser(app) as nobody:
        nobody.headers["authorization"] = f"Bearer {issuer.token('lead', 'sample')}"
        page_of(await nobody.get(NOTES), 401)


async def test_a_form_is_carried_out_and_leads_to_its_result(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        page_of(await lead.get(NEW))
        answer = await lead.post(NEW, data=FILLED)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{NOTES}?title=Svets")
        assert "Svets" in page_of(await lead.get(answer.headers["location"])).text
    assert [(note.title, note.seats) for note in await notes_of(app)] == [("Svets", 2)]


async def test_a_wrong_form_is_shown_again_with_everything_that_was_typed(app: FastAPI) -> None:
    typed = FILLED | {"title": "", "seats": "many", "kind": "other", "days": "tue", "urgent": "true", "remark": "<b>å"}
    async with browser(app, "lead") as lead:
        page = page_of(await lead.post(NEW, data=typed), 422)
    assert page.tag("input", name="seats")["value"] == "many"
    assert page.tag("input", name="seats")["aria-invalid"] == "true"
    assert page.tag("input", name="title")["aria-describedby"] == "hint-title wrong-title"
    assert page.tags("a", href="#field-title")
    assert "selected" in page.tag("option", value="other")
    assert "checked" in page.tag("input", name="days", value="tue")
    assert "checked" not in page.tag("input", name="days", value="mon")
    assert "checked" in page.tag("input", name="urgent")
    assert "<b>å" in page.text
    assert page.text.count("Fill this in.") == 2  # on top and at the field
    assert await notes_of(app) == []


async def test_what_a_command_refuses_is_told_at_its_field(app: FastAPI) -> None:
    async with browser(app, "lead", language="sv") as lead:
        page = page_of(await lead.post(NEW, data=FILLED | {"seats": "9"}), 422)
    assert page.text.count("Only 6 of 6 seats are free; 9 were asked for.") == 2
    assert page.tag("input", name="title")["value"] == "Svets"


async def test_a_form_that_is_sent_twice_is_carried_out_once(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        sent = page_of(await lead.get(NEW)).typed() | FILLED
        answers = [await lead.post(NEW, data=sent) for _ in range(2)]
        assert {answer.headers["location"] for answer in answers} == {f"{NOTES}?title=Svets"}
        assert len(await notes_of(app)) == 1
        page = page_of(await lead.post(NEW, data=sent | {"title": "Truck"}), 422)
        assert "already sent once" in page.text
        assert (await lead.post(NEW, data=page.typed() | FILLED | {"_key": page.typed()["_key"]})).status_code == 303
    assert len(await notes_of(app)) == 2


async def test_without_the_key_of_a_form_it_is_carried_out_twice(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    async def without_key(request: object, command: object, *, key: str) -> object:
        return await run_command(request, command)  # type: ignore[arg-type]  # what a test gives

    monkeypatch.setattr("shared.web.pages.forms.run_command", without_key)
    async with browser(app, "lead") as lead:
        sent = page_of(await lead.get(NEW)).typed() | FILLED
        for _ in range(2):
            await lead.post(NEW, data=sent)
    assert len(await notes_of(app)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": None},
        {"sec-fetch-site": None, "origin": "https://elsewhere.test"},
        {"sec-fetch-site": None, "origin": "null"},
    ],
)
async def test_a_form_of_another_site_is_refused(app: FastAPI, headers: dict[str, str | None]) -> None:
    async with browser(app, "lead") as lead:
        for name, value in headers.items():
            lead.headers.pop(name, None)
            if value is not None:
                lead.headers[name] = value
        assert "did not come from a page of ours" in page_of(await lead.post(NEW, data=FILLED), 403).text
    assert await notes_of(app) == []


async def test_a_browser_that_names_our_origin_alone_is_believed(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        del lead.headers["sec-fetch-site"]
        lead.headers["origin"] = app.state.parts.origin
        assert (await lead.post(NEW, data=FILLED)).status_code == 303


@pytest.mark.parametrize("token", ["", "another", "å", None])
async def test_a_form_without_the_sessions_token_is_refused(app: FastAPI, token: str | None) -> None:
    sent = {name: value for name, value in (FILLED | {"_csrf": token}).items() if value is not None}
    async with browser(app, "lead") as lead:
        page_of(await lead.post(NEW, data=sent), 403)
    assert await notes_of(app) == []


async def test_without_the_guard_a_form_of_another_site_is_carried_out(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_is_from_here", lambda _request: True)
    async with browser(app, "lead") as lead:
        lead.headers["sec-fetch-site"] = "cross-site"
        assert (await lead.post(NEW, data=FILLED)).status_code == 303


async def test_a_fault_is_told_on_a_page_without_its_detail(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        page = page_of(await lead.post(NEW, data=FILLED | {"title": "fail"}), 500)
    assert "A fault of ours" in page.text
    assert "anna" not in page.text
    assert re.search(r"Number of this request: [0-9a-f-]{36}", page.text)


async def test_an_unknown_address_is_a_page_for_a_person_and_a_problem_for_a_program(app: FastAPI) -> None:
    async with browser(app) as nobody:
        assert "Not found" in page_of(await nobody.get("/sample/nowhere"), 404).text
        problem_of(await nobody.get("/sample/api/v1/nowhere"), 404, "unknown_address")
        nobody.headers["accept"] = "application/json"
        problem_of(await nobody.get("/sample/nowhere"), 404, "unknown_address")


async def test_an_address_with_tricks_in_it_is_a_page_too(app: FastAPI) -> None:
    async with browser(app) as nobody:
        page_of(await nobody.get("/sample/a%2fb"), 400)


async def test_the_api_takes_no_form(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        problem_of(await lead.post(f"/sample/api/v1/projects/{sample.PROJECT}/notes", data=FILLED), 415, "not_json")


async def test_a_list_keeps_its_state_in_its_links(app: FastAPI) -> None:
    parts: ServiceParts = app.state.parts
    async with parts.database.sessions() as session:
        for number in range(5):
            session.add(sample.Note(project_id=sample.PROJECT, person_id=sample.PROJECT, title=f"T{number}", seats=1))
        await session.commit()
    async with browser(app, "lead") as lead:
        first = page_of(await lead.get(f"{NOTES}?limit=2&sort=-title"))
        assert "T4" in first.text
        assert first.tag("th", aria_sort="descending")
        more = first.tag("a", rel="next")["href"]
        assert more is not None
        second = page_of(await lead.get(more))
        assert "T2" in second.text
        assert "T4" not in second.text
        assert second.tags("a", href=f"{NOTES}?limit=2&sort=-title")
        assert second.tags("a", href=f"{NOTES}?limit=2&sort=title")


async def test_a_choice_of_language_and_colours_is_kept_and_leads_back(app: FastAPI) -> None:
    async with browser(app) as nobody:
        answer = await nobody.post("/sample/choose", data={"language": "sv", "to": "/sample/accessibility"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sample/accessibility")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "SameSite=lax" in answer.headers["set-cookie"]
        await nobody.post("/sample/choose", data={"colours": "dark", "to": "/"})
        page = page_of(await nobody.get("/sample/accessibility"))
    assert (page.tag("html")["lang"], page.tag("html")["data-colours"]) == ("sv", "dark")
    assert "Tillgänglighetsredogörelse" in page.text


@pytest.mark.parametrize(
    "to", ["https://elsewhere.test/", "//elsewhere.test", "/\\elsewhere.test", "javascript:x", "", "/\t/x"]
)
async def test_a_choice_leads_nowhere_else(app: FastAPI, to: str) -> None:
    async with browser(app) as nobody:
        answer = await nobody.post("/sample/choose", data={"language": "sv", "to": to})
    assert answer.headers["location"] in ("/sample/", "/")
    assert own_path(to, otherwise="-") == "-"


async def test_a_cookie_that_is_no_choice_chooses_nothing(app: FastAPI) -> None:
    async with browser(app) as nobody:
        nobody.headers["cookie"] = 'kurslots_language="><script>; kurslots_colours=pink; x="'
        page = page_of(await nobody.get("/sample/"))
    assert page.tag("html") == {"lang": "en"}


async def test_a_file_is_kept_for_ever_under_the_hash_of_its_content(app: FastAPI) -> None:
    async with browser(app) as nobody:
        page = page_of(await nobody.get("/sample/"))
        address = page.tag("link", rel="stylesheet")["href"]
        assert address is not None
        answer = await nobody.get(address)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert hashlib.sha256(answer.content).hexdigest()[:16] in address
        assert (await nobody.get("/sample/static/kurslots.css")).status_code == 404
        assert (await nobody.get("/sample/static/..%2f__init__.py")).status_code == 400


async def test_styles_name_the_fonts_as_they_are_served(app: FastAPI) -> None:
    async with browser(app) as nobody:
        styles = page_of(await nobody.get("/sample/")).tag("link", rel="stylesheet")["href"]
        assert styles is not None
        fonts = re.findall(r'url\("([^"]+)"\)', (await nobody.get(styles)).text)
        assert fonts
        for font in fonts:
            answer = await nobody.get(f"/sample/static/{font}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "font/woff2")


OUR_SCRIPTS = frozenset({"attendance.js"})


def test_shipped_scripts_and_fonts_are_those_that_are_noted() -> None:
    folder = ROOT / "shared/web/pages/static"
    noted = dict(re.findall(r"\| `(\S+\.(?:js|woff2))` \|.*\| ([0-9a-f]{64}) \|", (folder / "README.md").read_text()))
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.[jw][so]*")}
    assert {name: digest for name, digest in found.items() if name not in OUR_SCRIPTS} == noted


def test_nothing_of_a_page_comes_from_another_address() -> None:
    for path in (ROOT / "shared/web/pages").rglob("*.[ch]*"):
        if path.suffix in (".css", ".html"):
            assert not re.search(r"(?:src|href|url\()\s*=?\s*[\"']?(?:https?:)?//", path.read_text()), path


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_shows_no_word_that_is_not_translated(path: Path) -> None:
    assert unmarked_words(path.read_text(encoding="utf-8")) == []


# data for machines is no script: it is not run
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|\|\s*safe\b|autoescape"
    r'|<script(?! src=| type="application/ld\+json">)'
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not INLINE.search(text)


def test_an_unmarked_word_is_found() -> None:
    assert unmarked_words('<p title="Hej {{ x }}">{{ _("fine") }} inte bra</p>') == ["Hej", "inte", "bra"]


async def test_a_page_is_not_made_for_a_client_that_went_away(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as plain:
        problem_of(await plain.get(NOTES), 401, "not_signed_in")
