"""What the origin's pages promise: whole in two languages, fit for a screen reader, safe with any content."""

import ast
import re
import string
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import aiosmtplib
import pytest

from deploy.embedded import origin as package
from deploy.embedded.origin.translations import swedish
from tests.support.origin import RunningOrigin

FOLDER = Path(package.__file__).parent
PAGES = ["/", "/sent", "/issuer/end-session", "/issuer/authorize?client_id=x"]


def messages() -> set[str]:
    found: set[str] = set()
    for template in FOLDER.glob("templates/*.html"):
        found |= set(re.findall(r'_\("([^"]+)"', template.read_text(encoding="utf-8")))
    for module in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "N_":
                found.add(ast.literal_eval(node.args[0]))
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_text_has_swedish_with_the_same_fields() -> None:
    catalogue = swedish()
    assert messages() == set(catalogue)
    assert not [message for message, text in catalogue.items() if not text or fields(message) != fields(text)]


class Outline(HTMLParser):
    """What a reader without eyes goes by."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.language: str | None = None
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "html":
            self.language = dict(attrs)["lang"]
        if tag == "a":
            self.links.add(dict(attrs)["href"] or "")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_in_the_language_asked_for_and_well_built(path: str, origin: RunningOrigin) -> None:
    for headers, language in (({}, "sv"), ({"accept-language": "de, en;q=0.8, sv;q=0.2"}, "en")):
        page = await origin.client.get(path, headers=headers)
        outline = Outline(page.text)
        assert outline.language == language == page.headers["content-language"]
        assert outline.tags.count("h1") == 1
        assert {"title", "main", "nav", "header"} <= set(outline.tags)
        assert "script" not in outline.tags
        assert "#content" in outline.links
        assert outline.tags.count("table") == outline.tags.count("caption")
    separator = "&" if "?" in path else "?"
    assert Outline((await origin.client.get(f"{path}{separator}lang=en")).text).language == "en"


async def test_the_front_page_leads_to_every_interface(origin: RunningOrigin) -> None:
    links = Outline((await origin.client.get("/")).text).links
    for service in ("booking", "procurement", "notification"):
        assert {f"/{service}/api/v1/docs", f"/{service}/api/v1/openapi.json"} <= links
    assert {"/sent", "/health"} <= links


async def test_the_front_page_leads_into_the_portal(origin: RunningOrigin) -> None:
    assert "/booking/" in Outline((await origin.client.get("/")).text).links


async def test_the_look_is_the_portals(origin: RunningOrigin) -> None:
    [styles] = re.findall(r'<link rel="stylesheet" href="([^"]+)">', (await origin.client.get("/")).text)
    answer = await origin.client.get(styles)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/css")
    assert "/kurslots." in styles


async def test_what_was_sent_cannot_break_its_page(origin: RunningOrigin) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.test", "b@example.test", "<script>alert(1)</script>"
    mail.set_content("</pre><script>alert(2)</script>")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=origin.smtp_port, start_tls=False)
    page = await origin.client.get("/sent")
    assert "script" not in Outline(page.text).tags
    assert "alert(2)" in page.text
