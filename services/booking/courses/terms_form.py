"""The terms of a run as fields of a form: times as the clock shows them in Sweden."""

from collections.abc import Mapping

from services.booking.courses.terms import Terms
from services.booking.courses.views import Day, RunView
from shared.web.bodies import Body, Count, Reason, Version
from shared.web.pages.typed import LocalTime, local_time_typed


class TermsForm(Body):
    """The terms as they are typed."""

    minimum: Count | None = None
    decide_on: Day | None = None
    registration_opens: LocalTime | None = None
    registration_closes: LocalTime | None = None

    def terms(self) -> Terms:
        """Return them as the rules see them."""
        return Terms(self.minimum, self.decide_on, self.registration_opens, self.registration_closes)


class ChangeTermsForm(TermsForm):
    """The terms as they shall be, and why."""

    reason: Reason
    version: Version


def begun_with(run: RunView) -> Mapping[str, object]:
    """Return what the fields begin with."""
    return {
        "minimum": run.minimum or "",
        "decide_on": run.decide_on or "",
        "registration_opens": "" if run.registration_opens is None else local_time_typed(run.registration_opens),
        "registration_closes": "" if run.registration_closes is None else local_time_typed(run.registration_closes),
    }
