"""The form of every message: frozen, tolerant of fields it does not know, bound to its type, topic and key.

Enums travel as text, so that a reader of yesterday keeps a value that it has never heard of.
"""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.contracts.topics import Kind, Topic


class Part(BaseModel):
    """A piece of a message."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(Part):
    """What facts and states have in common."""

    type_name: ClassVar[str]
    topic: ClassVar[Topic]
    key_field: ClassVar[str]

    def __init_subclass__(cls, **_kwargs: Any) -> None:  # noqa: ANN401 - read below, once pydantic knows the fields
        super().__init_subclass__()

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401 - the keywords of a class statement
        super().__pydantic_init_subclass__()
        if not kwargs:
            return
        cls.type_name = kwargs.pop("type")
        cls.topic = kwargs.pop("topic")
        cls.key_field = kwargs.pop("key")
        if kwargs or cls.key_field not in cls.model_fields or cls.topic.kind is not cls._kind():
            raise TypeError(f"{cls.__name__}: type, topic (of its kind) and key (one of its fields) are needed")

    @classmethod
    def _kind(cls) -> Kind:
        return Kind.STATE if issubclass(cls, State) else Kind.FACT

    @property
    def key(self) -> UUID:
        """The aggregate that it is about."""
        value = getattr(self, self.key_field)
        assert isinstance(value, UUID)
        return value


class Fact(Message):
    """Something that has happened to an aggregate. Takes effect once in each service that acts on it."""


class State(Message):
    """An aggregate's whole public state. The highest version wins; it feeds copies and never causes effects."""


class Recipient(Part):
    """Somebody who must be told. `part` says in what capacity, for that chooses the wording."""

    kind: str = Field(description="person or supplier")
    id: UUID
    part: str = Field(description="contact, participant, former_participant, coach, officer, bidder, winner, invited …")


class Meeting(Part):
    """One scheduled block of a run."""

    meeting_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: str = Field(description="physical, digital or both")
    place: str | None = None


class RunSummary(Part):
    """What a recipient needs to know of a run, its calendar entry included."""

    run_id: UUID
    reference: str
    course_title: str
    mode: str
    meetings: tuple[Meeting, ...]
