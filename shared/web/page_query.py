"""The query parameters of a list as a route takes them; apart from `paging`, so that a worker need not load FastAPI."""

from typing import Annotated

from fastapi import Query

from shared.web.paging import PageFilter

PageQuery = Annotated[PageFilter, Query()]
