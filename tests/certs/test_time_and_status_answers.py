"""What the demonstration's authority writes: OpenSSL takes it, and our readers do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from certs import der_build as build
from certs import ocsp_build, tsp_build
from certs.crl import Revocation
from certs.ocsp_build import OcspAnswer, OcspRequestError, ResponseStatus
from certs.ocsp_id import CertId
from certs.sm3 import sm3
from certs.timestamp import verify_token
from certs.timestamp_token import TimestampToken
from certs.tsp_build import Failure, TspError
from certs.x509_build import OCSP_SIGNING, TIME_STAMPING
from tests.certs.core_pki import AT, DAY, Entity, pem, root, run

MESSAGE = b"the content octets of a signature"
POLICY = "1.2.3.4.1"
KINDS = ("sm2", "p256")
DIGESTS: dict[str, Callable[[bytes], bytes]] = {"sm3": sm3, "sha256": lambda data: hashlib.sha256(data).digest()}


def _token(top: Entity, tsa: Entity, **changes: object) -> bytes:
    name = "sm3" if tsa.key.algorithm == "sm2-sm3" else "sha256"
    fields: dict[str, object] = {
        "imprint": DIGESTS[name](MESSAGE), "algorithm": name, "gen_time": AT, "serial": 7, "policy": POLICY,
        "certificate": tsa.certificate, "key": tsa.key, "chain": (top.certificate,)}
    return tsp_build.build_token(**{**fields, **changes})  # type: ignore[arg-type]


def _tsa(kind: str) -> tuple[Entity, Entity]:
    top = root(kind, name="试验时间戳根 CA")
    return top, top.leaf("试验时间戳", 2, ext_key_usage=(TIME_STAMPING,), key_usage=("digitalSignature",))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", [{}, {"nonce": 1 << 64, "accuracy_s": 1}, {"chain": ()}], ids=str)
def test_tokens_prove_their_time(kind: str, changes: dict[str, object]) -> None:
    top, tsa = _tsa(kind)
    token = TimestampToken.parse(_token(top, tsa, **changes))
    result = verify_token(token, MESSAGE, anchors=[top.certificate], crls=[top.crl()], at=AT)
    assert (result.code, result.gen_time, token.serial) == ("timestamp.good", AT, 7)
    assert token.nonce == changes.get("nonce") and len(token.certificates) == (1 if "chain" in changes else 2)


def test_a_token_without_certificates_is_judged_by_those_that_are_known() -> None:
    top, tsa = _tsa("sm2")
    token = TimestampToken.parse(_token(top, tsa, carries=False))
    assert token.certificates == ()
    good = verify_token(token, MESSAGE, anchors=[top.certificate], crls=[top.crl()], at=AT,
                        intermediates=[tsa.certificate])
    assert good.ok


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_takes_response_and_token_to_its_own_request(digest: str, openssl: str, tmp_path: Path) -> None:
    top, tsa = _tsa("p256")
    (tmp_path / "message").write_bytes(MESSAGE)
    code, text = run(openssl, "ts", "-query", "-data", "message", f"-{digest}", "-cert", "-out", "query",
                     cwd=tmp_path)
    assert code == 0, text
    asked = tsp_build.read_request((tmp_path / "query").read_bytes())
    assert (asked.algorithm, asked.imprint, asked.wants_certificates, asked.policy) == (
        digest, hashlib.new(digest, MESSAGE).digest(), True, None)
    token = _token(top, tsa, imprint=asked.imprint, algorithm=asked.algorithm, nonce=asked.nonce)
    (tmp_path / "reply").write_bytes(tsp_build.build_response(token))
    code, text = run(openssl, "ts", "-verify", "-queryfile", "query", "-in", "reply", "-CAfile",
                     pem(tmp_path, "root.pem", [top.certificate], openssl), "-attime", str(int(AT.timestamp())),
                     cwd=tmp_path)
    assert code == 0, text


def test_openssl_reads_a_refusal(openssl: str, tmp_path: Path) -> None:
    (tmp_path / "reply").write_bytes(tsp_build.build_rejection(Failure.BAD_ALGORITHM, "演示：不接受"))
    code, text = run(openssl, "ts", "-reply", "-in", "reply", "-text", cwd=tmp_path)
    assert code == 0 and "Rejected" in text and "unrecognized or unsupported algorithm" in text


IMPRINT = build.sequence(build.sequence(build.oid("2.16.840.1.101.3.4.2.1")), build.octet_string(bytes(32)))


@pytest.mark.parametrize(("request_der", "failure"), [
    (b"", Failure.BAD_DATA_FORMAT), (b"\x30\x80\x00\x00", Failure.BAD_DATA_FORMAT),
    (bytes(tsp_build.MAX_REQUEST + 1), Failure.BAD_DATA_FORMAT),
    (build.sequence(build.integer(2), IMPRINT), Failure.BAD_REQUEST),
    (build.sequence(build.integer(1), IMPRINT, build.octet_string(b"")), Failure.BAD_DATA_FORMAT),
    (build.sequence(build.integer(1), IMPRINT, build.explicit(0, b"")), Failure.UNACCEPTED_EXTENSION),
    (build.sequence(build.integer(1), build.sequence(
        build.sequence(build.oid("1.3.14.3.2.26")), build.octet_string(bytes(20)))), Failure.BAD_ALGORITHM),
    (build.sequence(build.integer(1), build.sequence(
        build.sequence(build.oid("1.2.156.10197.1.401")), build.octet_string(bytes(31)))), Failure.BAD_DATA_FORMAT),
])
def test_requests_that_are_none_are_refused_in_the_terms_of_the_standard(
    request_der: bytes, failure: Failure,
) -> None:
    with pytest.raises(TspError) as caught:
        tsp_build.read_request(request_der)
    assert caught.value.failure is failure and caught.value.code == "tsp.bad-request"


def _responder(kind: str) -> tuple[Entity, Entity]:
    top = root(kind)
    return top, top.leaf("试验证书状态", 3, ext_key_usage=(OCSP_SIGNING,), key_usage=("digitalSignature",),
                         ocsp_nocheck=True)


def _answer(top: Entity, serial: int, at: datetime = AT, *, revocation: Revocation | None = None,
            unknown: bool = False, algorithm: str = "sha1") -> OcspAnswer:
    return OcspAnswer(certificate=CertId.of(serial, top.certificate, algorithm), this_update=at,
                      next_update=at + DAY, revocation=revocation, unknown=unknown)


REVOKED = Revocation(revoked_at=AT - DAY, reason="keyCompromise")


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("delegated", [True, False])
@pytest.mark.parametrize(("told", "expected"), [
    ({}, "leaf.pem: good"), ({"revocation": REVOKED}, "leaf.pem: revoked"), ({"unknown": True}, "leaf.pem: unknown")])
def test_openssl_takes_answers_to_its_own_request(
    told: dict[str, Revocation | bool], expected: str, delegated: bool, by_key: bool, openssl: str, tmp_path: Path,
) -> None:
    top, responder = _responder("p256")
    leaf = top.leaf("试验持有人", 9)
    anchor = pem(tmp_path, "root.pem", [top.certificate], openssl)
    pem(tmp_path, "leaf.pem", [leaf.certificate], openssl)
    code, text = run(openssl, "ocsp", "-issuer", anchor, "-cert", "leaf.pem", "-reqout", "request", cwd=tmp_path)
    assert code == 0, text
    asked = ocsp_build.read_request((tmp_path / "request").read_bytes())
    assert asked.certificates == (CertId.of(9, top.certificate),) and asked.nonce
    signer = responder if delegated else top
    now = datetime.now(AT.tzinfo)
    (tmp_path / "response").write_bytes(ocsp_build.build_response(
        responder=signer.certificate, key=signer.key, produced_at=now, nonce=asked.nonce, by_key=by_key,
        certificates=[responder.certificate] if delegated else [],
        answers=[_answer(top, 9, now - timedelta(minutes=1), **told)]))  # type: ignore[arg-type]
    code, text = run(openssl, "ocsp", "-respin", "response", "-reqin", "request", "-no_nonce", "-issuer", anchor,
                     "-cert", "leaf.pem", "-CAfile", anchor, cwd=tmp_path)
    assert code == 0 and "Response verify OK" in text and expected in text, text
    assert "nonce" not in text.lower(), text            # openssl warns where the nonce is missing or another
    assert ("keyCompromise" in text) == ("revocation" in told)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sm3"])
def test_a_certificate_is_named_by_any_digest(algorithm: str) -> None:
    top, _ = _responder("sm2")
    named = CertId.of(9, top.certificate, algorithm)
    request = build.sequence(build.sequence(build.sequence(build.sequence(named.encode()))))
    assert ocsp_build.read_request(request).certificates == (named,)
    assert named.is_of(top.certificate) and not named.is_of(root("sm2").certificate)


@pytest.mark.parametrize("request_der", [
    b"", bytes(ocsp_build.MAX_REQUEST + 1), build.sequence(build.sequence(build.sequence())),
    build.sequence(build.sequence(build.explicit(0, build.integer(1)), build.sequence())),
    build.sequence(build.sequence(build.sequence(build.sequence(build.sequence(
        build.sequence(build.oid("1.2.840.113549.2.5")), build.octet_string(bytes(16)), build.octet_string(bytes(16)),
        build.integer(1)))))),
])
def test_status_requests_that_are_none_are_refused(request_der: bytes) -> None:
    with pytest.raises(OcspRequestError):
        ocsp_build.read_request(request_der)


def test_too_many_questions_are_refused() -> None:
    top, _ = _responder("sm2")
    one = build.sequence(CertId.of(9, top.certificate).encode())
    request = build.sequence(build.sequence(build.sequence(*[one] * (ocsp_build.MAX_QUESTIONS + 1))))
    with pytest.raises(OcspRequestError):
        ocsp_build.read_request(request)


def test_openssl_reads_a_refused_status(openssl: str, tmp_path: Path) -> None:
    (tmp_path / "response").write_bytes(ocsp_build.build_refusal(ResponseStatus.UNAUTHORIZED))
    _, text = run(openssl, "ocsp", "-respin", "response", "-noverify", cwd=tmp_path)
    assert "unauthorized (6)" in text


def test_openssl_shows_where_status_is_to_be_had(openssl: str, tmp_path: Path) -> None:
    top, responder = _responder("p256")
    leaf = top.leaf("试验持有人", 9, crl_urls=("http://127.0.0.1:8318/crl/a.crl",),
                    ocsp_urls=("http://127.0.0.1:8318/ocsp/p256",))
    code, text = run(openssl, "x509", "-noout", "-text", "-in", pem(
        tmp_path, "leaf.pem", [leaf.certificate], openssl))
    assert code == 0 and "OCSP - URI:http://127.0.0.1:8318/ocsp/p256" in text, text
    assert "URI:http://127.0.0.1:8318/crl/a.crl" in text and "OCSP No Check" not in text
    _, text = run(openssl, "x509", "-noout", "-text", "-in", pem(
        tmp_path, "responder.pem", [responder.certificate], openssl))
    assert "OCSP No Check" in text and "OCSP Signing" in text
