"""One person with two certificates is known again, however the second one spells the name."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta

import pytest

from certs import sm2
from certs.demo_pki import make_cas
from certs.persons import same_person
from certs.plain_text import odd_character, says_something, seen_alike
from certs.x509 import Certificate
from certs.x509_build import build_certificate
from tests.support.demo_home import CITY, PROVINCE

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@functools.cache
def certified(name: str, unit: str | None = CITY[1], number: str = "", uscc: str | None = CITY[0]) -> Certificate:
    """A personal certificate with a key of its own."""
    ca, key = make_cas(NOW)["sm2-issuing"], sm2.PrivateKey.generate()
    subject = (("C", "CN"), *((("O", unit),) if unit else ()), *((("serialNumber", number),) if number else ()),
               ("CN", name))
    return build_certificate(
        subject=subject, spki=key.spki, issuer=ca.certificate, issuer_key=ca.key, serial=7, not_before=NOW,
        not_after=NOW + timedelta(days=300), key_usage=("digitalSignature",), uscc=uscc)


PAIRS = [
    ("Li Wei", "\uff2ci Wei", "full width"), ("张伟", "张\u200b伟", "a blank of no width"),
    ("\u8c48伟", "\uf900伟", "a compatibility ideograph"), ("Li Wei", "Li\u00a0Wei", "another blank"),
    ("Li Wei", "LI WEI", "case"), ("张伟", "张伟 ", "a blank at the end"), ("José", "Jose\u0301", "decomposed"),
    ("张伟", "张 伟", "a blank inside"), ("张伟", "张\ufe0f伟", "a variation selector"),
    ("张伟", "张\u3164伟", "a filler"), ("买买提·艾力", "买买提•艾力", "another dot"),
]


@pytest.mark.req("R-003-09")
@pytest.mark.parametrize(("one", "other", "why"), PAIRS, ids=[why for _, _, why in PAIRS])
def test_a_name_spelt_otherwise_is_the_same_persons(one: str, other: str, why: str) -> None:
    for unit in (CITY[1], CITY[1] + " "):
        assert same_person(certified(one), certified(other, unit)), why
        assert same_person(certified(other, unit), certified(one)), why


def test_units_are_told_apart_by_their_code_then_by_name_and_numbers_only_where_both_have_one() -> None:
    one = certified("张伟")
    for other, same, why in [
        (certified("张伟", None), True, "O is missing, the code is there"),
        (certified("张伟", "另一名称"), True, "another O, the same code"),
        (certified("张伟", PROVINCE[1], uscc=PROVINCE[0]), False, "another unit"),
        (certified("张伟", PROVINCE[1], uscc=None), False, "no code, another O"),
        (certified("张伟", CITY[1], uscc=None), True, "no code, the same O"),
        (certified("张伟", None, uscc=None), True, "of no unit that is told"),
        (certified("张伟", number="1"), True, "a number on one alone"),
        (certified("李伟"), False, "another name"),
    ]:
        assert same_person(one, other) is same, why
        assert same_person(other, one) is same, why
    assert not same_person(certified("张伟", number="1"), certified("张伟", number="2"))
    assert same_person(certified("张伟", number="A1"), certified("张伟", number="a 1"))


def test_what_a_text_shows() -> None:
    assert seen_alike(" Ｌi\u00adＷei\u2060-2") == "liwei2" and seen_alike("\u3164\u115f\u2800") == ""
    assert says_something("搬迁") and says_something("2026")
    assert not any(map(says_something, ("", " ", "\u3164", "\u2800", "\u115f\u1160", "\u0301", "\ufe0f", "——")))
    assert odd_character("a\u200bb") and odd_character("a\tb") and odd_character("\ue000")
    assert not odd_character("买买提·艾力 Li")
