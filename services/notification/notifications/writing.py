"""What a notification says to its recipient: its wording with its content, and what is known of the recipient now."""

from typing import Final

from services.notification.notifications.tables import Notification
from services.notification.recipients.tables import Project, Recipient
from services.notification.wordings.catalogue import Wordings, Written
from services.notification.wordings.rules import WordingWrong

_NAMELESS: Final = {"sv": "på dig", "en": "there"}


def write_for(
    wordings: Wordings, row: Notification, recipient: Recipient, project: Project | None, *, language: str, origin: str
) -> Written:
    """Return subject and text. Raises WordingWrong where the content is no longer kept, or does not fit its kind."""
    if row.content is None:
        raise WordingWrong("the content is no longer kept")
    universal = {"recipient_name": recipient.name or _NAMELESS[language], "origin": origin}
    if project is not None:
        universal["project_name"] = project.name
    return wordings.write(row.kind, row.channel, language, row.content, universal)
