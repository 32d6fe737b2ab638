"""Every operation, asked with right and wrong input at random: no fault, and every answer as documented."""

import pytest

from services.notification.app import create_app
from services.notification.settings import NotificationSettings
from shared.kernel.roles import Role
from tests.services.notification.office import Office
from tests.services.notification.world import Place, settle_in
from tests.support.fuzz import check_operations, fuzzing, operation_names
from tests.support.web import LocalIssuer, settings_for


@pytest.fixture
async def place(office: Office) -> Place:
    return await settle_in(office, Place("here"))


def test_every_answer_is_as_documented(database_url: str, issuer: LocalIssuer, place: Place) -> None:
    settings = settings_for(NotificationSettings, database_url, issuer)
    app = create_app(settings, issuer_transport=issuer.transport)
    known = {
        "person_id": place.people[Role.CONTACT],
        "supplier_id": place.supplier_id,
        "employer_id": place.employer_id,
        "project_id": place.project_id,
        "notification_id": place.booking_id,
    }
    with fuzzing():
        seen = check_operations(
            app,
            "notification",
            token=issuer.token(place.sub(Role.OPERATOR), "notification"),
            known=known,
            examples=10,
        )
    assert set(seen) == set(operation_names(app))
    assert 200 in seen["list_notifications_about_project"]
    assert seen["cancel_notification"] & {200, 409}
