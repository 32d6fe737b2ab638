"""How a run's texts become words to find it by: SQL that PostgreSQL keeps by itself, and what a search writes alike.

A word stands in four forms: as it is and by its Swedish stem, and both once more without dots and accents. So
"svetsningar" finds "svetsning" and "malmo" finds "Malmö", while "mål" does not find "mal".
"""

import re
from typing import Final

ANY_CASE: Final = "und-x-icu"  # knows that Å is å, whatever the database's own rules
_ACCENTED: Final = "åäöéèêëáàâãíìîïóòôõúùûüçñø"
_PLAIN: Final = "aaoeeeeaaaaiiiioooouuuucno"
# PostgreSQL would take what these join for an address, a file or a number below zero
_JOINING: Final = "./-+@:_&=?~%#"
_WORD: Final = re.compile(r"[^\W_]+")
_WEIGHTS: Final = {"title": "A", "place": "B", "about": "C"}


def in_small_letters(expression: str) -> str:
    """Return SQL for a text in small letters, with spaces for what joins words."""
    return f"""translate(lower(({expression}) COLLATE "{ANY_CASE}"), '{_JOINING}', repeat(' ', {len(_JOINING)}))"""


def words_of(searched: str) -> list[str]:
    """Return the words of what somebody searches for, as they stand in the index."""
    return _WORD.findall(searched.lower())


def _vector(column: str, weight: str) -> str:
    bare = f"translate({column}, '{_ACCENTED}'::text, '{_PLAIN}'::text)"
    forms = [
        f"to_tsvector('{configuration}'::regconfig, {text})"
        for text in (column, bare)
        for configuration in ("swedish", "simple")
    ]
    return f"setweight({' || '.join(forms)}, '{weight}'::\"char\")"


VECTOR: Final = " || ".join(_vector(column, weight) for column, weight in _WEIGHTS.items())
"""The expression of `run_words.words`."""
