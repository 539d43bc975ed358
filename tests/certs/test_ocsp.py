"""OCSP answers are read strictly; requests are what responders read. Judges: OpenSSL and ``cryptography``."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp as judge

from certs import der_build as build
from certs import ocsp as reading
from certs.crl import Revocation
from certs.ocsp import OcspCode, OcspResponse, build_request
from certs.ocsp_build import ResponseStatus, build_refusal, read_request
from certs.ocsp_id import CertId
from certs.x509 import Certificate
from codes.errors import EngineError
from tests.certs.answers import HOUR, answer, answer_der, assembled, parts_of, responder
from tests.certs.core_pki import AT, DAY, DISTID, Entity, pem, root, run

OPENSSL = shutil.which("openssl") or "openssl"


@pytest.fixture(scope="module", params=["sm2", "p256"])
def ca(request: pytest.FixtureRequest) -> Entity:
    return root(request.param)


@pytest.fixture(scope="module")
def leaf(ca: Entity) -> Entity:
    return ca.leaf("测试市应急管理局", 3, ocsp_urls=("http://ocsp.example.invalid/",))


def test_certificates_say_where_their_issuer_answers(ca: Entity, leaf: Entity) -> None:
    assert leaf.certificate.ocsp_urls == ("http://ocsp.example.invalid/",)
    assert not leaf.certificate.ocsp_nocheck
    assert responder(ca).certificate.ocsp_nocheck


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sm3"])
@pytest.mark.parametrize("by_key", [False, True])
def test_what_is_said_is_read(ca: Entity, leaf: Entity, algorithm: str, by_key: bool) -> None:
    lost = Revocation(revoked_at=AT - DAY, reason="keyCompromise")
    for wish, status in (({}, "good"), ({"revoked": lost}, "revoked"), ({"unknown": True}, "unknown")):
        read = answer(leaf, ca, algorithm=algorithm, by_key=by_key, nonce=b"n" * 16, **wish)  # type: ignore[arg-type]
        told = read.on(leaf.certificate, ca.certificate)
        assert told is not None
        assert (told.status, told.this_update, told.next_update) == (status, AT - HOUR, AT + DAY)
        assert told.revocation == (lost if status == "revoked" else None)
        assert (read.nonce, read.produced_at) == (b"n" * 16, AT - HOUR)
        assert read.named_by(ca.certificate)
        assert not read.named_by(leaf.certificate)


def test_an_answer_on_another_is_none(ca: Entity, leaf: Entity) -> None:
    other = ca.leaf("另一单位", 4)
    read = answer(leaf, ca)
    assert read.on(other.certificate, ca.certificate) is None
    namesake = root("sm2")                      # the same name, another key
    assert namesake.certificate.subject == ca.certificate.subject
    assert read.on(leaf.certificate, namesake.certificate) is None


@pytest.mark.parametrize("status", list(ResponseStatus))
def test_an_unsigned_error_is_no_answer(status: ResponseStatus) -> None:
    with pytest.raises(EngineError) as refusal:
        OcspResponse.load(build_refusal(status))
    assert refusal.value.code is OcspCode.REFUSED
    assert refusal.value.facts["status"].lower() == status.name.lower().replace("_", "")


Spoil = Callable[[Entity, Entity], bytes]


def _parts(**changes: Any) -> Spoil:
    return lambda leaf, ca: assembled(replace(parts_of(leaf, ca), **changes), ca)


def _wrapped(**changes: Any) -> Spoil:
    return lambda leaf, ca: assembled(parts_of(leaf, ca), ca, **changes)


def _single(**changes: Any) -> Spoil:
    return lambda leaf, ca: assembled(parts_of(leaf, ca, **changes), ca)


_UNKNOWN_EXTENSION = build.sequence(build.sequence(build.oid("1.2.3"), build.octet_string(b"x")))
_TWICE = build.sequence(*2 * [build.sequence(build.oid("1.2.3"), build.octet_string(b"x"))])
FAULTS: dict[str, Spoil] = {
    "nothing": lambda *_: b"",
    "a page of HTML": lambda *_: b"<html>502 Bad Gateway</html>",
    "cut off": lambda leaf, ca: answer_der(leaf, ca)[:-1],
    "more behind": lambda leaf, ca: answer_der(leaf, ca) + b"\0",
    "successful without an answer": lambda *_: build.sequence(build.tlv(0x0A, b"\0")),
    "a status of two bytes": _wrapped(status=b"\0\0"),
    "an unknown status": _wrapped(status=b"\x09"),
    "another type": _wrapped(kind="1.3.6.1.5.5.7.48.1.99"),
    "a field behind": _wrapped(tail=build.null()),
    "a field behind the signature": _wrapped(basic_tail=build.null()),
    "a version written out": _parts(version=build.explicit(0, build.integer(0))),
    "version 2": _parts(version=build.explicit(0, build.integer(1))),
    "no responder": _parts(responder=b""),
    "a responder that is no name": _parts(responder=build.explicit(1, build.sequence(build.null()))),
    "a field behind in what is signed": _parts(tail=build.null()),
    "UTCTime": _parts(produced_at=build.x509_time(AT)),
    "no extension in the list": _parts(extensions=build.explicit(1, build.sequence())),
    "an extension twice": _parts(extensions=build.explicit(1, _TWICE)),
    "a status with content": _single(status=b"\x80\x01\x00"),
    "a fourth status": _single(status=b"\x83\x00"),
    "a revocation without a moment": _single(status=b"\xa1\x00"),
    "a lifted revocation": _single(status=build.tlv(0xA1, build.generalized_time(AT) + build.explicit(
        0, build.tlv(0x0A, b"\x08")))),
    "a reason that is not assigned": _single(status=build.tlv(0xA1, build.generalized_time(AT) + build.explicit(
        0, build.tlv(0x0A, b"\x07")))),
    "a field behind a single answer": _single(single_tail=build.null()),
    "a certificate that is none": _wrapped(certificates=build.explicit(0, build.sequence(build.sequence()))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_is_malformed_is_refused(fault: str, ca: Entity, leaf: Entity) -> None:
    with pytest.raises(EngineError) as refusal:
        OcspResponse.load(FAULTS[fault](leaf, ca))
    assert refusal.value.zh
    assert refusal.value.en


def test_the_parts_themselves_are_good(ca: Entity, leaf: Entity) -> None:
    """So each fault above is the fault that it is called."""
    extended = replace(parts_of(leaf, ca), extensions=build.explicit(1, _UNKNOWN_EXTENSION))
    for parts in (parts_of(leaf, ca), extended):
        read = OcspResponse.load(assembled(parts, ca))
        assert read.on(leaf.certificate, ca.certificate) is not None
        assert not read.unknown_critical


def test_a_critical_extension_that_is_not_known_is_named(ca: Entity, leaf: Entity) -> None:
    critical = build.sequence(build.sequence(build.oid("1.2.3"), build.boolean(True), build.octet_string(b"x")))
    for parts in (replace(parts_of(leaf, ca), extensions=build.explicit(1, critical)),
                  parts_of(leaf, ca, single_tail=build.explicit(1, critical))):
        assert OcspResponse.load(assembled(parts, ca)).unknown_critical == ("1.2.3",)


def test_what_is_huge_is_not_read(ca: Entity, leaf: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError) as refusal:
        OcspResponse.load(b"\x30" + bytes(reading.MAX_BYTES))
    assert refusal.value.code is OcspCode.TOO_LARGE
    monkeypatch.setattr(reading, "MAX_ANSWERS", 0)
    monkeypatch.setattr(reading, "MAX_CERTIFICATES", 0)
    by = responder(ca)
    for der in (answer_der(leaf, ca, nonce=b"a"), answer_der(leaf, ca, by, nonce=b"b")):
        with pytest.raises(EngineError) as refusal:
            OcspResponse.load(der)
        assert refusal.value.code is OcspCode.MALFORMED


def test_no_bit_of_an_answer_turns_into_another_good_answer(ca: Entity, leaf: Entity) -> None:
    """Each bit is turned: then it is not read, or it is not signed, or it says the same of the same."""
    by = responder(ca)
    der = answer_der(leaf, ca, by)
    genuine = OcspResponse.load(der)
    for place in range(len(der)):
        spoilt = bytearray(der)
        spoilt[place] ^= 1 << place % 8
        try:
            read = OcspResponse.load(bytes(spoilt))
        except EngineError:
            continue
        signed = by.certificate.verify(read.tbs, read.signature, read.signature_algorithm)
        assert not signed or (read.tbs, read.signature) == (genuine.tbs, genuine.signature)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sm3"])
def test_our_responder_reads_our_requests(ca: Entity, leaf: Entity, algorithm: str) -> None:
    asked = read_request(build_request(leaf.certificate, ca.certificate, algorithm=algorithm, nonce=b"n" * 16))
    assert asked.certificates == (CertId.of(3, ca.certificate, algorithm),)
    assert asked.nonce == b"n" * 16
    assert read_request(build_request(leaf.certificate, ca.certificate)).nonce is None


# -- judges


def test_cryptography_reads_our_requests(ca: Entity, leaf: Entity) -> None:
    theirs = judge.load_der_ocsp_request(build_request(leaf.certificate, ca.certificate, nonce=b"n" * 16))
    assert theirs.serial_number == 3
    assert isinstance(theirs.hash_algorithm, hashes.SHA1)
    assert theirs.issuer_key_hash == CertId.of(3, ca.certificate).issuer_key_hash
    assert theirs.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16


@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_answers_of_cryptography_are_read(kind: str) -> None:
    """Another maker's answers, ECDSA and RSA, by name and by key."""
    key: Any = ec.generate_private_key(ec.SECP256R1()) if kind == "p256" else rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "another CA")])

    def certificate(subject: x509.Name, serial: int, **usage: Any) -> x509.Certificate:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(name).public_key(key.public_key())
        builder = builder.serial_number(serial).not_valid_before(AT - DAY).not_valid_after(AT + 30 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=serial == 1, path_length=None), critical=True)
        return builder.sign(key, hashes.SHA256())

    top, leaf = certificate(name, 1), certificate(x509.Name([]), 5)
    for encoding in (judge.OCSPResponderEncoding.NAME, judge.OCSPResponderEncoding.HASH):
        theirs = judge.OCSPResponseBuilder().add_response(
            cert=leaf, issuer=top, algorithm=hashes.SHA256(), cert_status=judge.OCSPCertStatus.REVOKED,
            this_update=AT, next_update=AT + HOUR, revocation_time=AT - HOUR,
            revocation_reason=x509.ReasonFlags.key_compromise).responder_id(encoding, top).sign(key, hashes.SHA256())
        read = OcspResponse.load(theirs.public_bytes(serialization.Encoding.DER))
        ours_top, ours = (Certificate.load(each.public_bytes(serialization.Encoding.DER)) for each in (top, leaf))
        told = read.on(ours, ours_top)
        assert told is not None
        assert told.revocation == Revocation(revoked_at=AT - HOUR, reason="keyCompromise")
        assert read.named_by(ours_top)
        assert ours_top.verify(read.tbs, read.signature, read.signature_algorithm)


