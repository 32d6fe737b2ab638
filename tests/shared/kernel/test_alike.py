"""What makes wishes for training alike."""

from datetime import date

from shared.kernel.alike import groups_alike, periods_overlap, same_subject, subject_stems

SPRING = (date(2027, 3, 1), date(2027, 5, 31))


def test_words_that_say_only_that_it_is_training_make_nothing_alike() -> None:
    assert subject_stems("Grundkurs, utbildning för anställda") == frozenset()
    assert not same_subject("Grundkurs för anställda", "Utbildning för anställda")


def test_words_are_the_same_by_their_beginning() -> None:
    assert same_subject("Svetsning av rör", "Svetsutbildning, grund")


def test_a_period_that_is_left_open_reaches_on() -> None:
    assert periods_overlap(SPRING, (None, None))
    assert periods_overlap(SPRING, (date(2027, 5, 31), None))
    assert not periods_overlap(SPRING, (date(2027, 6, 1), None))
    assert not periods_overlap((None, date(2027, 2, 28)), SPRING)


def test_groups_hold_two_or_more_and_nobody_twice() -> None:
    titles = ["Svetsning", "Ledarskap", "Svetsa rör", "Truckkort", "Svets"]
    assert groups_alike(titles, same_subject) == [["Svetsning", "Svetsa rör", "Svets"]]
