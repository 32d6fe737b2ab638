"""`python -m tests.bench.bare --port N`: a page as bare FastAPI and Jinja2 render it, as long as is asked for.

No sign-in, no database, no translation, no headers of ours: what a page costs that does nothing.
"""

import argparse

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment

LAST_WORDS = "That was all of it."
_PAGE = """<!doctype html>
<html lang="sv"><head><meta charset="utf-8"><title>{{ title }}</title></head><body><h1>{{ title }}</h1>
<table><thead><tr><th scope="col">Course</th><th scope="col">Place</th><th scope="col">Free</th></tr></thead><tbody>
{% for row in rows %}<tr><th scope="row"><a href="/runs/{{ row.id }}">{{ row.title }}</a></th><td>{{ row.place }}</td>
<td class="number">{{ row.free }}</td></tr>
{% endfor %}</tbody></table><p>{{ last_words }}</p></body></html>
"""
_ROW_LENGTH = 128


def create_app() -> FastAPI:
    """Return the app."""
    app = FastAPI()
    page = Environment(autoescape=True).from_string(_PAGE)

    @app.get("/health")
    async def health() -> None:
        return None

    @app.get("/page")
    async def show(length: int) -> HTMLResponse:
        rows = [
            {"id": number, "title": "Svetsning <grund>", "place": "Falun", "free": number % 12}
            for number in range(length // _ROW_LENGTH)
        ]
        return HTMLResponse(page.render(title="Courses", rows=rows, last_words=LAST_WORDS))

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(create_app(), port=parser.parse_args().port, access_log=False, log_level="warning")
