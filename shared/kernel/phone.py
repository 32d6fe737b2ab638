"""Telephone numbers in the international form E.164."""

import phonenumbers

from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_

_SWEDEN = 46
_MOBILE = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def e164(text: str, *, field: str = "phone") -> str:
    """Return the number as `+46701740605`, read as Swedish where no country is given.

    Raises InvalidInput for what is no number. The number itself is not repeated in the message.
    """
    try:
        number = phonenumbers.parse(text, "SE")
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise InvalidInput(
            N_("This is not a telephone number. Write it as 070-174 06 05, or with the country as +46 70 174 06 05."),
            code="phone_invalid",
            field=field,
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(number: str, *, at_home: bool) -> str:
    """Return a number as people write it: `070-174 06 05` to those at home in Sweden, else `+46 70 174 06 05`."""
    parsed = phonenumbers.parse(number)
    is_local = at_home and parsed.country_code == _SWEDEN
    form = phonenumbers.PhoneNumberFormat.NATIONAL if is_local else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def takes_sms(number: str) -> bool:
    """Whether an E.164 number is a mobile one. In Sweden 074 and 078 are not ordinary mobiles."""
    return phonenumbers.number_type(phonenumbers.parse(number)) in _MOBILE
