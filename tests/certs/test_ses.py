"""Seals and seal signatures of GB/T 38540-2020: round trip, closed reading, one bit changed anywhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import der_build as build
from certs import ses
from certs.der import DerError, Reader
from certs.ses import Picture, SesError, SesSeal, SesSignature
from certs.ses_build import assemble_seal, assemble_signature, build_seal_info, build_to_sign
from certs.sm3 import sm3
from certs.x509 import Certificate
from codes.errors import EngineError
from tests.certs.core_pki import AT, DAY, END, START, Entity, root

NAME = "测试市应急管理局"
PATH = "/Doc_0/Signs/Sign_0/Signature.xml"
DOCUMENT = b"<ofd:Signature/>"


@dataclass(frozen=True)
class Office:
    """A seal maker, a signer, their seal and one sealing."""

    top: Entity
    maker: Entity
    signer: Entity
    info: bytes
    seal: SesSeal
    to_sign: bytes
    signature: SesSignature


def _info(signer: Certificate, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "vendor_id": "zhengyin", "es_id": "11140100000001", "name": NAME, "certificates": [signer.der],
        "created_at": AT - DAY, "valid_start": START, "valid_end": END,
        "picture": Picture(kind="PNG", data=b"\x89PNG\r\n" * 8, width_mm=42, height_mm=42)}
    return build_seal_info(**{**fields, **changes})


@pytest.fixture(scope="module")
def office() -> Office:
    top = root()
    maker, signer = top.leaf("试验制章人", 2), top.leaf(NAME, 3)
    info = _info(signer.certificate)
    seal = assemble_seal(info, maker.certificate.der, maker.key.sign(info))
    to_sign = build_to_sign(seal=seal, signed_at=AT, data_hash=sm3(DOCUMENT), property_info=PATH)
    signature = assemble_signature(to_sign, signer.certificate.der, signer.key.sign(to_sign))
    return Office(top, maker, signer, info, seal, to_sign, signature)


def test_what_is_written_is_read_back(office: Office) -> None:
    read = SesSignature.parse(office.signature.der)
    info = read.seal.info
    assert (read.signed_at, read.data_hash, read.property_info) == (AT, sm3(DOCUMENT), PATH)
    assert (info.version, info.vendor_id, info.es_id, info.name, info.seal_type) == (
        4, "zhengyin", "11140100000001", NAME, ses.SEAL_OF_UNIT)
    assert (info.created_at, info.valid_start, info.valid_end) == (AT - DAY, START, END)
    assert (info.picture.kind, info.picture.width_mm, info.picture.height_mm) == ("PNG", 42, 42)
    assert info.certificates == (office.signer.certificate.der,)
    assert info.lists(office.signer.certificate.der) and not info.lists(office.maker.certificate.der)
    assert read.signed_by(office.signer.certificate) and not read.signed_by(office.maker.certificate)
    assert read.seal.signed_by(office.maker.certificate)
    assert not read.seal.signed_by(office.signer.certificate)
    assert (read.timestamp, read.extensions, info.extensions) == (None, (), ())


def test_signed_parts_are_slices_of_what_was_received(office: Office) -> None:
    read = SesSignature.parse(office.signature.der)
    assert read.to_sign == office.to_sign and read.to_sign in read.der
    assert read.seal.der == office.seal.der and read.seal.der in read.to_sign
    assert read.seal.info.der == office.info


def test_asn1crypto_finds_the_structure_of_the_standard(office: Office) -> None:
    from asn1crypto import core  # type: ignore[import-untyped]

    outer = core.SequenceOf.load(office.signature.der, spec=core.Any, strict=True)
    assert [part.parse().__class__.__name__ for part in outer] == [
        "Sequence", "OctetString", "ObjectIdentifier", "BitString"]
    assert outer[2].parse().dotted == "1.2.156.10197.1.501"
    to_sign = core.SequenceOf.load(office.to_sign, spec=core.Any, strict=True)
    assert [part.parse().__class__.__name__ for part in to_sign] == [
        "Integer", "Sequence", "GeneralizedTime", "BitString", "IA5String"]
    assert to_sign[0].parse().native == 4


def _accepted(data: bytes, office: Office) -> bool:
    """Every check that bears on a seal signature; True only for one that is wholly in order."""
    try:
        read = SesSignature.parse(data)
        signer, maker = Certificate.load(read.certificate), Certificate.load(read.seal.certificate)
    except EngineError:
        return False
    return (read.signed_by(signer) and read.seal.signed_by(maker) and read.seal.info.lists(read.certificate)
            and read.data_hash == sm3(DOCUMENT) and signer.issued_by(office.top.certificate)
            and maker.issued_by(office.top.certificate))


def test_one_bit_changed_anywhere_is_never_accepted(office: Office) -> None:
    data = office.signature.der
    assert _accepted(data, office)
    for position in range(8 * len(data)):
        changed = bytearray(data)
        changed[position // 8] ^= 0x80 >> position % 8
        assert not _accepted(bytes(changed), office), f"bit {position}"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_bytes_dropped_or_added_are_never_accepted(office: Office, data: st.DataObject) -> None:
    good = office.signature.der
    index = data.draw(st.integers(0, len(good)))
    added = data.draw(st.binary(max_size=3))
    removed = data.draw(st.integers(0, 3))
    changed = good[:index] + added + good[index + removed:]
    assert changed == good or not _accepted(changed, office)


def _nodes(data: bytes, start: int, end: int) -> list[tuple[int, int, int]]:
    """(start, content, end) of every value, depth first."""
    from certs.der import _header

    found: list[tuple[int, int, int]] = []
    while start < end:
        tag, body, stop = _header(data, start, end)
        found.append((start, body, stop))
        if tag & 0x20:
            found += _nodes(data, body, stop)
        start = stop
    return found


def _with_padded_length(data: bytes, path: list[tuple[int, int, int]]) -> bytes:
    """The same values with one length in a longer BER form; the lengths around it are kept right."""
    start, body, stop = path[-1]
    content = data[body:stop]
    size = len(content).to_bytes(4, "big")
    encoded = bytes((data[start], 0x84)) + size + content
    for outer_start, outer_body, outer_stop in reversed(path[:-1]):
        inner = data[outer_body:start] + encoded + data[stop:outer_stop]
        encoded = build.tlv(data[outer_start], inner)
        start, stop = outer_start, outer_stop
    return encoded


def test_a_longer_length_at_any_value_is_refused(office: Office) -> None:
    data = office.signature.der
    nodes = _nodes(data, 0, len(data))
    assert len(nodes) > 20
    for node in nodes:
        path = [other for other in nodes if other[0] <= node[0] and other[2] >= node[2]
                and other[1] <= node[0]] + [node]
        with pytest.raises(DerError):
            SesSignature.parse(_with_padded_length(data, path))


def _edit(der: bytes, change: Callable[[list[bytes]], list[bytes]], *path: int) -> bytes:
    """Edit the list of parts of the SEQUENCE at ``path`` below ``der``, with right lengths around it."""
    reader = Reader(der).enter(0x30)
    parts = []
    while reader.more():
        parts.append(reader.raw())
    if path:
        parts[path[0]] = _edit(parts[path[0]], change, *path[1:])
    else:
        parts = change(parts)
    return build.sequence(*parts)


def _set(index: int, value: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda parts: [*parts[:index], value, *parts[index + 1:]]


def _add(value: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda parts: [*parts, value]


TOKEN = build.explicit(0, build.bit_string(b"\x30\x00"))
EXTENSION = build.sequence(build.oid("1.2.3"), build.octet_string(b"a"))
CRITICAL = build.sequence(build.oid("1.2.3"), build.boolean(True), build.octet_string(b"a"))
WRITTEN_FALSE = build.sequence(build.oid("1.2.3"), build.boolean(False), build.octet_string(b"a"))
SHORT_DIGESTS = build.sequence(build.sequence(build.printable("SM3"), build.octet_string(b"a" * 31)))

# change, path from SES_Signature (0 toSign, 0.1 SESeal, 0.1.0 eSealInfo, 0.1.0.2 property, ...), why
FORGERIES: list[tuple[Callable[[list[bytes]], list[bytes]], tuple[int, ...], str]] = [
    (_add(build.null()), (), "a field beyond SES_Signature"),
    (_add(TOKEN), (), "a timestamp nobody asked for"),
    (_add(build.null()), (0,), "a field beyond toSign"),
    (_add(build.null()), (0, 1), "a field beyond SESeal"),
    (_add(TOKEN), (0, 1), "a version 5 timestamp in the seal"),
    (_add(build.null()), (0, 1, 0), "a field beyond eSealInfo"),
    (_add(build.null()), (0, 1, 0, 0), "a field beyond the header"),
    (_add(build.null()), (0, 1, 0, 2), "a field beyond property"),
    (_add(build.null()), (0, 1, 0, 3), "a field beyond picture"),
    (_add(build.explicit(0, build.sequence())), (0,), "an empty list of extensions"),
    (_add(build.explicit(0, build.sequence(CRITICAL))), (0,), "an unknown critical extension"),
    (_add(build.explicit(0, build.sequence(WRITTEN_FALSE))), (0,), "critical FALSE written out"),
    (_add(build.sequence(CRITICAL)), (0, 1, 0), "an unknown critical extension in the seal"),
    (_set(0, build.integer(1)), (0,), "toSign of version 1"),
    (_set(1, build.integer(5)), (0, 1, 0, 0), "a seal of version 5"),
    (_set(0, build.ia5("EX")), (0, 1, 0, 0), "another header"),
    (_set(0, build.utf8("ES")), (0, 1, 0, 0), "a header of another string type"),
    (_set(2, build.ia5("")), (0, 1, 0, 0), "no vendor"),
    (_set(1, build.ia5("")), (0, 1, 0), "no identifier"),
    (_set(1, build.utf8("")), (0, 1, 0, 2), "no name"),
    (_set(0, build.integer(3)), (0, 1, 0, 2), "a seal of type 3"),
    (_set(2, build.integer(3)), (0, 1, 0, 2), "a certificate list of type 3"),
    (_set(2, build.integer(2)), (0, 1, 0, 2), "certificates called digests"),
    (_set(3, build.sequence()), (0, 1, 0, 2), "an empty certificate list"),
    (_set(3, SHORT_DIGESTS), (0, 1, 0, 2), "digests called certificates"),
    (_set(4, build.x509_time(AT)), (0, 1, 0, 2), "UTCTime in the seal"),
    (_set(5, build.generalized_time(END + DAY)), (0, 1, 0, 2), "valid from after its end"),
    (_set(2, build.integer(0)), (0, 1, 0, 3), "an imprint without width"),
    (_set(3, build.integer(501)), (0, 1, 0, 3), "an imprint of half a metre"),
    (_set(1, build.octet_string(b"")), (0, 1, 0, 3), "an empty imprint"),
    (_set(3, build.bit_string(b"a" * 31)), (0,), "a digest of 31 bytes"),
    (_set(3, build.tlv(3, b"\x01" + b"\x80" * 32)), (0,), "a digest with an unused bit"),
    (_set(4, build.utf8(PATH)), (0,), "a path of another string type"),
    (_set(2, build.oid("1.2.840.10045.4.3.2")), (), "ECDSA as the algorithm"),
    (_set(2, build.oid("1.2.840.113549.1.1.11")), (0, 1), "RSA as the seal's algorithm"),
    (_set(3, build.bit_string(b"\x01" * 64)), (), "a raw signature"),
    (_set(3, build.bit_string(build.signature_value(0, 1))), (), "r = 0"),
    (_set(3, build.bit_string(build.signature_value(1, 1) + b"\x00")), (0, 1), "a byte after the value"),
]


@pytest.mark.parametrize(("change", "path", "why"), FORGERIES, ids=[why for _, _, why in FORGERIES])
def test_what_the_standard_does_not_allow_is_refused(
        change: Callable[[list[bytes]], list[bytes]], path: tuple[int, ...], why: str,
        office: Office) -> None:
    with pytest.raises(EngineError):
        SesSignature.parse(_edit(office.signature.der, change, *path))


def test_editing_alone_changes_nothing(office: Office) -> None:
    """The forger's tool keeps a good signature good, so each refusal above is for its stated reason."""
    for path in ((), (0,), (0, 1), (0, 1, 0), (0, 1, 0, 2)):
        assert _edit(office.signature.der, lambda parts: parts, *path) == office.signature.der


