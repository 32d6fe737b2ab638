"""What the composition root of booking's web process makes for its routes, beside what every service has."""

from fastapi import FastAPI, Request

from services.booking.keys import Keys


def keep_keys(app: FastAPI, keys: Keys) -> None:
    """Keep the keys with the app."""
    app.state.keys = keys


def keys_of(request: Request) -> Keys:
    """Return the keys."""
    keys = request.app.state.keys
    assert isinstance(keys, Keys)
    return keys
