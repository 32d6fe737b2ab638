"""What is sent about a question, by a program or a form."""

from shared.web.bodies import Body, Paragraph


class AskQuestion(Body):
    """A question; it is told to all who are invited, so nothing in it should show who asks."""

    text: Paragraph


class AnswerQuestion(Body):
    """The question as it is told to all, with nothing that shows who asked it, and the answer."""

    told: Paragraph
    answer: Paragraph
