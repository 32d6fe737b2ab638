"""SMS through a provider with the interface of 46elks: a form by POST, HTTP Basic, a receipt called back later."""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpx

from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName

_NEVER_TAKEN: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Answers that say for certain that nothing was taken, and that the same request may be taken later.
_LATER: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.PAYMENT_REQUIRED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
_LONGEST_ID: Final = 200


class SmsChannel:
    """One provider account. The provider knows no key of ours, so a lost answer leaves us not knowing."""

    name = ChannelName.SMS
    honours_key = False

    def __init__(self, url: str, *, user: str, password: str, sender: str, timeout_seconds: float = 15) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("SMS_URL is not an address such as https://api.46elks.com/a1/sms")
        self._url = url
        self._sender = sender
        self._client = httpx.AsyncClient(
            auth=httpx.BasicAuth(user, password), timeout=timeout_seconds, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._client.aclose()

    async def send(self, sending: Sending) -> Outcome:
        """Hand one SMS over; its text is not to be kept by the provider (`dontlog`)."""
        form = {"from": self._sender, "to": sending.address, "message": sending.text, "dontlog": "message"}
        if sending.receipt_url is not None:
            form["whendelivered"] = sending.receipt_url
        try:
            answer = await self._client.post(self._url, data=form)
        except _NEVER_TAKEN as error:
            return Outcome(Result.TEMPORARY, _named(error))
        except httpx.HTTPError as error:
            return Outcome(Result.UNKNOWN, _named(error))
        return _read(answer)


def _read(answer: httpx.Response) -> Outcome:
    cause = f"http_{answer.status_code}"
    if answer.is_success:
        return _taken(answer)
    if answer.status_code in _LATER:
        return Outcome(Result.TEMPORARY, cause)
    if answer.status_code == HTTPStatus.FORBIDDEN:
        return Outcome(Result.PERMANENT, cause)
    if answer.is_client_error or answer.is_redirect:
        return Outcome(Result.TECHNICAL, cause)
    return Outcome(Result.UNKNOWN, cause)


def _taken(answer: httpx.Response) -> Outcome:
    """Read what the provider says of an SMS that it took; an answer that cannot be read does not undo the taking."""
    try:
        document = answer.json()
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return Outcome(Result.UNKNOWN, "answer_unreadable")
    if document.get("status") == "failed":
        return Outcome(Result.PERMANENT, "provider_failed", provider_id=document["id"][:_LONGEST_ID])
    return Outcome(
        Result.ACCEPTED,
        provider_id=document["id"][:_LONGEST_ID],
        parts=_number(document.get("parts")),
        cost=_number(document.get("cost")),
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _named(error: Exception) -> str:
    return f"http_{type(error).__name__.lower()}"
