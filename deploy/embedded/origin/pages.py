"""The origin's few pages: plain HTML without script in the look of the portal, in Swedish and English."""

from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from deploy.embedded.origin.translations import language_of, translator
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.web.pages.static_files import StaticFiles

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FOLDER = Path(__file__).parent / "templates"
ROLE_NAMES = {
    None: N_("no account yet"),
    Role.CONTACT: N_("contact of an employer"),
    Role.COACH: N_("coach"),
    Role.TRAINER: N_("trainer"),
    Role.PARTICIPANT: N_("participant"),
    Role.PROJECT_LEAD: N_("project lead"),
    Role.PROCUREMENT_OFFICER: N_("procurement officer"),
    Role.AWARD_DELEGATE: N_("award delegate"),
    Role.SUPPLIER: N_("supplier"),
    Role.OPERATOR: N_("operator"),
}


class Pages:
    """Renders a template in the request's language."""

    def __init__(self) -> None:
        self.files = StaticFiles()
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def render(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """Answer with a page; it can be shown in the other language, with everything else the same."""
        language = language_of(request)
        other = "en" if language == "sv" else "sv"
        kept = [(key, value) for key, value in request.query_params.multi_items() if key != "lang"]
        html = self._templates.get_template(template).render(
            _=translator(language),
            role_names=ROLE_NAMES,
            static=lambda name: f"/static/{self.files.served_name(name)}",
            here=request.url.path,
            language=language,
            other_language=other,
            other_address="?" + urlencode([*kept, ("lang", other)]),
            **values,
        )
        return HTMLResponse(
            html,
            status_code=status,
            headers={
                "content-language": language,
                "content-security-policy": _POLICY,
                "referrer-policy": "same-origin",  # with none a form of our own says that it comes from nowhere
                "x-content-type-options": "nosniff",
                "cache-control": "no-store",
                "vary": "accept-language",
            },
        )
