"""Every operation, asked with right and wrong input at random: no fault, and every answer as documented."""

import pytest

from services.booking.app import ROUTERS, create_app
from services.booking.authorisation import PERMITS
from services.booking.settings import BookingSettings
from shared.kernel.roles import Role
from shared.web.documents import operations_of
from tests.services.booking.registered import Office
from tests.services.booking.world import World, a_world
from tests.support.fuzz import check_operations, fuzzing
from tests.support.web import settings_for

TAGS = sorted({str(tag) for router in ROUTERS for tag in router.tags})
SUCCEEDS = {"list_employers": 200, "get_employer": 200, "list_people": 200, "get_plan": 200, "get_figures": 200}


@pytest.fixture(scope="module")
async def world(office: Office) -> World:
    """A world, and `everything`, who holds every role for it."""
    async with office.transaction() as session:
        made = await a_world(session)
    await office.holder("everything", *(made.grants[role] for role in made.grants if role is not Role.PARTICIPANT))
    return made


def test_every_operation_has_a_tag(office: Office) -> None:
    tagged = {
        operation["operationId"]
        for _, _, operation in operations_of(office.app.openapi())
        if operation["tags"][0] in TAGS
    }
    assert tagged == set(PERMITS)


@pytest.mark.parametrize("tag", TAGS)
def test_every_answer_is_as_documented(office: Office, world: World, tag: str) -> None:
    url = office.app.state.parts.database.engine.url.render_as_string(hide_password=False)
    app = create_app(settings_for(BookingSettings, url, office.issuer), issuer_transport=office.issuer.transport)
    token = office.issuer.token("everything", "booking")
    names = [each["operationId"] for _, _, each in operations_of(app.openapi()) if each["tags"][0] == tag]
    assert names
    with fuzzing():
        for name in names:
            seen = check_operations(app, "booking", token=token, known=world.ids, examples=4, only=name)
            assert name not in SUCCEEDS or SUCCEEDS[name] in seen[name]
