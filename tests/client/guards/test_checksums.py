"""Check digits: published examples fit, and no single wrong digit does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.client.guards import checksums

EXAMPLES = {
    checksums.iban: ("GB82WEST12345698765432", "NO9386011117947", "mt84malt011000012345mtlcast001s"),
    checksums.card: ("4111111111111111", "5555555555554444", "378282246310005", "30569309025904"),
    checksums.ean13: ("7569217076985", "4006381333931"),
    checksums.bsn: ("111222333", "123456782"),
    checksums.dni: ("12345678Z", "X1234567L", "00000000T"),
    checksums.pesel: ("44051401359", "02070803628"),
    checksums.cpf: ("11144477735", "52998224725"),
    checksums.nir: ("255081416802538",),
    checksums.tax_id_de: ("86095742719", "65929970489"),
}  # fmt: skip


@pytest.mark.parametrize("check", EXAMPLES, ids=lambda check: check.__name__)
def test_published_examples(check: object) -> None:
    """Each fits; with any one digit changed it does not."""
    for example in EXAMPLES[check]:
        assert check(example), example
        for place, sign in enumerate(example):
            if sign.isdigit() and not (check is checksums.iban and place < 2):
                for other in "0123456789".replace(sign, ""):
                    assert not check(example[:place] + other + example[place + 1 :]), (example, place)


@given(st.text("0123456789", min_size=1, max_size=18))
def test_luhn_finds_its_own_digit(digits: str) -> None:
    """Of the ten digits that may follow, exactly one fits."""
    assert sum(checksums.luhn(digits + last) for last in "0123456789") == 1


@given(st.text("0123456789", min_size=18, max_size=18))
def test_iban_finds_its_own_digits(digits: str) -> None:
    """Of the check digits 02 to 98 exactly one pair fits a German account."""
    assert sum(checksums.iban(f"DE{number:02}{digits}") for number in range(2, 99)) == 1


def test_what_is_none() -> None:
    """Unknown countries, wrong lengths, letters of other scripts, all digits the same."""
    for text in ("XX82WEST12345698765432", "GB82WEST1234569876543", "", "GB", "GB82WEST1234569876543²"):
        assert not checksums.iban(text)
    assert not checksums.cpf("11111111111")
    assert not checksums.card("1234567890123452")
    assert not checksums.bsn("000000000")
    assert checksums.ssn("078051120")
    for digits in ("000123456", "666123456", "912345678", "123001234", "123450000"):
        assert not checksums.ssn(digits)
