"""What other systems call without signing in: delivery receipts, and one-click unsubscribing from mail programs.

Both send forms, and both are believed by a token that only we could have given out.
"""

from typing import Annotated, Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Path, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.responses import Response

from services.notification.notifications.tables import Notification
from services.notification.receipts.commands import take_receipt
from services.notification.recipients.commands import set_wish
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_
from shared.web.bodies import Body
from shared.web.edge import CommandContext, run_command

FORM_ADDRESSES: Final = ("/receipts/", "/unsubscribe/")
router = APIRouter(tags=["receipts"])
_MOST_FIELDS = 30
Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,80}$")]


class SmsReceipt(Body):
    """What a provider says of an SMS that it took."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    status: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$", description="delivered or failed; others change nothing")]


class OneClick(Body):
    """What a mail program sends (RFC 8058)."""

    list_unsubscribe: Annotated[str, Field(alias="List-Unsubscribe", pattern="^One-Click$")]


def _form(body: type[Body]) -> dict[str, Any]:
    schema = body.model_json_schema(by_alias=True)
    content = {"application/x-www-form-urlencoded": {"schema": {**schema, "additionalProperties": True}}}
    return {"requestBody": {"required": True, "content": content}}


@router.post("/receipts/sms/{token}", status_code=204, response_class=Response, openapi_extra=_form(SmsReceipt))
async def take_sms_receipt(request: Request, token: Token) -> Response:
    """Take a delivery receipt. Answered 204 whether or not it changed anything."""
    receipt = await _read(request, SmsReceipt)

    async def command(context: CommandContext) -> None:
        await take_receipt(
            context.session,
            context.clock,
            token,
            status=receipt.status,
            provider_id=receipt.id,
            soft_suppression=request.app.state.soft_suppression,
        )

    return await run_command(request, command)


@router.post("/unsubscribe/{token}", status_code=204, response_class=Response, openapi_extra=_form(OneClick))
async def unsubscribe(request: Request, token: Token) -> Response:
    """Switch a kind of e-mail off, as the address in the e-mail's header asks for (RFC 8058)."""
    await _read(request, OneClick)

    async def command(context: CommandContext) -> None:
        notification_id = request.app.state.unsubscribing.read(token)
        row = None if notification_id is None else await context.session.get(Notification, notification_id)
        if row is None:
            raise NotFound(N_("There is nothing to unsubscribe from at this address."), code="not_found")
        await set_wish(
            context.session,
            (row.recipient_kind, row.recipient_id),
            row.kind,
            row.channel,
            wanted=False,
            now=context.clock.now(),
        )

    return await run_command(request, command)


async def _read(request: Request, body: type[Any]) -> Any:  # noqa: ANN401 - the body's own class, which mypy cannot follow
    """Read a form, whose fields beyond ours are left alone. Raises RequestValidationError."""
    names = {field.alias or name for name, field in body.model_fields.items()}
    try:
        text = (await request.body()).decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise RequestValidationError([{"type": "form_type", "loc": ("body",)}]) from error
    try:
        return body.model_validate({name: values[-1] for name, values in fields.items() if name in names})
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from error
