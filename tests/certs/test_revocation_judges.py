"""Lists and answers between us and others, both ways: BouncyCastle (SM2 and P-256), OpenSSL and ``cryptography``."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from certs.chain import validate
from certs.crl import Crl, Revocation, build_crl
from certs.crl_scope import scope_value
from certs.ocsp import OcspResponse, build_request
from tests.certs.answers import HOUR, answer_der, responder
from tests.certs.core_pki import AT, DAY, START, Entity, pem, root, run
from tests.interop.judges import CryptoJudge

pytestmark = pytest.mark.judge
ALGORITHM = {"sm2": "SM3withSM2", "p256": "SHA256withECDSA"}
LOST = Revocation(revoked_at=AT - DAY, reason="keyCompromise")
URL, OTHER_URL = "http://crl.example.invalid/1.crl", "http://crl.example.invalid/2.crl"


@dataclass(frozen=True)
class Files:
    """A CA, its responder and a leaf, as files too."""

    folder: Path
    kind: str
    ca: Entity
    by: Entity
    leaf: Entity

    def put(self, name: str, data: bytes) -> Path:
        (self.folder / name).write_bytes(data)
        return self.folder / name

    @property
    def leaf_file(self) -> Path:
        return self.put("leaf.cer", self.leaf.certificate.der)

    @property
    def ca_file(self) -> Path:
        return self.put("ca.cer", self.ca.certificate.der)

    def code(self, at: datetime = AT, **what: Any) -> str:
        return validate(self.leaf.certificate, anchors=[self.ca.certificate], intermediates=[],
                        **{"crls": (), "ocsp": (), **what}, at=at).code


@pytest.fixture(params=["sm2", "p256"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    ca = root(request.param)
    return Files(tmp_path, request.param, ca, responder(ca), ca.leaf("测试市应急管理局", 3, crl_urls=(URL,)))


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sm3"])
@pytest.mark.parametrize(("status", "code"), [
    ("good", "chain.good"), ("revoked", "chain.revoked"), ("unknown", "chain.ocsp-unknown")])
def test_bouncycastle_answers_what_we_ask(files: Files, crypto_judge: CryptoJudge, digest: str, status: str,
                                          code: str) -> None:
    nonce = bytes(range(16))
    made = crypto_judge.make_ocsp(
        files.folder / "answer", key=files.put("key", files.by.key.pkcs8()), algorithm=ALGORITHM[files.kind],
        responder=files.put("by.cer", files.by.certificate.der), status=status, this_update=AT - HOUR,
        next_update=AT + HOUR, request=files.put("request", build_request(
            files.leaf.certificate, files.ca.certificate, algorithm=digest, nonce=nonce)))
    assert made.ok, made.text
    read = OcspResponse.load((files.folder / "answer").read_bytes())
    assert read.nonce == nonce
    assert files.code(ocsp=[read]) == code
    assert files.code(AT + 2 * HOUR, ocsp=[read]) == ("chain.revoked" if status == "revoked" else "chain.ocsp-stale")


@pytest.mark.parametrize(("wish", "told"), [
    ({}, "good"), ({"revoked": LOST}, "revoked 1"), ({"unknown": True}, "unknown"), ({"algorithm": "sm3"}, "good"),
    ({"by_key": True}, "good"), ({"next_update": None}, "good")])
def test_bouncycastle_takes_our_answers(files: Files, crypto_judge: CryptoJudge, wish: dict[str, Any],
                                        told: str) -> None:
    der = answer_der(files.leaf, files.ca, files.by, nonce=b"n" * 16, **wish)
    said = crypto_judge.ocsp(files.put("answer", der), files.leaf_file, files.ca_file)
    assert (said.ok, said.text) == (True, told)
    damaged = bytearray(der)
    damaged[len(der) // 3] ^= 1
    assert not crypto_judge.ocsp(files.put("damaged", bytes(damaged)), files.leaf_file, files.ca_file).ok


def test_neither_takes_an_answer_of_a_leaf(files: Files, crypto_judge: CryptoJudge) -> None:
    der = answer_der(files.leaf, files.ca, files.ca.leaf("另一单位", 4))
    assert not crypto_judge.ocsp(files.put("answer", der), files.leaf_file, files.ca_file).ok
    assert files.code(ocsp=[OcspResponse.load(der)]) == "chain.ocsp-responder"


@pytest.mark.parametrize("scope", ["all", "users", "cas", URL, OTHER_URL])
@pytest.mark.parametrize("serials", [(), (3,), (4, 5)])
def test_lists_of_bouncycastle_are_read_as_it_reads_them(files: Files, crypto_judge: CryptoJudge, scope: str,
                                                         serials: tuple[int, ...]) -> None:
    made = crypto_judge.make_crl(
        files.folder / "list.crl", *serials, key=files.put("key", files.ca.key.pkcs8()),
        algorithm=ALGORITHM[files.kind], ca=files.ca_file, this_update=AT - HOUR, next_update=AT + HOUR, scope=scope)
    assert made.ok, made.text
    read = Crl.load((files.folder / "list.crl").read_bytes())
    assert (sorted(read.revoked), read.issued_by(files.ca.certificate)) == (sorted(serials), True)
    theirs = crypto_judge.path(files.leaf_file, files.ca_file, AT, files.folder / "list.crl")
    assert (files.code(crls=[read]) == "chain.good") is theirs.ok, theirs.text


SCOPES = {
    "complete": None, "users": scope_value(users_only=True), "CAs": scope_value(cas_only=True),
    "its part": scope_value(urls=[URL]), "several names": scope_value(urls=[OTHER_URL, URL]),
    "another part": scope_value(urls=[OTHER_URL]), "users of its part": scope_value(urls=[URL], users_only=True),
}
TIMES = {"in force": (AT - HOUR, AT + HOUR), "stale": (AT - 2 * HOUR, AT - HOUR), "future": (AT + HOUR, AT + 2 * HOUR)}


@pytest.mark.parametrize(("scope", "time"), list(itertools.product(SCOPES, TIMES)))
def test_bouncycastle_judges_chains_by_our_lists_as_we_do(files: Files, crypto_judge: CryptoJudge, scope: str,
                                                          time: str) -> None:
    """PKIX path validation with revocation: what it calls good is good to us, and the other way round."""
    this_update, next_update = TIMES[time]
    for revoked in ({}, {3: LOST}, {4: LOST}):
        crl = build_crl(issuer=files.ca.certificate, issuer_key=files.ca.key, this_update=this_update,
                        next_update=next_update, number=1, revoked=revoked, scope=SCOPES[scope])
        theirs = crypto_judge.path(files.leaf_file, files.ca_file, AT, files.put("list.crl", crl.der))
        ours = files.code(crls=[crl], clock_now=datetime.now(UTC))    # BouncyCastle's present
        assert (ours == "chain.good") is theirs.ok, (ours, theirs.text)


def test_openssl_and_cryptography_read_our_parts(files: Files, openssl: str) -> None:
    scope = scope_value(urls=[URL], users_only=True)
    crl = build_crl(issuer=files.ca.certificate, issuer_key=files.ca.key, this_update=AT, next_update=AT + DAY,
                    number=5, revoked={3: LOST}, scope=scope, expired_since=START)
    code, text = run(openssl, "crl", "-inform", "DER", "-in", str(files.put("list.crl", crl.der)), "-noout", "-text")
    assert code == 0, text
    assert "Issuing Distribution Point: critical" in text
    assert URL in text and "Only User Certificates" in text
    theirs = x509.load_der_x509_crl(crl.der)
    point = theirs.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert point.critical and point.value.only_contains_user_certs
    assert [one.value for one in point.value.full_name or ()] == [URL]


def test_openssl_judges_chains_by_our_lists_and_answers(files: Files, openssl: str) -> None:
    """``verify -crl_check`` and ``ocsp -respin``, P-256 as it knows no identity of SM2 signers there."""
    if files.kind == "sm2":
        pytest.skip("openssl verify has no way to say by which identity an SM2 list was signed")
    anchor = pem(files.folder, "ca.pem", [files.ca.certificate], openssl)
    leaf = pem(files.folder, "leaf.pem", [files.leaf.certificate], openssl)
    at = str(int(AT.timestamp()))
    scopes = (None, scope_value(urls=[URL]), scope_value(urls=[OTHER_URL]), scope_value(cas_only=True))
    for revoked, scope in itertools.product(({}, {3: LOST}), scopes):
        crl = build_crl(issuer=files.ca.certificate, issuer_key=files.ca.key, this_update=AT - HOUR,
                        next_update=AT + HOUR, number=1, revoked=revoked, scope=scope)
        run(openssl, "crl", "-inform", "DER", "-in", str(files.put("list.crl", crl.der)), "-out",
            str(files.folder / "list.pem"))
        code, text = run(openssl, "verify", "-attime", at, "-crl_check", "-extended_crl", "-CAfile", anchor, "-CRLfile",
                         str(files.folder / "list.pem"), leaf)
        assert (code == 0) is (files.code(crls=[crl]) == "chain.good"), text
    for wish, word in (({}, "good"), ({"revoked": LOST}, "revoked"), ({"unknown": True}, "unknown")):
        der = answer_der(files.leaf, files.ca, files.by, **wish)  # type: ignore[arg-type]
        code, text = run(openssl, "ocsp", "-issuer", anchor, "-cert", leaf, "-respin", str(files.put("answer", der)),
                         "-CAfile", anchor, "-no_nonce", "-attime", at)
        assert "Response verify OK" in text, text
        assert any(line.endswith(word) for line in text.splitlines()), text
    strange = answer_der(files.leaf, files.ca, responder(root("p256")))
    code, text = run(openssl, "ocsp", "-issuer", anchor, "-cert", leaf, "-respin", str(files.put("answer", strange)),
                     "-CAfile", anchor, "-no_nonce", "-attime", at)
    assert "Response Verify Failure" in text, text


def test_lists_of_cryptography_are_read(files: Files) -> None:
    if files.kind == "sm2":
        pytest.skip("it signs by no SM2 key")
    key = serialization.load_der_private_key(files.ca.key.pkcs8(), None)
    theirs = x509.load_der_x509_certificate(files.ca.certificate.der)
    builder = x509.CertificateRevocationListBuilder().issuer_name(theirs.subject).last_update(AT).next_update(AT + DAY)
    builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(3).revocation_date(
        AT - DAY).add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False).build())
    builder = builder.add_extension(x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(URL)], relative_name=None, only_contains_user_certs=False,
        only_contains_ca_certs=False, only_some_reasons=None, indirect_crl=False,
        only_contains_attribute_certs=False), critical=True)
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)  # type: ignore[arg-type]
    read = Crl.load(der)
    assert (read.scope.urls, read.scope.covers(files.leaf.certificate), read.counts) == ((URL,), True, True)
    assert files.code(crls=[read]) == "chain.revoked"