def test_a_timestamp_is_handed_out_only_on_request(office: Office) -> None:
    stamped = _edit(office.signature.der, _add(TOKEN))
    with pytest.raises(SesError) as caught:
        SesSignature.parse(stamped)
    assert caught.value.code is ses.SesCode.TIMESTAMP
    assert SesSignature.parse(stamped, allow_timestamp=True).timestamp == b"\x30\x00"
    with pytest.raises(DerError):
        SesSignature.parse(_edit(stamped, _add(build.null())), allow_timestamp=True)


def test_harmless_extensions_are_read(office: Office) -> None:
    read = SesSignature.parse(
        _edit(office.signature.der, _add(build.explicit(0, build.sequence(EXTENSION))), 0))
    assert [(extension.oid, extension.value) for extension in read.extensions] == [("1.2.3", b"a")]
    seal = SesSeal.parse(_edit(office.seal.der, _add(build.sequence(EXTENSION)), 0))
    assert seal.info.extensions[0].oid == "1.2.3"


def test_a_seal_may_list_digests(office: Office) -> None:
    digests = build.sequence(build.sequence(
        build.printable("SM3"), build.octet_string(sm3(office.signer.certificate.der))))
    changed = _edit(_edit(office.seal.der, _set(2, build.integer(2)), 0, 2), _set(3, digests), 0, 2)
    info = SesSeal.parse(changed).info
    assert info.lists(office.signer.certificate.der) and not info.lists(office.maker.certificate.der)
    for bad in (SHORT_DIGESTS, build.sequence(build.sequence(
            build.printable("SHA1"), build.octet_string(b"a" * 32)))):
        with pytest.raises(SesError):
            SesSeal.parse(_edit(changed, _set(3, bad), 0, 2))


