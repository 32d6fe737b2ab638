"""What a notification says to its recipient: its wording with its content, and what is known of the recipient now.

A personal link or code is made here, when the text is written to be sent, and stands in the message alone: of the
content only the id that it is made of is kept, and a page that shows the text again shows it without.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from services.notification.kinds import KINDS, Form
from services.notification.notifications.tables import Notification
from services.notification.recipients.tables import Project, Recipient
from services.notification.wordings.catalogue import Wordings, Written
from services.notification.wordings.rules import WordingWrong
from shared.kernel.personal_links import PersonalLinks

_NAMELESS: Final = {"sv": "på dig", "en": "there"}
_LINKS: Final[Mapping[Form, str]] = {
    Form.PERSONAL_LINK: "/booking/mine/",
    Form.QUEUE_LINK: "/booking/queue/leave/",
    Form.CERTIFICATE_LINK: "/booking/mine/certificates/",
    Form.ANSWER_LINK: "/booking/answer/",
}
_NOT_SHOWN: Final = {
    "sv": "(står bara i meddelandet som skickades)",
    "en": "(stands in the message that was sent, and nowhere else)",
}


def write_for(
    wordings: Wordings,
    row: Notification,
    recipient: Recipient,
    project: Project | None,
    *,
    language: str,
    origin: str,
    links: PersonalLinks | None = None,
) -> Written:
    """Return subject and text. Raises WordingWrong where the content is no longer kept, or does not fit its kind.

    Without `links` it is to be shown and not to be sent, and what only the recipient may have is left out.
    """
    if row.content is None:
        raise WordingWrong("the content is no longer kept")
    universal = {"recipient_name": recipient.name or _NAMELESS[language], "origin": origin}
    if project is not None:
        universal["project_name"] = project.name
    content = {**row.content, **_personal(row, row.content, language, origin, links)}
    return wordings.write(row.kind, row.channel, language, content, universal)


def _personal(
    row: Notification, content: Mapping[str, Any], language: str, origin: str, links: PersonalLinks | None
) -> dict[str, str]:
    made: dict[str, str] = {}
    for field in KINDS[row.kind].fields:
        if field.form not in (*_LINKS, Form.PERSONAL_CODE) or field.name not in content:
            continue
        of = UUID(content[field.name])
        if links is None:
            made[field.name] = _NOT_SHOWN[language]
        elif field.form is Form.PERSONAL_CODE:
            made[field.name] = links.code(of)
        else:
            made[field.name] = f"{origin}{_LINKS[field.form]}{links.token(of, row.recipient_id)}"
    return made
