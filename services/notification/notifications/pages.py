"""The start page of notification: what people are told, and how they are reached."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.web.pages.rendering import render

router = APIRouter()


@router.get("/")
async def show_start(request: Request) -> Response:
    """Say what people are told and how."""
    return render(request, "notifications/start.html")
