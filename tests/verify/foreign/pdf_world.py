"""Keys, certificates, lists and a timestamp authority for signatures of other writers, around the present."""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import tsp  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp as responses
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.crl import Crl
from certs.trust import Trust
from certs.x509 import Certificate

DAY = timedelta(days=1)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Party:
    """A key with its certificate."""

    key: Key
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def loaded(self) -> Certificate:
        """The certificate as the verifier reads it."""
        return Certificate.load(self.der)

    def pkcs8(self, encoding: serialization.Encoding = serialization.Encoding.DER) -> bytes:
        """The key."""
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def make_key(kind: str) -> Key:
    """A fresh key: rsa, p256, p384, p521."""
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key({"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}[kind])


def party(name: str, issuer: Party | None, kind: str, *, usage: str = "signer", now: datetime | None = None,
          start: timedelta = -400 * DAY, end: timedelta = 4000 * DAY) -> Party:
    """Certify a fresh key as a ca, a signer, or a tsa."""
    key, moment = make_key(kind), now or datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                         x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                         x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuing = issuer.key if issuer else key
    is_ca = usage == "ca"
    built = (x509.CertificateBuilder().subject_name(subject)
             .issuer_name(issuer.certificate.subject if issuer else subject).public_key(key.public_key())
             .serial_number(x509.random_serial_number()).not_valid_before(moment + start).not_valid_after(moment + end)
             .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
             .add_extension(x509.KeyUsage(
                 digital_signature=not is_ca, content_commitment=usage == "signer", key_encipherment=False,
                 data_encipherment=False, key_agreement=False, key_cert_sign=is_ca, crl_sign=is_ca,
                 encipher_only=False, decipher_only=False), critical=True))
    if usage == "tsa":
        built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return Party(key, built.sign(issuing, hashes.SHA256()))


def crl(issuer: Party, *revoked: tuple[Party, datetime], now: datetime | None = None) -> Crl:
    """A list of a CA."""
    moment = now or datetime.now(UTC)
    built = (x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
             .last_update(moment - DAY).next_update(moment + 30 * DAY)
             .add_extension(x509.CRLNumber(1), critical=False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                            critical=False))
    for who, when in revoked:
        built = built.add_revoked_certificate(
            x509.RevokedCertificateBuilder().serial_number(who.certificate.serial_number).revocation_date(when)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False).build())
    made = built.sign(issuer.key, hashes.SHA256())
    return Crl.load(made.public_bytes(serialization.Encoding.DER))


def ocsp(issuer: Party, who: Party) -> bytes:
    """A response of a CA on one certificate."""
    moment = datetime.now(UTC)
    built = responses.OCSPResponseBuilder().add_response(
        cert=who.certificate, issuer=issuer.certificate, algorithm=hashes.SHA256(),
        cert_status=responses.OCSPCertStatus.GOOD, this_update=moment, next_update=moment + DAY,
        revocation_time=None, revocation_reason=None).responder_id(
            responses.OCSPResponderEncoding.NAME, issuer.certificate)
    return built.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class World:
    """A root with a CA, signers of several kinds, a stranger's root with a signer, a timestamp authority."""

    root: Party
    ca: Party
    rsa: Party
    p256: Party
    p384: Party
    p521: Party
    second: Party
    stranger_root: Party
    stranger: Party
    tsa_root: Party
    tsa: Party

    def trust(self, *revoked: tuple[Party, datetime], **changes: object) -> Trust:
        """What the verifier believes."""
        plain = Trust(name="test", lookup_hosts=(), roots=(self.root.loaded,), data_signing={},
                      crls=(crl(self.root), crl(self.ca, *revoked), crl(self.tsa_root)),
                      tsa=(self.tsa_root.loaded,))
        return replace(plain, **changes)  # type: ignore[arg-type]


@functools.cache
def world() -> World:
    """One world for a whole run."""
    root = party("外部测试根", None, "p256", usage="ca")
    ca = party("外部测试签发", root, "rsa", usage="ca")
    stranger_root = party("外部测试根", None, "p256", usage="ca")
    tsa_root = party("外部时间戳根", None, "p256", usage="ca")
    return World(
        root, ca, party("外部公司甲", ca, "rsa"), party("外部公司乙", ca, "p256"), party("外部公司丙", ca, "p384"),
        party("外部公司丁", ca, "p521"), party("外部公司戊", ca, "p256"), stranger_root,
        party("外部公司甲", stranger_root, "p256"), tsa_root, party("外部时间戳", tsa_root, "p256", usage="tsa"))


# -- a timestamp authority, by OpenSSL


@functools.cache
def _tsa_folder() -> Path:
    """Keys and configuration of the authority; kept for the run."""
    folder = Path(tempfile.mkdtemp(prefix="tsa"))
    authority = world().tsa
    (folder / "key.pem").write_bytes(authority.pkcs8(serialization.Encoding.PEM))
    (folder / "tsa.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tsa.cnf").write_text(
        "[tsa]\ndefault_tsa = t\n[t]\nserial = serial\ncrypto_device = builtin\nsigner_digest = sha256\n"
        "default_policy = 1.2.3.4.1\ndigests = sha256, sha384, sha512\nordering = yes\ness_cert_id_alg = sha256\n")
    return folder


def reply(request: bytes) -> bytes:
    """A TimeStampResp of the authority."""
    folder = _tsa_folder()
    number = hashlib.sha256(request).hexdigest()[:16]
    (folder / f"{number}.tsq").write_bytes(request)
    openssl = shutil.which("openssl") or "openssl"
    subprocess.run([openssl, "ts", "-reply", "-config", "tsa.cnf", "-section", "t", "-queryfile", f"{number}.tsq",
                    "-signer", "tsa.pem", "-inkey", "key.pem", "-out", f"{number}.tsr"],
                   cwd=folder, check=True, capture_output=True)
    return (folder / f"{number}.tsr").read_bytes()


def token(data: bytes) -> bytes:
    """A timestamp token of the authority over ``data``."""
    request = tsp.TimeStampReq({
        "version": 1, "cert_req": True, "nonce": 12345, "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}})
    made: bytes = tsp.TimeStampResp.load(reply(request.dump()))["time_stamp_token"].dump()
    return made


def openssl_cms(data: bytes, signer: Party, *options: str, chain: Sequence[Party] = ()) -> bytes:
    """A detached CMS of plain OpenSSL over ``data``."""
    openssl = shutil.which("openssl") or "openssl"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").write_bytes(data)
        (folder / "key.pem").write_bytes(signer.pkcs8(serialization.Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / "chain.pem").write_bytes(b"".join(
            each.certificate.public_bytes(serialization.Encoding.PEM) for each in chain or (world().ca,)))
        subprocess.run([openssl, "cms", "-sign", "-binary", "-in", "data", "-signer", "signer.pem", "-inkey", "key.pem",
                        "-certfile", "chain.pem", "-outform", "DER", "-out", "out", "-md", "sha256", *options],
                       cwd=folder, check=True, capture_output=True)
        return (folder / "out").read_bytes()
