"""Certificates that authorities issued in a slovenly way are read by their meaning, and nothing else is let pass."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from certs import der_build as build
from certs.chain import validate
from certs.der import DerError
from certs.trust import Trust
from certs.x509 import Certificate
from certs.x509_loose import load_loose, loose_name
from codes.errors import EngineError
from tests.certs.core_pki import AT, Entity, root
from tests.support.foreign_seals import edited

ROOT = root("sm2", "宽松根 CA")
LEAF = ROOT.leaf("宽松单位", 9)
FALSE = build.boolean(False)
Edit = Callable[[list[bytes]], list[bytes]]


def extension(oid: str, value: bytes, critical: bytes = b"") -> bytes:
    """One Extension."""
    return build.sequence(build.oid(oid), critical, build.octet_string(value))


def extended(*extensions: bytes) -> Edit:
    """Further extensions, or others in place of those of the same kind."""
    def change(parts: list[bytes]) -> list[bytes]:
        return [*parts[:7], build.explicit(3, build.sequence(*extensions))]
    return change


def named(field: int, tag: int, text: bytes) -> Edit:
    """A name whose CN is these bytes under this tag."""
    def change(parts: list[bytes]) -> list[bytes]:
        name = build.sequence(build.tlv(0x31, build.sequence(build.oid("2.5.4.3"), build.tlv(tag, text))))
        return [*parts[:field], name, *parts[field + 1:]]
    return change


def certified(change: Edit, issuer: Entity = ROOT) -> bytes:
    """The leaf's certificate with parts of its TBS exchanged, signed by the authority."""
    tbs = edited(LEAF.certificate.tbs, change)
    return edited(LEAF.certificate.der, lambda parts: [tbs, parts[1], build.bit_string(issuer.key.sign(tbs))])


USAGE = extension("2.5.29.15", build.named_bits((0, 1)))
SLOVENLY = {
    "FALSE written out": extended(extension("2.5.29.15", build.named_bits((0, 1)), FALSE)),
    "no authority, written out": extended(USAGE, extension("2.5.29.19", build.sequence(FALSE))),
    "no authority, with a path length": extended(
        USAGE, extension("2.5.29.19", build.sequence(FALSE, build.integer(0)))),
    "a usage of whole bytes": extended(extension("2.5.29.15", b"\x03\x02\x00\xc0")),
    "a usage of two bytes": extended(extension("2.5.29.15", b"\x03\x03\x07\xc0\x00")),
    "Chinese as PrintableString": named(5, 0x13, "某单位".encode()),
    "GBK as UTF8String": named(5, 0x0C, "某单位".encode("gb18030")),
    "Chinese as IA5String": named(5, 0x16, "某单位".encode()),
}


@pytest.mark.parametrize("name", SLOVENLY)
def test_a_slovenly_certificate_is_read_by_its_meaning(name: str) -> None:
    der = certified(SLOVENLY[name])
    with pytest.raises(EngineError):
        Certificate.load(der)
    read = load_loose(der)
    assert read.mended and read.certificate.der == der
    assert read.certificate.issued_by(ROOT.certificate)
    assert not read.certificate.is_ca
    if "usage" in name or "FALSE" in name:
        assert read.certificate.key_usage == {"digitalSignature", "nonRepudiation"}
    if "String" in name:
        assert read.certificate.subject_cn == "某单位"
    result = validate(read.certificate, intermediates=(), anchors=(ROOT.certificate,), crls=(ROOT.crl(),), at=AT)
    assert result.ok, result.en


def test_a_proper_certificate_is_read_as_ever() -> None:
    assert load_loose(LEAF.certificate.der) == (LEAF.certificate, False)
    assert loose_name(LEAF.certificate.issuer) == LEAF.certificate.issuer


def test_a_name_with_other_tags_is_not_that_name() -> None:
    """Whoever changes the tags of a name that nothing protects must not get the proper name back."""
    name = LEAF.certificate.issuer
    for place in range(len(name)):
        for bit in range(8):
            changed = name[:place] + bytes((name[place] ^ 1 << bit,)) + name[place + 1:]
            with suppress(DerError):
                assert loose_name(changed) != name


def test_a_chain_below_a_slovenly_name_holds() -> None:
    """The authority's own certificate bears the name as its leaves do."""
    odd = "某单位 CA".encode("gb18030")
    authority = load_loose(edited(ROOT.certificate.der, lambda parts: _signed(
        named(3, 0x13, odd)(named(5, 0x13, odd)(_parts(parts[0]))), parts))).certificate
    leaf = load_loose(certified(named(3, 0x13, odd))).certificate
    assert leaf.issued_by(authority) and authority.issued_by(authority)
    assert leaf.issuer_text == "CN=某单位 CA"


def _parts(value: bytes) -> list[bytes]:
    found: list[bytes] = []
    edited(value, lambda parts: found.extend(parts) or parts)  # type: ignore[func-returns-value]
    return found


def _signed(tbs: list[bytes], parts: list[bytes]) -> list[bytes]:
    whole = build.sequence(*tbs)
    return [whole, parts[1], build.bit_string(ROOT.key.sign(whole))]


REFUSED = {
    "an unsigned change": lambda: edited(LEAF.certificate.der, lambda parts: [*parts[:2], b"\x03\x02\x04\x10"]),
    "a tail": lambda: LEAF.certificate.der + b"\0",
    "an extension twice": lambda: certified(extended(USAGE, USAGE)),
    "a wrong usage": lambda: certified(extended(extension("2.5.29.15", b"\x03\x02\x08\xc0"))),
    "no usage at all": lambda: certified(extended(extension("2.5.29.15", b"\x03\x02\x00\x00"))),
    "a padded number": lambda: certified(lambda parts: [parts[0], b"\x02\x02\x00\x09", *parts[2:]]),
    "text": lambda: b"-----BEGIN CERTIFICATE-----",
    "nothing": lambda: b"",
    "an empty sequence": build.sequence,
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_faults_are_refused_as_ever(name: str) -> None:
    with pytest.raises(EngineError) as loose:
        load_loose(REFUSED[name]())
    with pytest.raises(EngineError) as strict:
        Certificate.load(REFUSED[name]())
    assert loose.value.code == strict.value.code


def test_a_slovenly_certificate_that_was_changed_is_not_its_authoritys() -> None:
    der = certified(SLOVENLY["FALSE written out"])
    changed = der.replace("宽松单位".encode(), "宽松单佐".encode())
    assert changed != der and not load_loose(changed).certificate.issued_by(ROOT.certificate)


def test_the_trust_folder_takes_a_slovenly_authority(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text('{"name": "试验", "lookup_hosts": []}', encoding="utf-8")
    for name in ("roots", "seal-makers"):
        (tmp_path / name).mkdir()
    (tmp_path / "roots" / "root.cer").write_bytes(ROOT.certificate.der)
    maker = certified(SLOVENLY["FALSE written out"])
    (tmp_path / "seal-makers" / "maker.cer").write_bytes(maker)
    assert [each.der for each in Trust.load(tmp_path).seal_makers] == [maker]
