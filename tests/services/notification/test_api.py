"""The API: what was told and what came of it, wishes, suppressions, wordings."""

from datetime import timedelta

import pytest
from fastapi import FastAPI

from services.notification.kinds import KINDS
from shared.kernel.roles import Role
from tests.services.notification.office import Office, a_booking, to_person
from tests.services.notification.world import Place, settle_in
from tests.support.web import LocalIssuer, problem_of, signed_client

API = "/notification/api/v1"


@pytest.fixture
async def place(office: Office) -> Place:
    return await settle_in(office, Place("here"))


async def test_a_notification_is_shown_with_its_history(
    office: Office, app: FastAPI, issuer: LocalIssuer, place: Place
) -> None:
    await office.send()
    async with signed_client(app, issuer, place.sub(Role.CONTACT)) as contact:
        shown = (await contact.get(f"{API}/notifications/{place.booking_id}")).json()
    assert shown["recipient"] == {"kind": "person", "id": str(place.people[Role.CONTACT]), "part": "contact"}
    assert [(change["before"], change["after"]) for change in shown["history"]] == [
        (None, "pending"),
        ("pending", "sending"),
        ("sending", "sent"),
    ]
    assert [(attempt["number"], attempt["result"]) for attempt in shown["attempts"]] == [(1, "accepted")]
    assert shown["receipts"] == []
    assert "@" not in str(shown)


async def test_lists_are_newest_first_in_pages_and_filtered(
    office: Office, app: FastAPI, issuer: LocalIssuer, place: Place
) -> None:
    contact_id = place.people[Role.CONTACT]
    for _ in range(3):
        await office.hear(a_booking(office, to_person(contact_id)))
    async with signed_client(app, issuer, place.sub(Role.CONTACT)) as contact:
        address = f"{API}/people/{contact_id}/notifications"
        first = (await contact.get(address, params={"limit": 3})).json()
        second = (await contact.get(address, params={"limit": 3, "after": first["next"]})).json()
        ids = [item["notification_id"] for item in first["items"] + second["items"]]
        assert len(ids) == 5
        assert ids == sorted(ids, reverse=True)
        assert second.get("next") is None
        one = (await contact.get(address, params={"kind": "request_in_case", "state": "pending"})).json()
        assert [item["notification_id"] for item in one["items"]] == [str(place.request_id)]
        none = (await contact.get(address, params={"state": "sent"})).json()
        assert none["items"] == []
        problem_of(await contact.get(address, params={"state": "lost"}), 422, "invalid_input", field="state")
        problem_of(await contact.get(address, params={"sort": "kind"}), 422, "invalid_input")


async def test_an_operator_sends_again_what_failed(
    office: Office, app: FastAPI, issuer: LocalIssuer, place: Place
) -> None:
    await office.behave(email={"eva@example.test": "554"})
    await office.send()
    await office.behave(email={"eva@example.test": None})
    async with signed_client(app, issuer, place.sub(Role.OPERATOR)) as operator:
        address = f"{API}/notifications/{place.booking_id}/send-again"
        answer = await operator.post(address, json={"reason": "Servern är lagad"}, headers={"idempotency-key": "k1"})
        assert (answer.status_code, answer.json()["state"]) == (200, "pending")
        again = await operator.post(address, json={"reason": "Servern är lagad"}, headers={"idempotency-key": "k1"})
        assert again.headers["idempotency-replayed"] == "true"
        problem_of(await operator.post(address, json={"reason": "Igen"}), 409, "notification_cannot_move")
        await office.send()
        shown = (await operator.get(f"{API}/notifications/{place.booking_id}")).json()
    assert shown["state"] == "sent"
    assert [attempt["result"] for attempt in shown["attempts"]] == ["permanent", "accepted"]
    assert "Servern är lagad" in [change["cause"] for change in shown["history"]]


async def test_what_is_no_longer_kept_cannot_be_sent_again(
    office: Office, app: FastAPI, issuer: LocalIssuer, place: Place
) -> None:
    await office.behave(email={"eva@example.test": "554"})
    await office.send()
    office.clock.advance(timedelta(days=31))
    await office.tick()
    async with signed_client(app, issuer, place.sub(Role.OPERATOR)) as operator:
        answer = await operator.post(
            f"{API}/notifications/{place.booking_id}/send-again", json={"reason": "Försök igen"}
        )
    problem_of(answer, 409, "content_forgotten")


