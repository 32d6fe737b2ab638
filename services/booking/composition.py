"""What the composition root of booking's web process makes for its routes, beside what every service has."""

from fastapi import FastAPI, Request

from services.booking.keys import Keys
from shared.kernel.personal_links import PersonalLinks


def keep_keys(app: FastAPI, keys: Keys) -> None:
    """Keep the keys with the app."""
    app.state.keys = keys


def keys_of(request: Request) -> Keys:
    """Return the keys."""
    keys = request.app.state.keys
    assert isinstance(keys, Keys)
    return keys


def keep_links(app: FastAPI, links: PersonalLinks) -> None:
    """Keep the keys of personal links and codes with the app."""
    app.state.links = links


def links_of(request: Request) -> PersonalLinks:
    """Return the keys of personal links and codes."""
    links = request.app.state.links
    assert isinstance(links, PersonalLinks)
    return links
