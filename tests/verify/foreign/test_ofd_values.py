"""Signature values of other writers inside whole files: seals of 2014, plain digital signatures, a seal beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from certs.sm3 import sm3
from tests.certs.core_pki import AT
from tests.verify.foreign.values import Cms, Ses, named_bits, raw, world
from tests.verify.foreign.vendors import PAGE, SEAL, SIGNS, Entries, codes, pack, sealed, swapped, weighing
from verify import verify
from verify.model import Verdict
from verify.report import Report


def file(value: Callable[[bytes], bytes], **how: Any) -> Entries:
    """A document with this signature value and no seal beside."""
    return sealed(value=value, **{"seal_file": False, "stamps": "", **how})


def check(parts: Entries) -> Report:
    """Judge in the world of the values."""
    return verify(pack(parts), trust=world().trust(), at=AT, clock_now=AT)


FORMS: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("a seal of 2014", lambda xml: Ses(layout=1, digest=sm3(xml)).der(), "SES v1"),
    ("a seal of 2020", lambda xml: Ses(digest=sm3(xml)).der(), "SES v4"),
    ("a seal of 2025", lambda xml: Ses(digest=sm3(xml), number=5).der(), "SES v5"),
    ("a raw value", lambda xml: Ses(digest=sm3(xml), value=raw).der(), "SES v4"),
    ("bound by other words", lambda xml: Ses(digest=sm3(xml), property_info=" ").der(), "SES v4"),
    ("detached, with attributes", lambda xml: Cms(stated=sm3(xml)).der(), "GB/T 35275"),
    ("around the digest", lambda xml: Cms(attributes=False, content=sm3(xml)).der(), "GB/T 35275"),
]


@pytest.mark.parametrize(("value", "form"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS])
def test_a_file_with_a_value_of_this_form_is_genuine_until_a_page_changes(value: Callable[[bytes], bytes],
                                                                         form: str) -> None:
    parts = file(value)
    report = check(parts)
    assert report.verdict is Verdict.VALID, weighing(report)
    assert [(each.kind, each.indication) for each in report.signatures] == [(form, "TOTAL-PASSED")]
    changed = check(swapped(parts, PAGE, "测试合同", "伪造合同"))
    assert changed.verdict is Verdict.INVALID and "seal.changed" in weighing(changed)


def test_the_type_in_the_list_decides_nothing() -> None:
    for kind, value in (('Type="Seal" ', FORMS[5][1]), ('Type="Sign" ', FORMS[1][1])):
        report = check(file(value, kind=kind))
        assert report.verdict is Verdict.VALID and "form.signature-type" in codes(report)


def test_a_seal_beside_a_plain_signature_must_be_protected_like_a_picture() -> None:
    """Such a signature holds no seal: what a reader draws is the file beside."""
    value = FORMS[5][1]
    report = check(file(value, seal_file=True))
    assert report.verdict is Verdict.VALID, weighing(report)
    outside = check(file(value, seal_file=True, covers=lambda names: [
        name for name in names if name not in (SIGNS, SEAL)]))
    assert outside.verdict is Verdict.INDETERMINATE
    assert weighing(outside) == {"value.seal-unbound", "coverage.unreached"}


def test_named_bits_are_read_where_the_digest_ends_in_zeros() -> None:
    report = check(file(lambda xml: Ses(digest=sm3(xml), bits=named_bits).der()))
    assert report.verdict is Verdict.VALID, weighing(report)


def test_an_old_vendors_value_that_binds_neither_seal_nor_time_is_never_genuine() -> None:
    report = check(file(lambda xml: Ses(digest=sm3(xml), message=lambda _: sm3(xml)).der()))
    assert report.verdict is Verdict.INDETERMINATE and "value.unsupported" in weighing(report)
