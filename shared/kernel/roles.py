"""The roles that a person can hold. What a role may do is said in each service's authorisation table."""

from enum import StrEnum


class Role(StrEnum):
    """One way of taking part; a person may hold several, each for its own project, employer, buyer or supplier."""

    CONTACT = "contact"
    COACH = "coach"
    TRAINER = "trainer"
    PARTICIPANT = "participant"
    PROJECT_LEAD = "project_lead"
    PROCUREMENT_OFFICER = "procurement_officer"
    AWARD_DELEGATE = "award_delegate"
    SUPPLIER = "supplier"
    OPERATOR = "operator"
