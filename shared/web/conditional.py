"""An answer with a mark of its content, so that whoever has it already is told so in a few bytes."""

from collections.abc import Mapping
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response


def tagged(request: Request, content: bytes, *, media_type: str, headers: Mapping[str, str]) -> Response:
    """Answer with the content and its ETag, or 304 where `If-None-Match` names it. `headers` go with both."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    with_tag = {**headers, "etag": tag, "x-content-type-options": "nosniff"}
    asked = request.headers.get("if-none-match", "")
    # compared as RFC 9110 says for this header: a proxy that packs the content makes the mark a weak one
    known = {each.strip().removeprefix("W/") for each in asked.split(",")}
    if tag in known or asked.strip() == "*":
        return Response(status_code=304, headers=with_tag)
    return Response(content, media_type=media_type, headers=with_tag)
