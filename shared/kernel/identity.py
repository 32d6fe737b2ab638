"""Numbers by which Sweden knows organisations, workplaces, persons and kinds of things. Formats and check digits only.

Each function returns the one normal form that is stored, or raises InvalidInput. A personal identity number is never
repeated in a message.
"""

import re
from collections.abc import Callable
from datetime import date

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.se import orgnr, personnummer

from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_

COUNTIES = {
    "01": "Stockholms län",
    "03": "Uppsala län",
    "04": "Södermanlands län",
    "05": "Östergötlands län",
    "06": "Jönköpings län",
    "07": "Kronobergs län",
    "08": "Kalmar län",
    "09": "Gotlands län",
    "10": "Blekinge län",
    "12": "Skåne län",
    "13": "Hallands län",
    "14": "Västra Götalands län",
    "17": "Värmlands län",
    "18": "Örebro län",
    "19": "Västmanlands län",
    "20": "Dalarnas län",
    "21": "Gävleborgs län",
    "22": "Västernorrlands län",
    "23": "Jämtlands län",
    "24": "Västerbottens län",
    "25": "Norrbottens län",
}
_CPV_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)
_CENTURY_PREFIX = "16"
_COORDINATION_DAY = 60


def organisation_number(text: str, *, field: str = "organisation_number") -> str:
    """Return `NNNNNN-NNNN`; takes 10 digits, or 12 with the prefix 16.

    A sole trader's number is a personal identity number; see `is_sole_trader` before storing or sending it.
    """
    digits = re.sub(r"[\s-]", "", text)
    if len(digits) == 12 and digits.startswith(_CENTURY_PREFIX):  # noqa: PLR2004 - the form with a century
        digits = digits[2:]
    try:
        orgnr.validate(digits)
    except ValidationError:
        raise InvalidInput(
            N_("This is not an organisation number: ten digits, the last a check digit. Write it as 212000-2742."),
            code="organisation_number_invalid",
            field=field,
        ) from None
    return f"{digits[:6]}-{digits[6:]}"


def is_sole_trader(number: str) -> bool:
    """Whether an organisation number in normal form is a personal identity number: its third digit is below 2."""
    return number[2] < "2"


def personal_number(text: str, *, field: str = "personal_number") -> str:
    """Return a personal identity or coordination number as twelve digits `YYYYMMDDNNNN`."""
    compact = re.sub(r"\s", "", text)
    try:
        return _full_personal_number(compact)
    except (ValidationError, ValueError):
        raise InvalidInput(
            N_("This is not a personal identity number or coordination number. Write it as YYYYMMDD-NNNN."),
            code="personal_number_invalid",
            field=field,
        ) from None


def _full_personal_number(compact: str) -> str:
    if re.fullmatch(r"\d{8}-?\d{4}", compact):
        digits = compact.replace("-", "")
        luhn.validate(digits[2:])
        date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{_birth_day(digits[6:8])}")
        return digits
    if re.fullmatch(r"\d{6}[-+]?\d{4}", compact):
        signed = compact if len(compact) == 11 else f"{compact[:6]}-{compact[6:]}"  # noqa: PLR2004 - with its sign
        luhn.validate(signed[:6] + signed[7:])
        birth = personnummer.get_birth_date(signed[:4] + _birth_day(signed[4:6]) + signed[6:])
        return f"{birth.year}{signed[2:6]}{signed[7:]}"
    raise ValueError(compact)


def _birth_day(day: str) -> str:
    """The day of birth; a coordination number carries it plus 60."""
    return f"{int(day) - _COORDINATION_DAY:02d}" if int(day) > _COORDINATION_DAY else day


def _matching(pattern: str, code: str, message: str) -> Callable[..., str]:
    compiled = re.compile(pattern)

    def check(text: str, *, field: str = code) -> str:
        compact = re.sub(r"\s", "", text)
        if not compiled.fullmatch(compact):
            raise InvalidInput(message, code=f"{code}_invalid", field=field, value=text[:40])
        return compact

    return check


cfar = _matching(
    r"\d{8}",
    "cfar",
    N_("“{value}” is not a workplace number (CFAR): eight digits, found in Statistics Sweden's register."),
)
sni = _matching(
    r"\d{2}(\.\d{1,3})?|\d{5}", "sni", N_("“{value}” is not an industry code (SNI): two to five digits, as 25.620.")
)
nuts = _matching(r"[A-Z]{2}[0-9A-Z]{0,3}", "nuts", N_("“{value}” is not a NUTS code such as SE33."))
_four_digits = _matching(
    r"\d{4}", "municipality", N_("“{value}” is not a municipality code: four digits, as 2080 for Falun.")
)
_eight_and_check = _matching(
    r"\d{8}-\d", "cpv", N_("“{value}” is not a CPV code: eight digits and a check digit, as 80511000-9.")
)


def municipality_code(text: str, *, field: str = "municipality") -> str:
    """Return the four digits of a municipality whose first two are a county."""
    code = _four_digits(text, field=field)
    if code[:2] not in COUNTIES:
        raise InvalidInput(
            N_("“{value}” is not a municipality code: no county has the number {county}."),
            code="municipality_invalid",
            field=field,
            value=text[:40],
            county=code[:2],
        )
    return code


def cpv(text: str, *, field: str = "cpv") -> str:
    """Return a CPV code `NNNNNNNN-N` whose check digit is right (weights 3 7 1, modulo ten)."""
    code = _eight_and_check(text, field=field)
    expected = sum(weight * int(digit) for weight, digit in zip(_CPV_WEIGHTS, code[:8], strict=True)) % 10
    if int(code[-1]) != expected:
        raise InvalidInput(
            N_("“{value}” is not a CPV code: the check digit of {digits} is {expected}."),
            code="cpv_invalid",
            field=field,
            value=code,
            digits=code[:8],
            expected=expected,
        )
    return code
