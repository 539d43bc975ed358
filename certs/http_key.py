"""Keys in a signing service of somebody else's, asked by JSON over mutual TLS.

Reference (``<role>.key.json``)::

    {"store": "http",
     "url": "https://sign.example.cn/v1/sign",
     "key": "140100/pdf",                               how the service calls the key
     "algorithm": "sm2-sm3",                            or ecdsa-p256-sha256, rsa-pkcs1-sha256
     "public_key": "MFkw…",                             base64 of the key's SubjectPublicKeyInfo
     "ca": "/etc/zhengyin/sign-ca.pem",                 the CA of the service's certificate, and no other
     "certificate": "/etc/zhengyin/client.pem", "private_key": "/etc/zhengyin/client.key",
     "password_file": "…", "timeout_s": 30}             optional: of private_key; for one request, in seconds

One request, and its answer with status 200::

    {"algorithm": "sm2-sm3", "approval": "…", "digest": base64, "key": "…", "request": 32 hex digits}
    {"request": the same, "signature": base64}

The digest is SM3(Z ‖ M) for SM2, SHA-256 for the others; the signature DER for SM2 and ECDSA, PKCS #1 v1.5 for RSA. A
service of another shape is reached through a small program that speaks both.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import json
import secrets
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol, cast, get_args

from certs import canonical_json, sm2
from certs.canonical_json import members_once
from certs.file_marks import FileMark, mark_file
from certs.files import reported
from certs.http_client import HttpCode, HttpError, http_exchange, split_url
from certs.key_reference import malformed, referred_public_key, require_members
from certs.pin import read_pin
from certs.public_key import PublicKey
from certs.signer import Algorithm
from codes.errors import EngineError

__all__ = ["HttpKey", "ServiceCode", "ServiceError"]

_TEXTS: Final = frozenset({"url", "key", "algorithm", "public_key", "ca", "certificate", "private_key"})
_PATHS: Final = ("ca", "certificate", "private_key", "password_file")
_KINDS: Final[Mapping[Algorithm, str]] = {
    "sm2-sm3": "sm2", "ecdsa-p256-sha256": "p256", "rsa-pkcs1-sha256": "rsa"}
_TIMEOUT_S, _MAX_ANSWER = 30, 64 * 1024


class ServiceCode(enum.StrEnum):
    """Codes of :class:`ServiceError`."""

    CREDENTIALS = "service.credentials"
    OUT_OF_REACH = "service.out-of-reach"
    REFUSED = "service.refused"
    BAD_ANSWER = "service.bad-answer"


class ServiceError(EngineError):
    """A signing service did not sign."""


class Exchange(Protocol):
    """How a request is sent: :func:`certs.http_client.http_exchange`."""

    def __call__(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, timeout_s: float,
        max_bytes: int, tls: ssl.SSLContext | None = None,
    ) -> bytes:
        """Return the body of the answer; raise :class:`certs.http_client.HttpError`."""


class HttpKey:
    """A key in a signing service; a :class:`certs.signer.SigningKey` that threads and forked children share."""

    def __init__(self, reference: Mapping[str, Any], spki: bytes, exchange: Exchange = http_exchange) -> None:
        self._reference, self._exchange = reference, exchange
        self.spki = spki
        self.algorithm: Algorithm = reference["algorithm"]
        self._kept: tuple[tuple[FileMark | None, ...], ssl.SSLContext] | None = None

    @classmethod
    def open(cls, reference: Mapping[str, Any], folder: Path) -> HttpKey:  # noqa: ARG003 - its paths are absolute
        """Read the reference; the service is asked when something is signed.

        Raises:
            KeyReferenceError: ``key-reference.malformed``.
            ServiceError: ``service.credentials``.
        """
        require_members(reference, required=_TEXTS, optional=frozenset({"password_file", "timeout_s"}),
                        numbers=frozenset({"timeout_s"}))
        if reference["algorithm"] not in get_args(Algorithm):
            raise malformed(reference, f"的 algorithm 应为 {'、'.join(get_args(Algorithm))} 之一",
                            f"takes one of {', '.join(get_args(Algorithm))} for algorithm")
        for name in _PATHS:
            if not Path(reference.get(name, "/")).is_absolute():
                raise malformed(reference, f"的 {name} 应为绝对路径", f"takes an absolute path for {name}")
        try:
            secure = split_url(reference["url"]).scheme == "https"
        except HttpError:
            secure = False
        if not secure:
            raise malformed(reference, "的 url 应为 https 地址", "takes an https address for url")
        spki = cast(bytes, referred_public_key(reference))
        if PublicKey.parse(spki).kind != _KINDS[reference["algorithm"]]:
            raise malformed(reference, "的 public_key 与 algorithm 不符", "takes a public_key that fits algorithm")
        key = cls(reference, spki)
        key._tls()
        return key

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """The signature over ``message``; see :meth:`certs.signer.SigningKey.sign`.

        Raises:
            ServiceError: ``service.out-of-reach``, ``service.refused``, ``service.bad-answer``,
                ``service.credentials``.
        """
        digest = (sm2.signed_digest(PublicKey.parse(self.spki).bits, message) if self.algorithm == "sm2-sm3"
                  else hashlib.sha256(message).digest())
        number = secrets.token_hex(16)
        body = canonical_json.encode({
            "algorithm": self.algorithm, "approval": approval, "digest": base64.b64encode(digest).decode("ascii"),
            "key": self._reference["key"], "request": number})
        try:
            answer = self._exchange(
                "POST", self._reference["url"], body, {"Content-Type": "application/json"},
                timeout_s=self._reference.get("timeout_s", _TIMEOUT_S), max_bytes=_MAX_ANSWER, tls=self._tls())
        except HttpError as error:
            raise self._told(error) from None
        return self._read(answer, number)

    def _read(self, answer: bytes, number: str) -> bytes:
        try:
            told = json.loads(answer, object_pairs_hook=members_once)
            if isinstance(told, dict) and told.keys() == {"request", "signature"} and told["request"] == number:
                return base64.b64decode(told["signature"], validate=True)
        except (ValueError, TypeError, RecursionError, binascii.Error):
            pass
        raise ServiceError(
            ServiceCode.BAD_ANSWER, f"签名服务 {self._host} 的答复不符合约定，未予使用；请核对服务的接口",
            f"the answer of the signing service {self._host} is not as agreed, so it is not used: check the service's "
            "interface", service=self._host)

    def _tls(self) -> ssl.SSLContext:
        """Return who the service must be and who asks it; read anew when a file of it has changed."""
        paths = [Path(self._reference[name]) for name in _PATHS if name in self._reference]
        with reported(paths[0]):
            marks = tuple(map(mark_file, paths))
        kept = self._kept
        if kept is None or kept[0] != marks:
            self._kept = kept = marks, self._credentials()
        return kept[1]

    def _credentials(self) -> ssl.SSLContext:
        reference = self._reference
        key, context = Path(reference["private_key"]), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        password = read_pin(reference["password_file"]).value if "password_file" in reference else b""
        try:
            if key.stat().st_mode & 0o077:
                raise ValueError("others may read it: chmod 600")
            context.load_verify_locations(cafile=reference["ca"])
            context.load_cert_chain(reference["certificate"], key, password=lambda: password)
        except (OSError, ValueError) as error:
            raise ServiceError(
                ServiceCode.CREDENTIALS,
                f"与签名服务 {self._host} 通信的证书或密钥不可用（{error}），请检查 ca、certificate、private_key",
                f"the credentials for the signing service {self._host} cannot be used ({error}): check ca, certificate "
                "and private_key", service=self._host) from None
        return context

    @property
    def _host(self) -> str:
        return split_url(self._reference["url"]).netloc

    def _told(self, error: HttpError) -> ServiceError:
        if error.code is HttpCode.STATUS:
            return ServiceError(
                ServiceCode.REFUSED, f"签名服务 {self._host} 未签名：{error.zh}；请向服务管理者查询原因",
                f"the signing service {self._host} did not sign: it {error.en}; ask who runs it", service=self._host)
        if error.code is HttpCode.TOO_LARGE:
            return ServiceError(
                ServiceCode.BAD_ANSWER, f"签名服务 {self._host} {error.zh}，未予使用",
                f"the signing service {self._host} {error.en}: it is not used", service=self._host)
        return ServiceError(
            ServiceCode.OUT_OF_REACH, f"签名服务 {self._host} {error.zh}，未签名；请检查网络与证书后重试",
            f"the signing service {self._host} {error.en}, nothing was signed: check the line and the certificates, "
            "then repeat", service=self._host)

    def __repr__(self) -> str:
        return f"<{self.algorithm} key {self._reference['key']} of {self._host}>"
