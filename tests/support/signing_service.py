"""A stand-in for a signing service: JSON over mutual TLS on this machine, its keys in memory."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from certs import p256, rsa, sm2
from certs.keystore import PrivateKey

Answer = tuple[int, bytes]


@dataclass
class Service:
    """The service: what it holds, what it was asked, and how it may lie."""

    folder: Path
    url: str = ""
    keys: dict[str, PrivateKey] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    twist: Callable[[dict[str, Any]], Answer] | None = None

    def reference(self, name: str, **more: Any) -> dict[str, Any]:
        """A reference to one of its keys."""
        key = self.keys[name]
        return {"store": "http", "url": self.url, "key": name, "algorithm": key.algorithm,
                "public_key": base64.b64encode(key.spki).decode(), **more,
                **{one: str(self.folder / f"{file}.pem") for one, file in (
                    ("ca", "ca"), ("certificate", "client"), ("private_key", "client.key")) if one not in more}}

    def answer(self, client: str, body: bytes) -> Answer:
        """Sign what a client asks for."""
        told = json.loads(body)
        self.asked.append({**told, "client": client})
        key = self.keys.get(told["key"])
        if key is None or key.algorithm != told["algorithm"]:
            return 403, b"{}"
        signature = sign_digest(key, base64.b64decode(told["digest"]))
        good = {"request": told["request"], "signature": base64.b64encode(signature).decode()}
        return self.twist(good) if self.twist else (200, json.dumps(good).encode())


def sign_digest(key: PrivateKey, digest: bytes) -> bytes:
    """Sign a digest, as devices behind such a service do."""
    if isinstance(key, sm2.PrivateKey):
        return key.sign_digest(digest)
    prehashed = utils.Prehashed(hashes.SHA256())
    if isinstance(key, p256.PrivateKey):
        return key._key.sign(digest, ec.ECDSA(prehashed))
    assert isinstance(key, rsa.PrivateKey)
    return key._key.sign(digest, padding.PKCS1v15(), prehashed)


def _certify(folder: Path, name: str, issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None) -> (
        tuple[x509.Certificate, ec.EllipticCurvePrivateKey]):
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer[0].subject if issuer else subject)
    built = built.public_key(key.public_key()).serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    if issuer is None:
        built = built.add_extension(x509.KeyUsage(
            False, False, False, False, False, True, True, False, False), critical=True)
    built = built.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    above = (issuer[1] if issuer else key).public_key()
    built = built.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), critical=False)
    certificate = built.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / f"{name}.key.pem"
    secret.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    secret.chmod(0o600)
    return certificate, key


@contextmanager
def signing_service(folder: Path) -> Iterator[Service]:
    """Run the service, with certificates of its own CA in ``folder``."""
    ca = _certify(folder, "ca")
    _certify(folder, "server", ca)
    _certify(folder, "client", ca)
    _certify(folder, "stranger")
    service = Service(folder)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            client = dict(pair[0] for pair in self.connection.getpeercert()["subject"])["commonName"]  # type: ignore
            status, data = service.answer(client, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """Strangers are turned away in silence."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    service.url = f"https://127.0.0.1:{server.server_port}/v1/sign"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