async def test_an_operator_cancels_what_has_not_left(
    office: Office, app: FastAPI, issuer: LocalIssuer, place: Place
) -> None:
    async with signed_client(app, issuer, place.sub(Role.OPERATOR)) as operator:
        address = f"{API}/notifications/{place.booking_id}/cancel"
        answer = await operator.post(address, json={"reason": "Ringt i stället"})
        assert answer.json()["state"] == "cancelled"
        problem_of(await operator.post(address, json={"reason": "Igen"}), 409, "notification_cannot_move")
        await office.send()
    assert "booking_confirmed" not in {
        kind for (kind, _), (state, _) in (await office.states()).items() if state == "sent"
    }


async def test_wishes_are_set_and_followed(office: Office, app: FastAPI, issuer: LocalIssuer, place: Place) -> None:
    contact_id = place.people[Role.CONTACT]
    async with signed_client(app, issuer, place.sub(Role.CONTACT)) as contact:
        address = f"{API}/people/{contact_id}/preferences"
        before = (await contact.get(address)).json()["preferences"]
        assert all(wish["wanted"] for wish in before)
        body = {"preferences": [{"kind": "booking_confirmed", "channel": "email", "wanted": False}]}
        after = (await contact.put(address, json=body)).json()["preferences"]
        assert [wish["kind"] for wish in after if not wish["wanted"]] == ["booking_confirmed"]
        await office.send()
        assert (await office.states())[("booking_confirmed", "email")] == ("cancelled", "declined")
        body["preferences"][0]["wanted"] = True
        restored = (await contact.put(address, json=body)).json()["preferences"]
        assert restored == before


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({"kind": "request_declined", "channel": "email", "wanted": False}, 409, "kind_required"),
        ({"kind": "request_declined", "channel": "sms", "wanted": False}, 422, "kind_unknown"),
        ({"kind": "horoscope", "channel": "email", "wanted": False}, 422, "kind_unknown"),
        ({"kind": "booking_confirmed", "channel": "pigeon", "wanted": False}, 422, "invalid_input"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused(
    app: FastAPI, issuer: LocalIssuer, place: Place, wish: dict[str, object], status: int, code: str
) -> None:
    async with signed_client(app, issuer, place.sub(Role.CONTACT)) as contact:
        answer = await contact.put(
            f"{API}/people/{place.people[Role.CONTACT]}/preferences", json={"preferences": [wish]}
        )
    problem_of(answer, status, code)


async def test_an_address_is_suppressed_and_lifted(
    office: Office, app: FastAPI, issuer: LocalIssuer, place: Place
) -> None:
    async with signed_client(app, issuer, place.sub(Role.OPERATOR)) as operator:
        body = {"channel": "email", "address": "Eva@Example.test", "note": "Har slutat"}
        added = await operator.post(f"{API}/suppressions", json=body)
        assert added.status_code == 201
        problem_of(await operator.post(f"{API}/suppressions", json=body), 409, "suppressed_already")
        listed = (await operator.get(f"{API}/suppressions")).json()["items"]
        assert [item["address"] for item in listed] == ["eva@example.test"]
        await office.send()
        assert (await office.states())[("booking_confirmed", "email")] == ("suppressed", "operator")
        address = f"{API}/suppressions/{added.json()['suppression_id']}/lift"
        assert (await operator.post(address)).json()["address"] is None
        problem_of(await operator.post(address), 409, "lifted_already")
        assert (await operator.get(f"{API}/suppressions")).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"channel": "sms", "address": "070-174"}, "phone_invalid", "address"),
        ({"channel": "email", "address": "eva"}, "email_invalid", "address"),
        ({"channel": "email", "address": "e@x.se", "until": "2020-01-01T00:00:00Z"}, "until_passed", "until"),
        ({"channel": "email", "address": "e@x.se", "until": "2030-01-01T00:00:00"}, "invalid_input", "until"),
    ],
)
async def test_a_suppression_that_cannot_be_is_refused(
    app: FastAPI, issuer: LocalIssuer, place: Place, body: dict[str, object], code: str, field: str
) -> None:
    async with signed_client(app, issuer, place.sub(Role.OPERATOR)) as operator:
        answer = await operator.post(f"{API}/suppressions", json={**body, "note": "Prov"})
    problem_of(answer, 422, code, field=field)


async def test_wordings_are_listed_with_their_fields(app: FastAPI, issuer: LocalIssuer, place: Place) -> None:
    async with signed_client(app, issuer, place.sub(Role.PROJECT_LEAD)) as lead:
        shown = (await lead.get(f"{API}/wordings")).json()
    assert [wording["kind"] for wording in shown["wordings"]] == list(KINDS)
    [reminder] = [wording for wording in shown["wordings"] if wording["kind"] == "meeting_reminder"]
    assert {(text["language"], text["channel"]) for text in reminder["texts"]} == {
        (language, channel) for language in ("sv", "en") for channel in ("email", "sms")
    }
    assert "{course_title}" in reminder["texts"][0]["subject"]
