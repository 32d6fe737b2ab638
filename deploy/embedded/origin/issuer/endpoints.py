"""The issuer's addresses: discovery, keys, the page where a person is chosen, tokens, sign-out, and rotating keys."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oidc.discovery import OpenIDProviderMetadata
from starlette.datastructures import ImmutableMultiDict, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.embedded.origin.issuer.clients import SCOPES
from deploy.embedded.origin.issuer.keys import ALGORITHM, SigningKeys
from deploy.embedded.origin.issuer.remembered import Remembered
from deploy.embedded.origin.issuer.server import IssuerRequest, IssuerServer
from deploy.embedded.origin.pages import Pages
from deploy.embedded.origin.problems import OriginProblem
from deploy.people import ReadyMade
from shared.kernel.texts import N_

_MOST_FIELDS = 40
_ASK_AGAIN = ("login", "select_account")


class IssuerRoutes:
    """Handlers over one server."""

    def __init__(self, *, server: IssuerServer, ready_made: ReadyMade, keys: SigningKeys, pages: Pages) -> None:
        self._server = server
        self._ready_made = ready_made
        self._keys = keys
        self._pages = pages
        self._remembered = Remembered(server.issuer)

    def routes(self) -> list[Route]:
        base = urlsplit(self._server.issuer).path
        return [
            Route(f"{base}/.well-known/openid-configuration", self.discovery),
            Route(f"{base}/.well-known/jwks.json", self.jwks),
            Route(f"{base}/authorize", self.choose, methods=["GET"]),
            Route(f"{base}/authorize", self.chosen, methods=["POST"]),
            Route(f"{base}/token", self.token, methods=["POST"]),
            Route(f"{base}/end-session", self.end_session, methods=["GET", "POST"]),
            Route(f"{base}/people", self.people),
            Route(f"{base}/rotate-keys", self.rotate_keys, methods=["POST"]),
        ]

    async def discovery(self, request: Request) -> Response:
        del request
        issuer = self._server.issuer
        metadata = OpenIDProviderMetadata(
            issuer=issuer,
            authorization_endpoint=f"{issuer}/authorize",
            token_endpoint=f"{issuer}/token",
            jwks_uri=f"{issuer}/.well-known/jwks.json",
            end_session_endpoint=f"{issuer}/end-session",
            scopes_supported=list(SCOPES),
            response_types_supported=["code"],
            response_modes_supported=["query"],
            grant_types_supported=["authorization_code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=[ALGORITHM],
            token_endpoint_auth_methods_supported=["none"],
            code_challenge_methods_supported=["S256"],
            authorization_response_iss_parameter_supported=True,
            claims_supported=["sub", "name", "given_name", "family_name", "locale", "email", "email_verified"],
            ui_locales_supported=["sv", "en"],
        )
        return JSONResponse(metadata, headers={"cache-control": "public, max-age=300"})

    async def jwks(self, request: Request) -> Response:
        del request
        return JSONResponse(self._keys.published.as_dict(private=False), headers={"cache-control": "no-cache"})

    async def choose(self, request: Request) -> Response:
        """Show the people to choose among, if the request could be granted; who has chosen already is not asked."""
        asked = self._read(request, request.query_params)
        person = self._ready_made.people.get(self._remembered.person_of(request) or "")
        if request.query_params.get("prompt") in _ASK_AGAIN:
            person = None
        try:
            grant = self._server.get_consent_grant(asked, end_user=person)
        except OAuth2Error as error:
            return self._refused(request, asked, error)
        if person is not None:
            answer = self._server.create_authorization_response(request=asked, grant_user=person, grant=grant)
            assert isinstance(answer, Response)
            return answer
        return self._pages.render(
            request,
            "sign_in.html",
            people=self._ready_made.people.values(),
            scope_of=self._ready_made.scope_of,
            parameters=request.query_params.multi_items(),
            client_id=asked.payload.client_id,
        )

    async def chosen(self, request: Request) -> Response:
        """Give the client its code for the person chosen."""
        self._refuse_other_sites(request)
        form = await self._form(request)
        person = self._ready_made.people.get(form.get("person", ""))
        if person is None:
            raise OriginProblem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "person_unknown",
                N_("There is nobody called {person} here. Choose one of: {known}."),
                person=form.get("person", "")[:80],
                known=", ".join(self._ready_made.people),
            )
        asked = self._read(request, form)
        try:
            grant = self._server.get_consent_grant(asked, end_user=person)
        except OAuth2Error as error:
            return self._refused(request, asked, error)
        answer = self._server.create_authorization_response(request=asked, grant_user=person, grant=grant)
        assert isinstance(answer, Response)
        if form.get("remember"):
            self._remembered.remember(answer, person.sub)
        return answer

    async def token(self, request: Request) -> Response:
        asked = self._read(request, await self._form(request))
        answer = self._server.create_token_response(asked)
        assert isinstance(answer, Response)
        return answer

    async def end_session(self, request: Request) -> Response:
        parameters = request.query_params if request.method == "GET" else await self._form(request)
        asked = self._read(request, parameters)
        try:
            wish = self._server.validate_endpoint_request("end_session", asked)
        except OAuth2Error as error:
            return self._refused(request, asked, error)
        answer: Response = (
            RedirectResponse(wish.redirect_uri, HTTPStatus.SEE_OTHER)
            if wish.redirect_uri
            else self._pages.render(request, "signed_out.html")
        )
        self._remembered.forget(request, answer)
        return answer

    async def people(self, request: Request) -> Response:
        """The people as JSON, for programs: subject, name, role and scope."""
        del request
        return JSONResponse(
            {
                "people": [
                    {
                        "sub": person.sub,
                        "name": person.name,
                        "role": person.role,
                        "scope": self._ready_made.scope_of(person),
                    }
                    for person in self._ready_made.people.values()
                ]
            }
        )

    async def rotate_keys(self, request: Request) -> Response:
        self._refuse_other_sites(request)
        return JSONResponse({"kid": self._keys.rotate()})

    def _refused(self, request: Request, asked: IssuerRequest, error: OAuth2Error) -> Response:
        """Lead back to the client with the error where its address is known to be its own; otherwise say it here."""
        if error.redirect_uri:
            answer = self._server.handle_error_response(asked, error)
            assert isinstance(answer, Response)
            return answer
        return self._pages.render(
            request,
            "refused.html",
            status=HTTPStatus.BAD_REQUEST,
            error=error.error,
            description=error.get_error_description(),
        )

    def _read(self, request: Request, parameters: ImmutableMultiDict[str, str]) -> IssuerRequest:
        uri = f"{self._server.issuer}/{request.url.path.rpartition('/')[2]}"
        return IssuerRequest(method=request.method, uri=uri, headers=request.headers, parameters=parameters)

    async def _form(self, request: Request) -> ImmutableMultiDict[str, str]:
        form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
        return ImmutableMultiDict(
            [(key, value) for key, value in form.multi_items() if not isinstance(value, UploadFile)]
        )

    def _refuse_other_sites(self, request: Request) -> None:
        """A page elsewhere must not be able to choose for the person whose browser it is."""
        headers: Mapping[str, str] = request.headers
        origin = headers.get("origin")
        own = {
            f"{split.scheme}://{split.netloc}" for split in (urlsplit(self._server.issuer), urlsplit(str(request.url)))
        }
        if (origin is not None and origin not in own) or headers.get("sec-fetch-site", "none") not in {
            "none",
            "same-origin",
        }:
            raise OriginProblem(
                HTTPStatus.FORBIDDEN, "other_site", N_("This may only be sent from a page of this address.")
            )
