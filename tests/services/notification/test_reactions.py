"""Each fact, and what each recipient's part makes of it. `hear` delivers every fact twice."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notification import contents
from services.notification.kinds import KINDS, ChannelName
from services.notification.reactions import REACTIONS
from services.notification.wordings.catalogue import load_wordings
from services.notification.wordings.forms import LANGUAGES
from shared.contracts import booking, procurement
from shared.contracts.facts import Fact, Recipient
from shared.contracts.procurement import AwardDecided, BidOutcome, SupplierDescribed
from shared.kernel.ids import new_id
from shared.messaging.reactions import NotYetKnown
from tests.services.notification.office import Office, a_person, a_supplier, to_person, to_supplier
from tests.support.messaging import a_message

UNIVERSAL = {"recipient_name": "Eva", "origin": "https://kurslots.test"}

TOLD: list[tuple[type[Fact], dict[str, object], str, str, str]] = [
    (booking.BookingConfirmed, {}, "person", "contact", "booking_confirmed"),
    (booking.BookingConfirmed, {}, "person", "participant", "seat_confirmed"),
    (booking.BookingConfirmed, {}, "person", "coach", "booking_confirmed"),
    (booking.BookingChanged, {}, "person", "contact", "booking_changed"),
    (booking.BookingChanged, {}, "person", "participant", "seat_confirmed"),
    (booking.BookingChanged, {}, "person", "former_participant", "seat_cancelled"),
    (booking.BookingCancelled, {"with_run": False, "because": None}, "person", "contact", "booking_cancelled"),
    (booking.BookingCancelled, {"with_run": False, "because": "unanswered"}, "person", "contact", "seats_released"),
    (booking.BookingCancelled, {"with_run": False}, "person", "participant", "seat_cancelled"),
    (booking.BookingAsked, {}, "person", "contact", "booking_asked"),
    (booking.BookingAsked, {}, "person", "coach", "booking_to_approve"),
    (booking.BookingAsked, {}, "person", "project_lead", "booking_to_approve"),
    (booking.BookingDeclined, {}, "person", "contact", "booking_declined"),
    (booking.BookingNamesAwaited, {}, "person", "contact", "names_due"),
    (booking.BookingChanged, {"because": "names_due"}, "person", "contact", "seats_given_back"),
    (booking.BookingCancelled, {"with_run": False, "because": "names_due"}, "person", "contact", "booking_lapsed"),
    (booking.ConfirmationAsked, {"is_reminder": False}, "person", "contact", "change_to_confirm"),
    (booking.ConfirmationAsked, {"is_reminder": True}, "person", "contact", "change_unanswered"),
    (booking.ConfirmationAnswered, {"answer": "confirmed"}, "person", "contact", "change_answered"),
    (booking.RunChanged, {}, "person", "participant", "run_changed"),
    (booking.RunChanged, {}, "person", "waiting", "run_changed_waiting"),
    (booking.RunPostponed, {}, "person", "participant", "run_postponed"),
    (booking.RunPostponed, {}, "person", "waiting", "run_postponed_waiting"),
    (booking.RunCancelled, {}, "person", "contact", "run_cancelled"),
    (booking.MeetingApproached, {}, "person", "participant", "meeting_reminder"),
    (booking.RunStaffed, {}, "person", "trainer", "trainer_named"),
    (booking.RunStaffed, {}, "person", "former_trainer", "trainer_released"),
    (booking.RunDecisionAsked, {"is_due": False}, "person", "coach", "run_short"),
    (booking.RunDecisionAsked, {"is_due": True}, "person", "project_lead", "run_to_decide"),
    (booking.RunConfirmed, {}, "person", "contact", "run_upheld"),
    (booking.WaitingEntryJoined, {}, "person", "contact", "queue_joined"),
    (booking.WaitingEntryMoved, {}, "person", "contact", "queue_moved"),
    (booking.SeatOfferOpened, {}, "person", "contact", "seats_offered"),
    (booking.SeatOfferReminded, {}, "person", "contact", "offer_expiring"),
    (booking.SeatOfferExpired, {}, "person", "contact", "offer_passed_on"),
    (booking.AttendanceSigningAsked, {"is_reminder": False}, "person", "participant", "attendance_to_sign"),
    (booking.AttendanceSigningAsked, {"is_reminder": True}, "person", "participant", "attendance_unsigned"),
    (booking.SigningCodeDrawn, {}, "person", "participant", "signing_code"),
    (booking.OutsideCourseDecided, {"is_accepted": True}, "person", "entered_by", "outside_course_accepted"),
    (booking.OutsideCourseDecided, {"is_accepted": False}, "person", "entered_by", "outside_course_declined"),
    (booking.CertificateIssued, {}, "person", "participant", "certificate_ready"),
    (booking.TrainingRequestSubmitted, {}, "person", "contact", "request_received"),
    (booking.TrainingRequestSubmitted, {}, "person", "officer", "request_to_handle"),
    (booking.TrainingRequestWithdrawn, {}, "person", "contact", "request_withdrawn"),
    (booking.TrainingRequestArranged, {}, "person", "contact", "run_arranged"),
    (procurement.TrainingRequestTaken, {}, "person", "contact", "request_in_case"),
    (procurement.TrainingRequestDeclined, {}, "person", "contact", "request_declined"),
    (procurement.TrainingRequestReturned, {}, "person", "contact", "request_returned"),
    (procurement.SupplierInvited, {}, "supplier", "invited", "invitation_to_bid"),
    (procurement.QuestionAnswered, {}, "supplier", "invited", "question_answered"),
    (procurement.ProcedureCancelled, {}, "supplier", "invited", "procedure_cancelled"),
    (procurement.ContractSigned, {}, "supplier", "winner", "contract_signed"),
    (procurement.ContractSigned, {}, "person", "contact", "request_contracted"),
]


async def known(office: Office, kind: str) -> UUID:
    if kind == "supplier":
        supplier = a_supplier()
        await office.know(supplier)
        return supplier.supplier_id
    person = a_person()
    await office.know(person)
    return person.person_id


@pytest.mark.parametrize(("fact", "changes", "kind", "part", "expected"), TOLD)
async def test_each_part_is_told_in_its_own_words(
    office: Office, fact: type[Fact], changes: dict[str, object], kind: str, part: str, expected: str
) -> None:
    recipient = Recipient(kind=kind, id=await known(office, kind), part=part)
    await office.hear(a_message(fact, recipients=(recipient,), **changes))
    rows = await office.rows()
    assert {(row.kind, row.channel) for row in rows} == {(expected, channel) for channel in KINDS[expected].channels}
    wordings = load_wordings()
    for row in rows:
        assert row.cause_type == fact.type_name
        assert (row.recipient_id, row.part) == (recipient.id, part)
        assert set(row.content) <= {field.name for field in KINDS[expected].fields}
        for language in LANGUAGES:
            assert wordings.write(row.kind, ChannelName(row.channel), language, row.content, UNIVERSAL).text


def test_every_kind_is_told_by_some_fact() -> None:
    told = {expected for *_, expected in TOLD} | {"award", "non_award"}
    assert told == set(KINDS)


def test_every_fact_of_the_others_is_acted_on_or_ignored() -> None:
    REACTIONS.check_complete()


async def test_a_recipient_named_twice_is_told_once(office: Office) -> None:
    person = a_person(phone=None)
    await office.know(person)
    both = (to_person(person.person_id, "contact"), to_person(person.person_id, "participant"))
    await office.hear(a_message(booking.BookingConfirmed, recipients=both))
    assert list(await office.states()) == [("booking_confirmed", "email")]


async def test_a_booking_that_goes_with_its_run_is_told_of_once(office: Office) -> None:
    recipient = to_person(await known(office, "person"))
    await office.hear(a_message(booking.BookingCancelled, recipients=(recipient,), with_run=True))
    assert not await office.rows()


async def test_a_phone_that_takes_no_sms_gets_none(office: Office) -> None:
    person = a_person(phone="+468123456")
    await office.know(person)
    await office.hear(a_message(booking.RunCancelled, recipients=(to_person(person.person_id, "participant"),)))
    assert list(await office.states()) == [("run_cancelled", "email")]


async def test_what_begins_within_a_day_is_urgent(office: Office) -> None:
    from tests.services.notification.office import a_run  # noqa: PLC0415 - the factory of this test alone

    recipient = to_person(await known(office, "person"))
    for hours in (24, 25):
        run = a_run(office.clock, begins_in=timedelta(hours=hours))
        await office.hear(a_message(booking.RunCancelled, recipients=(recipient,), run=run, run_id=run.run_id))
    assert sorted({(row.urgent, row.subject_id) for row in await office.rows()}) != []
    assert [row.urgent for row in await office.rows() if row.channel == "email"] == [True, False]


async def test_an_answer_is_told_alike_to_all_who_are_invited_and_to_nobody_else(office: Office) -> None:
    invited = [a_supplier(email=f"{name}@example.test") for name in ("lena", "johan")]
    other = a_supplier(email="amira@example.test")
    await office.know(*invited, other)
    deadline = office.clock.now() + timedelta(days=3)
    recipients = tuple(to_supplier(each.supplier_id, "invited") for each in invited)
    await office.hear(a_message(procurement.QuestionAnswered, recipients=recipients, deadline=deadline))
    await office.send()
    letters = {email["to"][0]: email["text"] for email in await office.emails()}
    assert set(letters) == {"lena@example.test", "johan@example.test"}
    assert len(set(letters.values())) == 1
    assert "har besvarat en fråga" in letters["lena@example.test"]


async def test_after_the_deadline_an_answer_is_told_to_nobody(office: Office) -> None:
    recipient = to_supplier(await known(office, "supplier"), "invited")
    deadline = office.clock.now() + timedelta(minutes=5)
    await office.hear(a_message(procurement.QuestionAnswered, recipients=(recipient,), deadline=deadline))
    office.clock.advance(timedelta(minutes=5))
    await office.send()
    assert not await office.emails()


def award(winner: UUID, *losers: UUID, **changes: Any) -> AwardDecided:  # noqa: ANN401 - fields of the fact
    outcomes = (
        BidOutcome(supplier_id=winner, won=True, rank=1, points="92.5", reason="Bäst pedagogik"),
        *(
            BidOutcome(supplier_id=loser, won=False, rank=number, points="80", reason="Högre pris")
            for number, loser in enumerate(losers, 2)
        ),
    )
    recipients = (to_supplier(winner, "winner"), *(to_supplier(loser, "bidder") for loser in losers))
    return a_message(AwardDecided, outcomes=outcomes, recipients=recipients, **changes)


async def test_each_bidder_hears_its_own_outcome_and_who_was_chosen(office: Office) -> None:
    winner = a_supplier(name="Siljan Lärande AB", email="amira@example.test")
    losers = [a_supplier(email="lena@example.test"), a_supplier(email="johan@example.test")]
    await office.know(winner, *losers)
    await office.hear(award(winner.supplier_id, *(loser.supplier_id for loser in losers)))
    await office.send()
    letters = {email["to"][0]: email["text"] for email in await office.emails()}
    assert "att tilldela er kontraktet" in letters["amira@example.test"]
    assert "Bäst pedagogik" in letters["amira@example.test"]
    for number, address in ((2, "lena@example.test"), (3, "johan@example.test")):
        assert "Vald leverantör: Siljan Lärande AB" in letters[address]
        assert "Skäl till valet: Bäst pedagogik" in letters[address]
        assert f"Er placering: {number}" in letters[address]
        assert "Om ert anbud: Högre pris" in letters[address]


async def test_the_winners_name_is_waited_for(office: Office) -> None:
    winner, loser = new_id(), new_id()
    with pytest.raises(NotYetKnown):
        await office.hear(award(winner, loser))
    assert not await office.rows()


async def test_a_winner_that_has_been_erased_is_not_named(office: Office) -> None:
    winner, loser = a_supplier(name="Siljan Lärande AB"), a_supplier()
    await office.know(winner, loser)
    await office.erase(SupplierDescribed, winner.supplier_id)
    await office.hear(award(winner.supplier_id, loser.supplier_id))
    [row] = await office.rows()
    assert row.kind == "non_award"
    assert "winner_name" not in row.content


async def test_a_part_that_no_wording_is_for_is_not_told(office: Office) -> None:
    await office.hear(a_message(procurement.SupplierInvited, recipients=(to_person(await known(office, "person")),)))
    assert not await office.rows()


async def test_no_address_is_kept_with_a_notification(office: Office) -> None:
    person = a_person()
    await office.know(person)
    await office.hear(a_message(booking.BookingConfirmed, recipients=(to_person(person.person_id),)))
    await office.send()
    for table in ("notifications", "notification_history", "attempts", "receipts", "outbox"):
        rows = await office.rows(f'SELECT t::text AS line FROM "{table}" AS t')  # noqa: S608 - words and ids of our own
        assert not [row.line for row in rows if "eva@example.test" in row.line or "1740610" in row.line]


def test_what_a_moved_run_is_held_at_once_with_is_told_to_whom_it_concerns() -> None:
    concerned, other = new_id(), new_id()
    at_once = [
        booking.MeetingsAtOnce(recipient_id=concerned, course_title="Truck", run_reference="R-1"),
        booking.MeetingsAtOnce(recipient_id=concerned, course_title="Hygien", run_reference="R-2"),
    ]
    fact = a_message(booking.RunChanged, at_once=tuple(at_once))
    assert contents.run_changed(fact, concerned)["at_once"] == "Truck (R-1), Hygien (R-2)"
    assert contents.run_changed(fact, other)["at_once"] is None
    wordings = load_wordings()
    for recipient, is_told in ((concerned, True), (other, False)):
        said = wordings.write("run_changed", ChannelName.EMAIL, "sv", contents.run_changed(fact, recipient), UNIVERSAL)
        assert ("Truck (R-1), Hygien (R-2)" in said.text) is is_told
