"""Certificate requests: openssl and BouncyCastle read them, and nothing but a request of one form is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs import csr, sm2
from certs import der_build as build
from certs.config import Password
from certs.csr import CertificateRequest, RequestError, authority_request, build_request, keep_request, new_key
from certs.demo_pki import CHINA_TIME, certify_request, make_cas
from certs.keystore import KeyStoreError, load_key
from certs.seal import SealCode, SealError, check_names
from certs.signer import LocalSigner
from certs.x509_build import algorithm_identifier, encode_name, extension, key_usage_extension
from codes.errors import EngineError
from tests.certs.core_pki import DISTID, run
from tests.interop.judges import CryptoJudge
from tests.support.demo_home import CHEAP

CODE, NAME = "11140100MB9TEX0180", "测试市应急管理局"
ROLES = sorted(csr.PROFILES)
PASSWORD = Password(b"a password")
SUBJECT = encode_name((("C", "CN"), ("O", NAME), ("CN", NAME)))
EXTENSION_REQUEST = build.oid("1.2.840.113549.1.9.14")


def asked(*extensions: bytes) -> bytes:
    """The attribute extensionRequest."""
    return build.sequence(EXTENSION_REQUEST, build.set_of([build.sequence(*extensions)]))


GOOD = asked(key_usage_extension(csr.SIGNING))


def signed(key: sm2.PrivateKey, *, attributes: bytes = GOOD, version: int = 0, signer: sm2.PrivateKey | None = None,
           more: bytes = b"", subject: bytes = SUBJECT) -> bytes:
    """A request put together by hand."""
    info = build.sequence(build.integer(version), subject, key.spki, build.tlv(0xA0, attributes), more)
    return build.sequence(info, algorithm_identifier("sm2-sm3"), build.bit_string((signer or key).sign(info)))


@pytest.mark.req("R-003-07")
@pytest.mark.parametrize("role", ROLES)
def test_a_request_names_the_organisation_and_its_code_and_becomes_a_certificate(role: str) -> None:
    key = new_key(role)
    request = authority_request(role, key, name=NAME, code=CODE)
    assert (request.subject_cn, request.subject_o, request.uscc) == (NAME, NAME, CODE)
    assert request.public_key.kind == csr.PROFILES[role].kind
    assert request.key_usage == {"digitalSignature", "nonRepudiation"}
    assert CertificateRequest.load(request.to_pem()) == request
    now = datetime(2026, 3, 2, 9, tzinfo=CHINA_TIME)
    cas = make_cas(now)
    certificate = certify_request(
        request, issuer=cas["p256-issuing" if role == "pdf" else "sm2-issuing"], now=now)
    assert LocalSigner(certificate, key).certificate.subject == request.subject
    assert (certificate.uscc, certificate.key_usage) == (CODE, request.key_usage)
    assert certificate.ext_key_usage == request.ext_key_usage
    assert certificate.not_after == datetime(2029, 3, 1, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("role", csr.SERVICES)
def test_the_certificate_of_a_service_is_nobodys_for_sealing(role: str) -> None:
    request = authority_request(role, new_key(role), name=NAME, code=CODE)
    assert (request.subject_o, request.subject_cn) == (NAME, NAME + csr.SERVICES[role].unit)
    now = datetime(2026, 3, 2, 9, tzinfo=CHINA_TIME)
    certificate = certify_request(request, issuer=make_cas(now)["sm2-issuing"], now=now)
    with pytest.raises(SealError) as refused:
        check_names(NAME, CODE, certificate)
    assert refused.value.code is SealCode.NAME_MISMATCH


@pytest.mark.parametrize("role", ROLES)
def test_openssl_verifies_a_request_and_refuses_a_damaged_one(role: str, openssl: str, tmp_path: Path) -> None:
    request = authority_request(role, new_key(role), name=NAME, code=CODE)
    identity = () if role == "pdf" else ("-vfyopt", f"distid:{DISTID}")
    (tmp_path / "a.csr").write_bytes(request.to_pem())
    (tmp_path / "b.csr").write_bytes(request.der.replace(CODE.encode(), CODE.replace("180", "181").encode()))
    code, text = run(openssl, "req", "-in", str(tmp_path / "a.csr"), "-verify", *identity, "-noout", "-text",
                     "-nameopt", "utf8")
    assert code == 0 and "verify OK" in text, text
    assert f"CN={NAME}" in text and CODE in text and "Digital Signature, Non Repudiation" in text
    code, text = run(openssl, "req", "-inform", "DER", "-in", str(tmp_path / "b.csr"), "-verify", *identity, "-noout")
    assert "verify failure" in text
    with pytest.raises(RequestError) as refused:
        CertificateRequest.load((tmp_path / "b.csr").read_bytes())
    assert refused.value.code is csr.RequestCode.SIGNATURE


@pytest.mark.judge
@pytest.mark.parametrize("role", ROLES)
def test_bouncycastle_verifies_a_request(role: str, crypto_judge: CryptoJudge, tmp_path: Path) -> None:
    path = tmp_path / "request.der"
    path.write_bytes(authority_request(role, new_key(role), name=NAME, code=CODE).der)
    answer = crypto_judge.request(path)
    assert answer.ok, answer.text
    assert f"CN={NAME}" in answer.text and CODE in answer.text
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert not crypto_judge.request(path).ok


@pytest.mark.parametrize(("algorithm", "options"), [
    (("SM2",), ("-sm3", "-sigopt", f"distid:{DISTID}")),
    (("EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"), ("-sha256",)),
])
def test_a_request_made_by_openssl_is_read(
    algorithm: tuple[str, ...], options: tuple[str, ...], openssl: str, tmp_path: Path,
) -> None:
    key, path = str(tmp_path / "a.key"), tmp_path / "a.csr"
    code, text = run(openssl, "genpkey", "-algorithm", *algorithm, "-out", key)
    assert code == 0, text
    code, text = run(
        openssl, "req", "-new", "-key", key, *options, "-utf8", "-subj", f"/C=CN/O={NAME}/CN={NAME}",
        "-addext", "keyUsage=critical,digitalSignature", "-out", str(path))
    assert code == 0, text
    request = CertificateRequest.load(path.read_bytes())
    assert (request.subject_cn, request.key_usage, request.uscc) == (NAME, {"digitalSignature"}, None)


def _challenge() -> bytes:
    return build.sequence(build.oid("1.2.840.113549.1.9.7"), build.set_of([build.utf8("secret")]))


REFUSED: list[tuple[str, Callable[[sm2.PrivateKey], bytes], str]] = [
    ("version 1", lambda key: signed(key, version=1), "request.malformed"),
    ("signed by another key", lambda key: signed(key, signer=sm2.PrivateKey.generate()), "request.signature"),
    ("a challenge password", lambda key: signed(key, attributes=_challenge()), "request.malformed"),
    ("two attributes", lambda key: signed(key, attributes=GOOD + GOOD), "request.malformed"),
    ("no extension in the list", lambda key: signed(key, attributes=asked()), "request.malformed"),
    ("an extension twice",
     lambda key: signed(key, attributes=asked(*[key_usage_extension(csr.SIGNING)] * 2)), "request.malformed"),
    ("an unknown critical extension",
     lambda key: signed(key, attributes=asked(extension("1.2.3.4", b"\5\0", critical=True))), "request.malformed"),
    ("a field after the attributes", lambda key: signed(key, more=build.null()), "request.malformed"),
    ("a subject that is no Name", lambda key: signed(key, subject=build.sequence(build.null())), "request.malformed"),
    ("a byte after the request", lambda key: signed(key) + b"\0", "request.malformed"),
    ("cut short", lambda key: signed(key)[:-1], "request.malformed"),
    ("too long", lambda key: signed(key, attributes=asked(extension("1.2.3.4", bytes(70_000)))), "request.too-large"),
    ("PEM of a certificate", lambda _: b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n",
     "request.malformed"),
    ("PEM that is not base64",
     lambda _: b"-----BEGIN CERTIFICATE REQUEST-----\n!\n-----END CERTIFICATE REQUEST-----\n", "request.malformed"),
    ("nothing", lambda _: b"", "request.malformed"),
]


@pytest.mark.parametrize(("why", "make", "code"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_proper_request_is_refused(why: str, make: Callable[[sm2.PrivateKey], bytes], code: str) -> None:
    with pytest.raises(RequestError) as refused:
        CertificateRequest.load(make(sm2.PrivateKey.generate()))
    assert refused.value.code == code, why


def test_a_request_by_hand_that_is_right_is_read() -> None:
    key = sm2.PrivateKey.generate()
    assert CertificateRequest.load(signed(key)).public_key.spki == key.spki
    bare = CertificateRequest.load(signed(key, attributes=b""))
    assert (bare.key_usage, bare.ext_key_usage, bare.uscc) == (None, None, None)


def test_no_changed_byte_passes() -> None:
    der = authority_request("sealing", new_key("sealing"), name=NAME, code=CODE).der
    for index in range(len(der)):
        changed = bytearray(der)
        changed[index] ^= 1
        with pytest.raises(EngineError):
            CertificateRequest.load(bytes(changed))


@pytest.mark.parametrize(("name", "code", "wanted"), [
    ("", CODE, "request.bad-name"), ("应" * 65, CODE, "request.bad-name"), ("测试 局", CODE, "request.bad-name"),
    ("测试\u200b局", CODE, "request.bad-name"), (NAME, "11140100MB9TEX0181", "request.bad-uscc"),
    (NAME, "", "request.bad-uscc"),
])
def test_a_name_or_code_that_no_organisation_has_is_refused(name: str, code: str, wanted: str) -> None:
    with pytest.raises(RequestError) as refused:
        authority_request("sealing", new_key("sealing"), name=name, code=code)
    assert refused.value.code == wanted


def test_a_key_that_is_there_is_kept_and_its_request_made_again(tmp_path: Path) -> None:
    def keep(name: str = NAME) -> CertificateRequest:
        return keep_request(tmp_path, "sealing", name=name, code=CODE, password=lambda: PASSWORD, cost=CHEAP)

    first = keep()
    assert (tmp_path / "sealing.key").stat().st_mode & 0o777 == 0o600
    assert load_key(tmp_path / "sealing.key", PASSWORD).spki == first.public_key.spki
    assert keep() == first
    (tmp_path / "sealing.csr").unlink()                         # as a kill between the two files leaves it
    assert keep().public_key == first.public_key
    (tmp_path / "sealing.csr").write_bytes(b"half of it")
    assert keep().asks_for() == first.asks_for()
    renamed = keep("测试市另一局")
    assert renamed.public_key == first.public_key and renamed.subject_cn == "测试市另一局"
    assert CertificateRequest.load((tmp_path / "sealing.csr").read_bytes()) == renamed
    with pytest.raises(KeyStoreError):
        keep_request(tmp_path, "sealing", name=NAME, code=CODE, password=lambda: Password(b"another"), cost=CHEAP)


def test_a_key_of_another_kind_is_not_taken_for_the_roles(tmp_path: Path) -> None:
    keep_request(tmp_path, "pdf", name=NAME, code=CODE, password=lambda: PASSWORD, cost=CHEAP)
    (tmp_path / "pdf.key").rename(tmp_path / "sealing.key")
    with pytest.raises(RequestError) as refused:
        keep_request(tmp_path, "sealing", name=NAME, code=CODE, password=lambda: PASSWORD, cost=CHEAP)
    assert refused.value.code is csr.RequestCode.KEY
    assert "“电子印章”的密钥（sealing.key）应为 SM2" in refused.value.zh


def test_usages_may_be_left_to_the_caller() -> None:
    request = build_request(sm2.PrivateKey.generate(), subject=(("CN", "演示人"),), key_usage=("digitalSignature",))
    assert (request.key_usage, request.uscc, request.subject_o) == ({"digitalSignature"}, None, None)