def test_nothing_wrong_can_be_written(office: Office) -> None:
    signer, maker = office.signer, office.maker
    with pytest.raises(SesError):
        build_to_sign(seal=office.seal, signed_at=AT, data_hash=b"short", property_info=PATH)
    naive = datetime(2025, 8, 1)
    with pytest.raises(ValueError, match="time zone"):
        build_to_sign(seal=office.seal, signed_at=naive, data_hash=sm3(b""), property_info=PATH)
    refused: list[dict[str, Any]] = [
        {"name": ""}, {"valid_start": END, "valid_end": START}, {"certificates": []}, {"seal_type": 9}]
    for changes in refused:
        info = _info(signer.certificate, **changes)
        with pytest.raises(SesError):
            assemble_seal(info, maker.certificate.der, maker.key.sign(info))
    with pytest.raises(SesError):
        assemble_signature(office.to_sign, signer.certificate.der, b"\x00" * 64)


def test_fractions_of_a_second_are_cut(office: Office) -> None:
    to_sign = build_to_sign(seal=office.seal, signed_at=AT.replace(microsecond=999999),
                            data_hash=sm3(DOCUMENT), property_info=PATH)
    assert to_sign == office.to_sign


def test_a_huge_file_is_refused_before_it_is_read() -> None:
    with pytest.raises(SesError) as caught:
        SesSeal.parse(b"\x30" + bytes(ses.MAX_BYTES))
    assert caught.value.code is ses.SesCode.TOO_LARGE


@given(st.binary(max_size=200))
def test_any_bytes_give_engine_errors_only(data: bytes) -> None:
    for parse in (SesSeal.parse, SesSignature.parse):
        with pytest.raises(EngineError):
            parse(data)
