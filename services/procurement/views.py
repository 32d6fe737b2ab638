"""How a view names the id of what it shows: by its kind, as events and addresses do (`case_id`, never `id`)."""

from typing import Any

from pydantic import AliasChoices, Field


def own_id(name: str) -> Any:  # noqa: ANN401 - a pydantic field stands for whatever its annotation says
    """Return a field that is read from a row's `id`, or from `name`."""
    return Field(validation_alias=AliasChoices(name, "id"))
