"""Telephone numbers in the international form E.164."""

import phonenumbers

from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_

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


def takes_sms(number: str) -> bool:
    """Whether an E.164 number is a mobile one. In Sweden 074 and 078 are not ordinary mobiles."""
    return phonenumbers.number_type(phonenumbers.parse(number)) in _MOBILE