def _index(*entries: tuple[int, str, str]) -> str:
    """The file by which ``openssl ocsp`` answers: state and serial number of each certificate."""
    lines = [f"{state}\t450101000000Z\t{since}\t{serial:04X}\tunknown\t/CN=x\n" for serial, state, since in entries]
    return "".join(lines)


def test_openssl_answers_what_we_ask_and_we_read_it(ca: Entity, leaf: Entity, tmp_path: Path) -> None:
    """SM2 as well as P-256: our request, OpenSSL's signed answer, our reading of it."""
    by = responder(ca)
    revoked, stranger = ca.leaf("已撤销", 4), ca.leaf("不认识", 5)
    key = tmp_path / "key.pem"
    key.write_text(_key_pem(by))
    top = pem(tmp_path, "top.pem", [ca.certificate], OPENSSL)
    signer = pem(tmp_path, "by.pem", [by.certificate], OPENSSL)
    (tmp_path / "index").write_text(_index((3, "V", ""), (4, "R", "250701000000Z,keyCompromise")))
    for asked, status in ((leaf, "good"), (revoked, "revoked"), (stranger, "unknown")):
        (tmp_path / "request").write_bytes(build_request(asked.certificate, ca.certificate, nonce=b"n" * 16))
        code, text = run(
            OPENSSL, "ocsp", "-index", str(tmp_path / "index"), "-CA", top, "-rsigner", signer, "-rkey", str(key),
            "-reqin", str(tmp_path / "request"), "-respout", str(tmp_path / "answer"), "-ndays", "1",
            *(("-rmd", "sm3", "-rsigopt", f"distid:{DISTID}") if ca.key.algorithm == "sm2-sm3" else ()))
        assert code == 0, text
        read = OcspResponse.load((tmp_path / "answer").read_bytes())
        told = read.on(asked.certificate, ca.certificate)
        assert told is not None
        assert (told.status, read.nonce) == (status, b"n" * 16)
        assert told.next_update is not None
        assert told.next_update - told.this_update == timedelta(days=1)
        assert read.certificates == (by.certificate,)
        assert by.certificate.verify(read.tbs, read.signature, read.signature_algorithm)


def _key_pem(entity: Entity) -> str:
    done = subprocess.run([OPENSSL, "pkey", "-inform", "DER"], input=entity.key.pkcs8(), capture_output=True,
                          check=True, timeout=60)
    return done.stdout.decode()
