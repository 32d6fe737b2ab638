"""Surveys with a project's own questions: asked by version, answered by somebody, read again, exported."""

import csv
import io
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest

from deploy.seeding.answering import answered
from services.booking.needs.rules import SurveyDetails
from services.booking.projects.commands import load_project
from services.booking.projects.queries import questions_asked
from services.booking.projects.questions import check_answers
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.projects.test_questions import QUESTIONS, a_question
from tests.services.booking.registered import A_MONDAY, Office, a_project_input
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

ANSWERS = {"q_people": "12", "q_grows": "yes", "q_how": "export", "q_where": "Norge", "q_form": "online"}
FIXED = {"made_on": "2026-11-20", "took_part": "Ledningen"}


@pytest.fixture(autouse=True)
async def visitors(office: Office) -> AsyncIterator[None]:
    with known_visitors(office.app):
        yield


async def asks(office: Office, *questions: dict[str, object]) -> int | None:
    async with office.transaction() as session:
        await load_project(session, office.clock, a_project_input(need_questions=list(questions)))
        version, _questions = await questions_asked(session, office.project_id)
        return version


async def _employer(office: Office, sub: str) -> str:
    return str((await office.registered(sub))["employer"]["employer_id"])


def surveys_of(office: Office, employer: str) -> str:
    return f"/booking/projects/{office.project_id}/employers/{employer}/surveys"


async def send(page: httpx.AsyncClient, surveys: str, **answers: str) -> httpx.Response:
    hidden = page_of(await page.get(f"{surveys}/new")).typed()
    return await page.post(f"{surveys}/new", data=hidden | FIXED | answers)


async def test_questions_are_asked_answered_and_shown_again_as_they_were(office: Office) -> None:
    employer = await _employer(office, "answers")
    coach = await office.holder("helps", Grant(Role.COACH, project_id=office.project_id))
    first = await asks(office, *QUESTIONS)
    surveys = surveys_of(office, employer)
    async with browser(office.app, "answers") as page:
        form = page_of(await page.get(f"{surveys}/new"))
        assert "Answer this if you answered Yes to “Fråga grows? (en)”." in form.text
        assert "What you need to learn, and why" not in form.text
        wrong = page_of(await send(page, surveys, **ANSWERS | {"q_people": "många"}), 422)
        assert "Write a number" in wrong.text
        assert wrong.tag("input", name="q_people")["value"] == "många"
        early = page_of(await page.get(f"{surveys}/new")).typed()
        second = await asks(office, a_question("new", "yes_no"))
        sent = await page.post(f"{surveys}/new", data=early | FIXED | ANSWERS | {"with_coach": str(coach)})
        assert sent.status_code == 303, sent.text
        shown = page_of(await page.get(str(sent.headers["location"])))
        for told in ("Fråga people? (en)", "12", "Norge", "The employer's contact", "Per helps", "export (en)"):
            assert told in shown.text, told
        assert "Fråga new? (en)" in page_of(await page.get(f"{surveys}/new")).text
    async with browser(office.app, "helps") as page:
        assert (await send(page, surveys, q_new="no")).status_code == 303
    async with browser(office.app, "lead") as lead:
        address = f"/booking/projects/{office.project_id}/surveys"
        listed = page_of(await lead.get(address))
        assert "A coach" in listed.text
        assert "Fråga new? (en)" in listed.text
        for version, columns in (
            (second, {"Fråga new? (en)": "No"}),
            (first, {"Fråga people? (en)": "12", "Fråga how? (en)": "export (en)"}),
        ):
            answer = await lead.get(f"{address}?version={version}&format=csv")
            rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
            assert columns in [{name: row[name] for name in columns} for row in rows]
        with statements_of(office.database) as sent_statements:
            page_of(await lead.get(address))
        assert len(sent_statements) <= 10


async def test_a_program_answers_to_a_version_and_is_told_what_is_missing(office: Office) -> None:
    employer = await _employer(office, "a-program")
    await asks(office, *QUESTIONS)
    client = office.ask("a-program")
    path = f"projects/{office.project_id}/employers/{employer}"
    asked = (await client.get(f"{path}/need-questions")).json()
    assert [question["key"] for question in asked["questions"]] == [each["key"] for each in QUESTIONS]
    body: dict[str, object] = {"made_on": "2026-11-20", "took_part": "Ledningen", "findings": "Mycket"}
    refused = await client.post(f"{path}/need-surveys", json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "answers_missing")
    version = {"questions_version": asked["version"]}
    wrong = await client.post(f"{path}/need-surveys", json=body | version | {"answers": {"grows": True}})
    assert {error["field"] for error in wrong.json()["errors"]} == {"q_people", "q_how"}
    unknown = await client.post(f"{path}/need-surveys", json=body | {"questions_version": 99, "answers": {}})
    assert unknown.status_code == 404
    made = await client.post(f"{path}/need-surveys", json=body | version | {"answers": {"people": "3", "grows": False}})
    assert made.status_code == 201, made.text
    assert (made.json()["answers"], made.json()["written_as"]) == ({"people": "3", "grows": False}, "contact")
    assert UUID(made.json()["survey_id"])


async def test_a_project_without_questions_asks_in_words(office: Office) -> None:
    employer = await _employer(office, "in-words")
    await asks(office)
    async with browser(office.app, "in-words") as page:
        surveys = surveys_of(office, employer)
        assert "Say what you need to learn" in page_of(await send(page, surveys), 422).text
        assert (await send(page, surveys, findings="Svetsning")).status_code == 303
    async with browser(office.app, "lead") as lead:
        answer = await lead.get(f"/booking/projects/{office.project_id}/surveys?version=0&format=csv")
    assert "Svetsning" in answer.text


async def test_target_groups_are_set_suggested_and_told_in_the_history(office: Office) -> None:
    employer = await _employer(office, "groups")
    address = f"/booking/projects/{office.project_id}/employers/{employer}/groups"
    async with browser(office.app, "groups") as page:
        page_of(await page.get(surveys_of(office, employer))).tag("a", href=address)
        for persons in ("8", "9"):
            typed = page_of(await page.get(address)).typed() | {"name": "Svetsare", "persons": persons}
            assert (await page.post(address, data=typed)).status_code == 303
        assert (await page.get(f"{address}?format=csv")).text.splitlines()[1:] == ["Svetsare,9"]
        assert "A target group of Lyftet was changed" in page_of(await page.get(f"/booking/employers/{employer}")).text
    client = office.ask("groups")
    path = f"projects/{office.project_id}/employers/{employer}/target-groups"
    assert (await client.get(path)).json()["items"] == [{"name": "Svetsare", "persons": 9}]
    assert (await client.put(path, json={"name": "Svetsare", "persons": 0})).status_code == 200
    assert (await client.put(path, json={"name": "Svetsare", "persons": 0})).status_code == 404


async def test_whoever_fills_a_project_with_invented_things_answers_its_questions(office: Office) -> None:
    version = await asks(office, *QUESTIONS)
    async with office.database.sessions() as session:
        survey = await answered(session, office.project_id, SurveyDetails(A_MONDAY.date(), "Ledningen", "Mycket"))
        _version, questions = await questions_asked(session, office.project_id)
    assert (survey.questions_version, survey.findings) == (version, None)
    assert check_answers(questions, survey.answers or {}) == survey.answers
