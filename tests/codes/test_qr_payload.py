"""The signed payload of the QR code: one text for one content, and nothing else is read."""

from __future__ import annotations

import datetime as dt
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes.qr_payload import QrClaims, QrPayloadError, message, parse, split, text

ADDRESS = "https://lookup.example.invalid/l/14010013202590001"
KEY_ID = bytes(range(8))
SIGNATURE = bytes(range(64))
FACTS: dict[str, Any] = {
    "serial": "14010013202590001", "uscc": "91140100MA9TEX0149", "holder": "测试甲化工贸易有限公司",
    "authority_code": "11140100MB9TEX0180", "issued": dt.date(2025, 8, 1),
    "valid_from": dt.date(2025, 8, 1), "valid_to": dt.date(2028, 7, 31),
    "version": "001", "scope_digest": bytes(32), "address_digest": bytes(16),
}
CLAIMS = QrClaims(**FACTS)
DATES = st.dates(dt.date(1000, 1, 1))


def _content(items: object, *, form: int = 1, tail: bytes = SIGNATURE) -> str:
    data = bytes([form]) + KEY_ID + cbor2.dumps(items, canonical=True) + tail
    return f"{ADDRESS}#{int.from_bytes(data, 'big')}"


def _items(**changes: object) -> dict[object, object]:
    items: dict[object, object] = dict(cbor2.loads(message(CLAIMS, KEY_ID)[9:]))
    items.update({int(key[1:]): value for key, value in changes.items()})
    return items


def test_the_text_is_the_address_verbatim_and_digits() -> None:
    content = text(ADDRESS, message(CLAIMS, KEY_ID), SIGNATURE)
    address, digits = split(content)
    assert address == ADDRESS
    assert digits.isdigit()
    assert content == f"{address}#{digits}"


def test_dates_are_integers_and_an_absent_extension_is_left_out() -> None:
    items = cbor2.loads(message(CLAIMS, KEY_ID)[9:])
    assert sorted(items) == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]
    assert (items[5], items[7], items[9]) == (20250801, 20280731, 1)
    extended = QrClaims(**{**FACTS, "extended_to": dt.date(2031, 7, 31)})
    assert cbor2.loads(message(extended, KEY_ID)[9:])[8] == 20310731


def test_the_payload_of_an_ordinary_licence_fits_a_small_code() -> None:
    assert len(message(CLAIMS, KEY_ID)) + len(SIGNATURE) <= 264


@settings(max_examples=60)
@given(
    serial=st.text(min_size=1, max_size=20), holder=st.text(min_size=1, max_size=80), issued=DATES,
    start=st.none() | DATES, end=st.none() | DATES, extended=st.none() | DATES,
    version=st.integers(0, 999).map("{:03d}".format), digest=st.binary(min_size=32, max_size=32),
    key=st.binary(min_size=8, max_size=8), signature=st.binary(min_size=64, max_size=64),
)
def test_what_is_written_is_read_back(
    serial: str, holder: str, issued: dt.date, start: dt.date | None, end: dt.date | None,
    extended: dt.date | None, version: str, digest: bytes, key: bytes, signature: bytes,
) -> None:
    claims = QrClaims(
        serial=serial, uscc=None, holder=holder, authority_code="1", issued=issued, valid_from=start,
        valid_to=end, extended_to=extended, version=version, scope_digest=digest, address_digest=bytes(16),
    )
    signed = message(claims, key)
    content = text(ADDRESS, signed, signature)
    found = parse(content)
    assert (found.claims, found.key_id, found.message, found.signature) == (claims, key, signed, signature)
    assert text(found.address, found.message, found.signature) == content


GOOD = text(ADDRESS, message(CLAIMS, KEY_ID), SIGNATURE)
WRONG = [
    (ADDRESS, "qr.unsigned"),
    (ADDRESS + "#", "qr.unsigned"),
    ("#123", "qr.address"),
    ("https://例.invalid/#12", "qr.address"),
    ("https://a b/#12", "qr.address"),
    (ADDRESS + "#0" + GOOD.partition("#")[2], "qr.digits"),
    (GOOD + " ", "qr.digits"),
    (GOOD + "#1", "qr.digits"),
    (ADDRESS + "#１２", "qr.digits"),
    (ADDRESS + "#-5", "qr.digits"),
    (ADDRESS + "#" + "9" * 5000, "qr.digits"),
    (ADDRESS + "#1", "qr.form"),
    (ADDRESS + "#257", "qr.form"),
    (_content(_items(), form=2), "qr.form"),
    (_content({}), "qr.claims"),
    (_content([1, 2]), "qr.claims"),
    (_content("text"), "qr.claims"),
    (_content(_items(_12="phone")), "qr.claims"),
    (_content(_items(_5=20250230)), "qr.claims"),
    (_content(_items(_5="2025-02-03")), "qr.claims"),
    (_content(_items(_5=True)), "qr.claims"),
    (_content(_items(_9=1000)), "qr.claims"),
    (_content(_items(_9="001")), "qr.claims"),
    (_content(_items(_1=5)), "qr.claims"),
    (_content(_items(_1="")), "qr.claims"),
    (_content(_items(_10=bytes(31))), "qr.claims"),
    (_content(_items(_11="x" * 16)), "qr.claims"),
    (_content(_items() | {"1": "x"}), "qr.claims"),
]


@pytest.mark.parametrize(("content", "code"), WRONG)
def test_what_is_no_payload_is_refused_with_a_code(content: str, code: str) -> None:
    with pytest.raises(QrPayloadError) as caught:
        parse(content)
    assert caught.value.code == code


def test_another_encoding_of_the_same_claims_is_refused() -> None:
    backwards = cbor2.dumps(dict(reversed(list(_items().items()))))
    data = bytes([1]) + KEY_ID + backwards + SIGNATURE
    with pytest.raises(QrPayloadError) as caught:
        parse(f"{ADDRESS}#{int.from_bytes(data, 'big')}")
    assert caught.value.code == "qr.not-canonical"


def test_bytes_behind_the_map_are_refused() -> None:
    with pytest.raises(QrPayloadError):
        parse(_content(_items(), tail=b"\x00" + SIGNATURE))


@given(st.binary(max_size=120))
def test_hostile_bytes_never_raise_anything_else(data: bytes) -> None:
    content = f"{ADDRESS}#{int.from_bytes(bytes([1]) + KEY_ID + data + SIGNATURE, 'big')}"
    try:
        found = parse(content)
    except QrPayloadError:
        return
    assert text(found.address, found.message, found.signature) == content


BAD_CLAIMS: list[tuple[str, object]] = [
    ("serial", ""), ("holder", ""), ("holder", "\ud800"), ("authority_code", ""), ("uscc", ""),
    ("issued", None), ("issued", dt.datetime(2025, 1, 1)), ("valid_to", "2025-01-01"), ("version", "1"),
    ("version", "00１"), ("scope_digest", bytes(31)), ("address_digest", bytes(17)),
]


@pytest.mark.parametrize(("name", "value"), BAD_CLAIMS)
def test_claims_of_the_wrong_form_are_refused(name: str, value: object) -> None:
    with pytest.raises(QrPayloadError) as caught:
        QrClaims(**{**FACTS, name: value})
    assert caught.value.code == "qr.claims"


def test_key_id_and_signature_have_their_lengths() -> None:
    with pytest.raises(QrPayloadError):
        message(CLAIMS, b"short")
    with pytest.raises(QrPayloadError):
        text(ADDRESS, message(CLAIMS, KEY_ID), b"short")
    with pytest.raises(QrPayloadError):
        text(ADDRESS, b"\x02other", SIGNATURE)
