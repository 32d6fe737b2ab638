"""The start page of procurement: what is bought here, how, and who has what to do with it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from shared.web.pages.rendering import render

router = APIRouter()


@router.get("/")
async def show_start(request: Request) -> Response:
    """Say how training is bought."""
    return render(request, "cases/start.html")
