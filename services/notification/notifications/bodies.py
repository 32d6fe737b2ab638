"""What is sent about a notification, by a program or a form."""

from shared.web.bodies import Body, Reason


class Decision(Body):
    """Why an operator decides so."""

    reason: Reason
