"""Certificates and revocation lists: read strictly, built so that openssl agrees."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs import der_build as build
from certs import p256, sm2
from certs.crl import Crl, Revocation
from certs.public_key import PublicKey
from certs.signer import LocalSigner, SignerError
from certs.x509 import Certificate
from certs.x509_build import DOCUMENT_SIGNING, TIME_STAMPING, build_certificate, encode_name, extension
from certs.x509_errors import CertificateError
from certs.x509_extensions import OID_USCC
from codes.errors import EngineError
from tests.certs.core_pki import AT, DAY, DISTID, END, START, Entity, make, new_key, pem, root, run

KINDS = ["sm2", "p256"]
NAME = "测试市应急管理局"
USCC = "11140100MB9TEX0180"


def _chain(kind: str) -> tuple[Entity, Entity, Entity]:
    top = root(kind)
    middle = top.ca("试验签发 CA", 2, path_len=0)
    return top, middle, middle.leaf(NAME, 3, uscc=USCC, crl_urls=("http://crl.example.invalid/1.crl",),
                                    ext_key_usage=(DOCUMENT_SIGNING,))


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_says_what_was_asked_for(kind: str) -> None:
    top, middle, leaf = _chain(kind)
    certificate = leaf.certificate
    assert (certificate.subject_cn, certificate.subject_o, certificate.uscc) == (NAME, NAME, USCC)
    assert certificate.key_kind == kind
    assert certificate.key_usage == frozenset({"digitalSignature", "nonRepudiation"})
    assert certificate.ext_key_usage == (DOCUMENT_SIGNING,)
    assert not certificate.ext_key_usage_critical
    assert (certificate.not_before, certificate.not_after) == (START, END)
    assert certificate.crl_urls == ("http://crl.example.invalid/1.crl",)
    assert not certificate.is_ca
    assert (middle.certificate.is_ca, middle.certificate.path_len) == (True, 0)
    assert certificate.authority_key_id == middle.certificate.subject_key_id
    assert certificate.issued_by(middle.certificate)
    assert not certificate.issued_by(top.certificate)
    assert top.certificate.issued_by(top.certificate) and top.certificate.is_self_issued
    assert certificate.subject_text == f"CN={NAME}, O={NAME}, C=CN"
    assert certificate.der not in repr(certificate).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_reads_our_chain_and_lists(kind: str, openssl: str, tmp_path: Path) -> None:
    top, middle, leaf = _chain(kind)
    crls = [top.crl(number=7), middle.crl({9: Revocation(revoked_at=AT - DAY, reason="keyCompromise",
                                                         invalid_since=AT - 3 * DAY)})]
    roots = pem(tmp_path, "roots.pem", [top.certificate], openssl)
    middles = pem(tmp_path, "middle.pem", [middle.certificate], openssl)
    leaves = pem(tmp_path, "leaf.pem", [leaf.certificate], openssl)
    for index, crl in enumerate(crls):
        (tmp_path / f"{index}.crl").write_bytes(crl.der)
    if kind == "p256":      # openssl's distid option reaches an SM2 leaf only; see the next tests
        verdict = run(openssl, "verify", "-x509_strict", "-check_ss_sig", "-attime",
                      str(int(AT.timestamp())), "-CAfile", roots, "-untrusted", middles, leaves)
        assert verdict == (0, f"{leaves}: OK\n")
        for index, issuer in ((0, roots), (1, middles)):
            code, text = run(openssl, "crl", "-inform", "DER", "-in", str(tmp_path / f"{index}.crl"),
                             "-noout", "-CAfile", issuer)
            assert (code, text.strip()) == (0, "verify OK")
    code, text = run(openssl, "crl", "-inform", "DER", "-in", str(tmp_path / "1.crl"), "-noout", "-text")
    assert code == 0
    assert "Key Compromise" in text and "Serial Number: 09" in text
    code, text = run(openssl, "x509", "-in", leaves, "-noout", "-text", "-nameopt", "utf8")
    assert code == 0
    assert NAME in text and USCC in text and "Digital Signature, Non Repudiation" in text


@pytest.mark.parametrize("part", ["root", "leaf", "crl"])
def test_openssl_verifies_each_sm2_signature_over_its_tbs(part: str, openssl: str, tmp_path: Path) -> None:
    top, middle, leaf = _chain("sm2")
    made: dict[str, tuple[Entity, Certificate | Crl]] = {
        "root": (top, top.certificate), "leaf": (middle, leaf.certificate), "crl": (middle, middle.crl())}
    issuer, thing = made[part]
    (tmp_path / "tbs").write_bytes(thing.tbs)
    (tmp_path / "signature").write_bytes(thing.signature)
    (tmp_path / "key.der").write_bytes(issuer.key.spki)
    run(openssl, "pkey", "-pubin", "-inform", "DER", "-in", "key.der", "-out", "key.pem", cwd=tmp_path)
    code, text = run(openssl, "dgst", "-sm3", "-sigopt", f"distid:{DISTID}", "-verify", "key.pem",
                     "-signature", "signature", "tbs", cwd=tmp_path)
    assert (code, text.strip()) == (0, "Verified OK")


def test_openssl_verifies_an_sm2_leaf_against_its_root(openssl: str, tmp_path: Path) -> None:
    top = root("sm2")
    leaf = top.leaf(NAME, 2)
    roots = pem(tmp_path, "roots.pem", [top.certificate], openssl)
    leaves = pem(tmp_path, "leaf.pem", [leaf.certificate], openssl)
    code, text = run(openssl, "verify", "-x509_strict", "-vfyopt", f"distid:{DISTID}", "-CAfile", roots,
                     leaves)
    assert (code, text) == (0, f"{leaves}: OK\n")


def test_we_read_an_rsa_certificate_that_openssl_made(openssl: str, tmp_path: Path) -> None:
    code, text = run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem",
                     "-outform", "DER", "-out", "rsa.cer", "-subj", "/CN=RSA TSA", "-days", "30", "-sha256",
                     cwd=tmp_path)
    assert code == 0, text
    certificate = Certificate.load((tmp_path / "rsa.cer").read_bytes())
    assert certificate.key_kind == "rsa"
    assert certificate.issued_by(certificate)
    assert not certificate.verify(b"other", certificate.signature, "rsa-sha256")
    assert not certificate.verify(certificate.tbs, certificate.signature, "rsa-sha384")
    assert not certificate.verify(certificate.tbs, certificate.signature[1:], "rsa-sha256")
    assert not certificate.verify(certificate.tbs, certificate.signature, "sm2-sm3")
    assert not certificate.verify(certificate.tbs, certificate.signature, "rsa-md5")


@pytest.mark.parametrize("arguments", [("rsa:1024",), ("dsa",)])
def test_weak_and_unknown_keys_are_refused(arguments: tuple[str, ...], openssl: str, tmp_path: Path) -> None:
    if arguments[0] == "dsa":
        spki = build.sequence(build.sequence(build.oid("1.2.840.10040.4.1")), build.bit_string(b"\x05\x00"))
    else:
        run(openssl, "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", "key.pem",
            cwd=tmp_path)
        run(openssl, "pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "pub.der", cwd=tmp_path)
        spki = (tmp_path / "pub.der").read_bytes()
    with pytest.raises(EngineError) as caught:
        PublicKey.parse(spki)
    assert caught.value.code.value.startswith("key.")


def test_sha1_signatures_are_refused(openssl: str, tmp_path: Path) -> None:
    code, _ = run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-outform",
                  "DER", "-out", "rsa.cer", "-subj", "/CN=x", "-sha1", cwd=tmp_path)
    if code:
        pytest.skip("this openssl does not sign with SHA-1")
    with pytest.raises(EngineError) as caught:
        Certificate.load((tmp_path / "rsa.cer").read_bytes())
    assert caught.value.code.value == "key.unsupported-algorithm"


@pytest.mark.parametrize("kind", KINDS)
def test_no_bit_of_a_certificate_can_change_unnoticed(kind: str) -> None:
    top = root(kind)
    certificate = top.leaf(NAME, 2, uscc=USCC).certificate
    for position in range(0, 8 * len(certificate.der), 5):
        changed = bytearray(certificate.der)
        changed[position // 8] ^= 0x80 >> position % 8
        try:
            other = Certificate.load(bytes(changed))
        except EngineError:
            continue
        assert not other.issued_by(top.certificate), f"bit {position}"


@pytest.mark.parametrize("uscc", [USCC, None])
def test_a_name_of_no_text_is_refused(uscc: str | None) -> None:
    der = root("sm2").leaf(NAME, 2, uscc=uscc).certificate.der
    text = build.tlv(0x0C, NAME.encode())
    assert text in der
    with pytest.raises(EngineError):
        Certificate.load(der.replace(text, build.tlv(0x04, NAME.encode())))


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_hostile_bytes_give_engine_errors_only(data: st.DataObject) -> None:
    seeds = HOSTILE_SEEDS
    seed = bytearray(data.draw(st.sampled_from(seeds)))
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(seed) - 1))
        action = data.draw(st.sampled_from(["set", "cut", "drop", "insert"]))
        if action == "set":
            seed[index] = data.draw(st.integers(0, 255))
        elif action == "cut":
            del seed[max(index, 1):]
        elif action == "drop":
            del seed[index:index + data.draw(st.integers(1, 4))]
        else:
            seed[index:index] = data.draw(st.binary(min_size=1, max_size=4))
        if not seed:
            seed = bytearray(b"\x30")
    for load in (Certificate.load, Crl.load):
        try:
            loaded = load(bytes(seed))
        except EngineError:
            continue
        assert repr(loaded)


_SEED_ROOT = root("sm2")
HOSTILE_SEEDS = [
    _SEED_ROOT.certificate.der,
    _SEED_ROOT.leaf(NAME, 2, uscc=USCC, crl_urls=("http://a.invalid/",), ext_key_usage=(TIME_STAMPING,)
                    ).certificate.der,
    _SEED_ROOT.crl({5: Revocation(revoked_at=AT, reason="superseded", invalid_since=AT)}).der,
]


def _rebuilt(extensions: list[bytes], *, version: int = 2, outer: bytes | None = None) -> bytes:
    """A certificate with chosen extensions, version and outer algorithm, properly signed."""
    key = new_key("sm2")
    name = encode_name((("CN", "x"),))
    algorithm = build.sequence(build.oid("1.2.156.10197.1.501"))
    tbs = build.sequence(
        build.explicit(0, build.integer(version)), build.integer(5), algorithm, name,
        build.sequence(build.x509_time(START), build.x509_time(END)), name, key.spki,
        build.explicit(3, build.sequence(*extensions)))
    return build.sequence(tbs, outer or algorithm, build.bit_string(key.sign(tbs)))


BASIC = extension("2.5.29.19", build.sequence(build.boolean(True)), critical=True)
ODD = [
    ([BASIC, BASIC], "the same extension twice"),
    ([], "no extension in the list"),
    ([extension("2.5.29.19", build.sequence(build.boolean(False)))], "cA FALSE written out"),
    ([extension("2.5.29.19", build.sequence(build.integer(0)))], "path length without cA"),
    ([extension("2.5.29.19", build.sequence(build.boolean(True), build.integer(-1)))], "negative length"),
    ([extension("2.5.29.15", build.tlv(3, b"\x00"))], "empty key usage"),
    ([extension("2.5.29.15", build.tlv(3, b"\x04\x80\x10"))], "key usage beyond the ninth bit"),
    ([extension("2.5.29.37", build.sequence())], "empty extended key usage"),
    ([extension("2.5.29.14", build.octet_string(b"a") + b"\x05\x00")], "two values in one extension"),
    ([extension(OID_USCC, build.printable("11140100MB9TEX018"))], "USCC of 17 characters"),
    ([build.sequence(build.oid("2.5.29.14"), build.boolean(False), build.octet_string(b"\x04\x01a"))],
     "critical FALSE written out"),
]


@pytest.mark.parametrize(("extensions", "why"), ODD)
def test_odd_extensions_are_refused(extensions: list[bytes], why: str) -> None:
    Certificate.load(_rebuilt([BASIC]))
    with pytest.raises(EngineError):
        Certificate.load(_rebuilt(extensions))


def test_other_versions_and_two_algorithms_are_refused() -> None:
    for der in (_rebuilt([BASIC], version=1),
                _rebuilt([BASIC], outer=build.sequence(build.oid("1.2.840.10045.4.3.2")))):
        with pytest.raises(CertificateError):
            Certificate.load(der)


def test_an_unknown_critical_extension_is_named() -> None:
    certificate = Certificate.load(_rebuilt([BASIC, extension("1.2.3.4", b"\x05\x00", critical=True)]))
    assert certificate.unknown_critical == ("1.2.3.4",)


@pytest.mark.parametrize(("short", "text"), [
    ("organizationIdentifier", f"NTRCN-{USCC}"), ("serialNumber", USCC), ("organizationIdentifier", USCC)])
def test_the_uscc_may_stand_in_the_name(short: str, text: str) -> None:
    key = new_key("sm2")
    certificate = build_certificate(
        subject=(("CN", NAME), (short, text)), spki=key.spki, issuer=None, issuer_key=key, serial=1,
        not_before=START, not_after=END, key_usage=("digitalSignature",))
    assert certificate.uscc == USCC


BAD_REQUESTS = [
    ({"serial": 0}, "serial zero"),
    ({"serial": 1 << 159}, "serial of 21 bytes"),
    ({"not_before": END, "not_after": START}, "ends before it starts"),
    ({"not_before": datetime(2025, 1, 1)}, "no time zone"),
    ({"subject": (("XX", "a"),)}, "unknown attribute"),
    ({"subject": (("CN", ""),)}, "empty name"),
    ({"spki": new_key("sm2").spki}, "another key than the issuer's in a self-signed certificate"),
]


@pytest.mark.parametrize(("change", "why"), BAD_REQUESTS)
def test_contradicting_requests_make_no_certificate(change: dict[str, object], why: str) -> None:
    key = new_key("sm2")
    fields: dict[str, object] = {
        "subject": (("CN", "a"),), "spki": key.spki, "issuer": None, "issuer_key": key, "serial": 1,
        "not_before": START, "not_after": END, "key_usage": ("digitalSignature",), **change}
    with pytest.raises(CertificateError):
        build_certificate(**fields)  # type: ignore[arg-type]


def test_years_from_2050_are_written_as_generalized_time() -> None:
    end = datetime(2060, 1, 1, tzinfo=UTC)
    certificate = make("长", new_key("sm2"), 1, not_after=end).certificate
    assert certificate.not_after == end
    assert b"20600101000000Z" in certificate.der


@pytest.mark.parametrize("kind", KINDS)
def test_a_signer_refuses_a_key_of_another_certificate(kind: str) -> None:
    leaf = root(kind).leaf(NAME, 2)
    signer = LocalSigner(leaf.certificate, leaf.key)
    assert leaf.certificate.verify(b"m", signer.sign(b"m"), signer.algorithm)
    assert NAME in repr(signer)
    with pytest.raises(SignerError):
        LocalSigner(leaf.certificate, new_key(kind))


def test_p256_keys_of_other_curves_and_kinds_are_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    with pytest.raises(p256.P256Error):
        p256.PrivateKey(ec.generate_private_key(ec.SECP384R1()))
    for encoded in (b"", b"\x30\x00", sm2.PrivateKey.generate().pkcs8()):
        with pytest.raises(p256.P256Error):
            p256.PrivateKey.from_pkcs8(encoded)
    key = p256.PrivateKey.generate()
    assert p256.PrivateKey.from_pkcs8(key.pkcs8()).public == key.public


BAD_ECDSA = [
    (build.signature_value(0, 1), "r = 0"), (build.signature_value(-1, 1), "negative r"), (b"", "empty"),
    (b"\x30\x81\x06\x02\x01\x01\x02\x01\x01", "BER length"),
    (build.signature_value(1, 1) + b"\x00", "trailing byte"),
]


@pytest.mark.parametrize(("signature", "why"), BAD_ECDSA)
def test_ecdsa_signatures_have_one_form(signature: bytes, why: str) -> None:
    key = p256.PrivateKey.generate()
    assert not PublicKey.parse(key.spki).verify(b"m", signature, "ecdsa-p256-sha256"), why


def test_a_p256_point_off_the_curve_verifies_nothing() -> None:
    key = p256.PrivateKey.generate()
    public = PublicKey.parse(key.spki[:-1] + bytes((key.spki[-1] ^ 1,)))
    assert not public.verify(b"m", key.sign(b"m"), "ecdsa-sha256")


def test_serial_numbers_are_not_taken_twice_in_a_list() -> None:
    top = root("sm2")
    entry = build.sequence(build.integer(5), build.x509_time(AT))
    good = top.crl({5: Revocation(revoked_at=AT)})
    assert entry in good.der
    with pytest.raises(EngineError):
        Crl.load(_relist(good.der, entry))


def _relist(der: bytes, entry: bytes) -> bytes:
    """The list with one entry doubled; its signature no longer matters."""
    from certs.der import Reader

    outer = Reader(der).enter()
    tbs, rest = outer.raw(), b"".join((outer.raw(), outer.raw()))
    fields = Reader(tbs).enter()
    parts = []
    while fields.more():
        part = fields.raw()
        parts.append(build.sequence(entry, entry) if part == build.sequence(entry) else part)
    return build.tlv(0x30, build.sequence(*parts) + rest)
