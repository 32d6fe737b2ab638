"""What can be wrong with what a person asked for. Says what, with which value, and what to do; knows no HTTP.

    KurslotsError
    ├── InvalidInput     the input cannot be right, whoever sends it
    ├── NotSignedIn      nobody is known to be asking
    ├── NotAllowed       somebody is asking who may not
    ├── NotFound         there is no such thing, or not for this person
    ├── Conflict         the thing is not in a state that allows it
    │   └── Refused      a rule of the field says no
    ├── TryLater         nothing is wrong with the request; it cannot be carried out just now
    └── TooOften         it was tried too often in a short while; `seconds` says for how long to wait

`Several` gathers errors of one input, so that a form can show them all at once.
"""

from collections.abc import Sequence

from shared.kernel.texts import Text


class KurslotsError(Exception):
    """Base of every error that is told to a person.

    `code` is a stable name for programs, `field` the input field that it is about (dotted path), and the
    keyword arguments fill the message's named fields.
    """

    def __init__(self, message: str, *, code: str, field: str | None = None, **fields: object) -> None:
        self.text = Text(message, fields)
        self.code = code
        self.field = field
        super().__init__(f"{code}: {message}")


class InvalidInput(KurslotsError):  # noqa: N818 - named for what is wrong; the tree above says that it is an error
    """The input cannot be right, whoever sends it."""


class NotSignedIn(KurslotsError):  # noqa: N818 - named for what it tells
    """Nobody is known to be asking."""


class NotAllowed(KurslotsError):  # noqa: N818 - named for what it tells
    """Somebody is asking who may not."""


class NotFound(KurslotsError):  # noqa: N818 - named for what it tells
    """There is no such thing, or not for this person."""


class Conflict(KurslotsError):  # noqa: N818 - named for what it tells
    """The thing is not in a state that allows what was asked."""


class Refused(Conflict):
    """A rule of the field says no; the message gives the rule and the way out."""


class TryLater(KurslotsError):  # noqa: N818 - named for what it tells
    """Nothing is wrong with the request; it cannot be carried out just now."""


class TooOften(KurslotsError):  # noqa: N818 - named for what it tells
    """It was tried too often in a short while. The field `seconds` says for how long to wait."""


class Several(InvalidInput):
    """All that is wrong with one input, each with its field."""

    def __init__(self, errors: Sequence[KurslotsError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.text.message, code=first.code, field=first.field, **dict(first.text.fields))
