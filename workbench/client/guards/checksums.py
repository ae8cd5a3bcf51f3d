"""Check digits: what tells a number of a kind from any other of its length."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "IBAN_LENGTHS",
    "bsn",
    "card",
    "cpf",
    "dni",
    "ean13",
    "iban",
    "luhn",
    "nir",
    "pesel",
    "ssn",
    "tax_id_de",
]

IBAN_LENGTHS: Mapping[str, int] = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "BR": 29, "CH": 21, "CY": 28, "CZ": 24, "DE": 22,
    "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TR": 26, "UA": 29,
}  # fmt: skip
"""Characters of an IBAN by country, as of the SWIFT registry; countries that are not here are not known."""

_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"

# First digits and length, as of the issuers' own documentation.
_CARDS = (
    (4, 4, 16), (51, 55, 16), (2221, 2720, 16), (34, 34, 15), (37, 37, 15), (6011, 6011, 16),
    (644, 659, 16), (3528, 3589, 16), (300, 305, 14), (36, 36, 14), (38, 39, 14), (62, 62, 16),
)  # fmt: skip


def luhn(digits: str) -> bool:
    """Return whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def card(digits: str) -> bool:
    """Return whether digits are a payment card's: an issuer's first digits and length, and Luhn."""
    known = any(
        len(digits) == length and low <= int(digits[: len(str(low))]) <= high for low, high, length in _CARDS
    )
    return known and luhn(digits)


def iban(text: str) -> bool:
    """Return whether a text without spaces is an IBAN: a country's length, and mod 97 (ISO 13616)."""
    text = text.upper()
    if IBAN_LENGTHS.get(text[:2]) != len(text) or not (text.isascii() and text.isalnum()):
        return False
    return int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4])) % 97 == 1


def ean13(digits: str) -> bool:
    """Return whether the 13th digit checks the others with weights 1 and 3 (GS1; the Swiss AHV number)."""
    return sum(int(digit) * (1 + 2 * (place % 2)) for place, digit in enumerate(digits)) % 10 == 0


def bsn(digits: str) -> bool:
    """Return whether 9 digits are a Dutch citizen service number: the eleven test with the last weight -1."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return total % 11 == 0 and int(digits) > 0


def dni(text: str) -> bool:
    """Return whether 8 digits and a letter are a Spanish DNI, or X, Y, Z in place of the first a NIE."""
    number = {"X": "0", "Y": "1", "Z": "2"}.get(text[0], text[0]) + text[1:8]
    return _DNI_LETTERS[int(number) % 23] == text[8]


def pesel(digits: str) -> bool:
    """Return whether 11 digits are a Polish PESEL: a month and day that can be, and the weighted sum."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return total % 10 == 0 and 1 <= int(digits[2:4]) % 20 <= 12 and 1 <= int(digits[4:6]) <= 31


def cpf(digits: str) -> bool:
    """Return whether 11 digits are a Brazilian CPF: two check digits mod 11, not all digits the same."""
    for length in (9, 10):
        total = sum(int(digits[place]) * (length + 1 - place) for place in range(length))
        if int(digits[length]) != total * 10 % 11 % 10:
            return False
    return len(set(digits)) > 1


def nir(text: str) -> bool:
    """Return whether 15 signs are a French NIR: the key 97 - n mod 97; Corsica's 2A and 2B as 19 and 18."""
    number = text[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and int(text[13:]) == 97 - int(number) % 97


def tax_id_de(digits: str) -> bool:
    """Return whether 11 digits are a German tax id: ISO 7064 mod 11,10, and one digit two or three times."""
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    repeated = [digits[:10].count(digit) for digit in set(digits[:10])]
    fits = digits[0] != "0" and max(repeated) in (2, 3)
    return fits and (11 - product) % 10 == int(digits[10])


def ssn(digits: str) -> bool:
    """Return whether 9 digits can be a US social security number; it has no check digit."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"
