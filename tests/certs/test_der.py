"""The strict DER reader and the writer: one form only, and what is written is read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certs import der
from certs import der_build as build
from certs.der import DerError, Reader, require_der

REFUSED = [
    # hex, why
    ("", "nothing"),
    ("30", "no length"),
    ("3001", "content cut off"),
    ("308000000000", "indefinite length"),
    ("308100", "long form of a short length"),
    ("30820002" "0500", "length with a leading zero"),
    ("0500" "00", "data after the value"),
    ("0501" "00", "a NULL with content"),
    ("0200", "empty INTEGER"),
    ("02020001", "padded positive INTEGER"),
    ("0202ffff", "padded negative INTEGER"),
    ("0a020001", "padded ENUMERATED"),
    ("010101", "BOOLEAN neither 00 nor FF"),
    ("0100", "empty BOOLEAN"),
    ("01020000", "long BOOLEAN"),
    ("0300", "BIT STRING without its first byte"),
    ("030208" "00", "nine unused bits"),
    ("030101", "unused bits of nothing"),
    ("03020101", "unused bit set"),
    ("0600", "empty OID"),
    ("060180", "OID cut off"),
    ("06022a80", "OID cut off inside"),
    ("0603" "2a8001", "padded OID arc"),
    ("1704" "32353038", "UTCTime without seconds"),
    ("170b" "323530383031303030305a", "UTCTime without seconds, with Z"),
    ("170d" "3235303833323030303030305a", "31 August plus one"),
    ("1711" "3235303830313030303030302b30383030", "UTCTime with an offset"),
    ("180e" "3230323530383031303030303030", "GeneralizedTime without Z"),
    ("1811" "32303235303830313030303030302e305a", "fraction ending in zero"),
    ("0c01ff", "UTF8String that is not UTF-8"),
    ("13012a", "PrintableString with an asterisk"),
    ("160180", "IA5String above ASCII"),
    ("1e0161", "BMPString of odd length"),
    ("1f8101" "00", "tag above 30"),
    ("0000", "end-of-contents"),
    ("2405" "0401610400", "constructed OCTET STRING"),
    ("1000", "primitive SEQUENCE"),
    ("4100", "application class"),
    ("3106" "020102" "020101", "unsorted SET"),
    ("30" * 2, "cut off inside"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_not_the_one_form_is_refused(text: str, why: str) -> None:
    with pytest.raises(DerError) as caught:
        require_der(bytes.fromhex(text))
    assert caught.value.zh and caught.value.en


@pytest.mark.parametrize("text", [
    "0500", "020100", "0201ff", "02020080", "0101ff", "030100", "03020780", "3000", "06012a",
    "3106" "020101" "020102", "a003" "020101", "8001ff", "180f" "32303235303830313030303030305a",
])
def test_canonical_values_are_accepted(text: str) -> None:
    require_der(bytes.fromhex(text))


def test_sets_of_others_may_be_left_unsorted() -> None:
    require_der(bytes.fromhex("3106020102020101"), sorted_sets=False)


def test_depth_and_number_of_values_are_bounded() -> None:
    deep = b"\x05\x00"
    for _ in range(der.MAX_DEPTH + 2):
        deep = build.sequence(deep)
    wide = build.sequence(b"\x05\x00" * (der.MAX_VALUES + 1))
    for data in (deep, wide):
        with pytest.raises(DerError) as caught:
            require_der(data)
        assert caught.value.code is der.DerCode.LIMIT


def test_an_integer_is_never_too_long_to_be_told() -> None:
    assert str(Reader(build.integer(1 << 8 * der.MAX_INTEGER - 2)).integer())
    with pytest.raises(DerError) as caught:
        Reader(build.integer(1 << 8 * der.MAX_INTEGER)).integer()
    assert caught.value.code is der.DerCode.LIMIT


READS: list[tuple[bytes, Callable[[Reader], Any], str]] = [
    (build.octet_string(b"a"), lambda r: r.integer(), "another type"),
    (build.sequence(build.integer(1)), lambda r: r.enter().done(), "a field too many"),
    (build.sequence(), lambda r: r.enter().integer(), "a field too few"),
    (build.tlv(3, b"\x01\x80"), lambda r: r.bits(), "bits that are not whole bytes"),
    (build.tlv(3, b"\x00\x80"), lambda r: r.named_bits(), "named bits ending in zeros"),
    (build.utf8("证"), lambda r: r.text(der.IA5_STRING), "another string type"),
    (build.integer(1), lambda r: r.text(), "no string"),
    (build.x509_time(datetime(2025, 1, 1, tzinfo=UTC)), lambda r: r.time(der.GENERALIZED_TIME), "UTCTime"),
]


@pytest.mark.parametrize(("data", "read", "why"), READS)
def test_a_reader_demands_its_type(data: bytes, read: Callable[[Reader], Any], why: str) -> None:
    with pytest.raises(DerError):
        read(Reader(data))


@given(st.integers(-(1 << 300), 1 << 300))
def test_integers_round_trip(value: int) -> None:
    encoded = build.integer(value)
    require_der(encoded)
    assert Reader(encoded).integer() == value


@given(st.binary(max_size=70000))
def test_lengths_round_trip(value: bytes) -> None:
    encoded = build.sequence(build.octet_string(value), build.bit_string(value))
    require_der(encoded)
    reader = Reader(encoded).enter()
    assert (reader.octets(), reader.bits()) == (value, value)
    reader.done()


@given(st.frozensets(st.integers(0, 20)))
def test_named_bits_round_trip(numbers: frozenset[int]) -> None:
    encoded = build.named_bits(numbers)
    require_der(encoded)
    assert Reader(encoded).named_bits() == numbers


@given(st.integers(0, 2), st.lists(st.integers(0, 1 << 40), min_size=1, max_size=8))
def test_oids_round_trip(top: int, rest: list[int]) -> None:
    second = rest[0] if top == 2 else rest[0] % 40
    dotted = ".".join(map(str, (top, second, *rest[1:])))
    encoded = build.oid(dotted)
    require_der(encoded)
    assert Reader(encoded).oid() == dotted


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_times_round_trip_in_any_zone(moment: datetime, offset_min: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=offset_min)), microsecond=0)
    for encoded in (build.generalized_time(aware), build.x509_time(aware)):
        require_der(encoded)
        assert Reader(encoded).time() == aware


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused_with_der_errors_only(data: bytes) -> None:
    with contextlib.suppress(DerError):
        require_der(data)


def test_asn1crypto_reads_what_we_write() -> None:
    from asn1crypto import core  # type: ignore[import-untyped]

    assert core.Integer.load(build.integer(-129), strict=True).native == -129
    assert core.ObjectIdentifier.load(build.oid("1.2.156.10197.1.501")).dotted == "1.2.156.10197.1.501"
    assert core.UTF8String.load(build.utf8("证印"), strict=True).native == "证印"
