"""Texts that a person will read, kept as a message and its fields until the reader's language is known.

The message is English and is the key of the Swedish catalogue; it is never put together from pieces.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


def N_(message: str) -> str:  # noqa: N802 - the name that gettext extractors look for
    """Mark a message for the catalogues; it is translated where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Text:
    """A message with named fields, not yet in any language."""

    message: str
    fields: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message.format(**self.fields) if self.fields else self.message
