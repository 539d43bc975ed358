"""SM2 signatures with SM3 (GB/T 32918.2-2016, curve of GB/T 32918.5-2017).

Backend: libcrypto by ctypes, trusted only after a known-answer test; plain Python verifies where it is
missing, and ``gmssl_pyx``, if installed, signs there. Keys are checked here, once, because no backend checks
enough: 1 <= d <= n-2, the public key derived from d, every public key 65 bytes, uncompressed, on the curve.
"""

from __future__ import annotations

import enum
import functools
import importlib
import secrets
from typing import Any, ClassVar, Final, Literal

from certs import _libcrypto, _sm2_math, der_build
from certs.der import SEQUENCE, DerError, Reader
from certs.sm3 import sm3
from codes.errors import EngineError

__all__ = [
    "DEFAULT_ID", "PrivateKey", "Sm2Code", "Sm2Error", "backend_name", "der_from_raw", "is_public_key",
    "raw_from_der", "signed_digest", "spki", "verify", "verify_digest",
]

DEFAULT_ID: Final = b"1234567812345678"

# GB/T 32918.5-2017 A.2: the sample signature on the recommended curve.
_SAMPLE_PUBLIC: Final = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13")
_SAMPLE_D: Final = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
_SAMPLE_DIGEST: Final = bytes.fromhex("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640")
_SAMPLE_R: Final = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
_SAMPLE_S: Final = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA


class Sm2Code(enum.StrEnum):
    """Codes of :class:`Sm2Error`."""

    BAD_PRIVATE_KEY = "sm2.bad-private-key"
    BAD_PUBLIC_KEY = "sm2.bad-public-key"
    BAD_SIGNATURE = "sm2.bad-signature"
    BAD_USER_ID = "sm2.bad-user-id"
    NO_SIGNER = "sm2.no-signer"
    SIGNING_FAILED = "sm2.signing-failed"


class Sm2Error(EngineError):
    """A key or a value cannot be used with SM2, or this machine cannot sign with it."""


def is_public_key(public: bytes) -> bool:
    """Whether ``public`` is 65 bytes, uncompressed, of a point on the curve."""
    return _sm2_math.point_from_bytes(public) is not None


def _require_public(public: bytes) -> None:
    if not is_public_key(public):
        raise Sm2Error(Sm2Code.BAD_PUBLIC_KEY, "SM2 公钥不是曲线上的点，请检查证书或密钥",
                       "the SM2 public key is not a point on the curve; check the certificate or key")


def spki(public: bytes) -> bytes:
    """SubjectPublicKeyInfo (DER) of a 65-byte public key."""
    _require_public(public)
    return _libcrypto.SPKI_PREFIX + public


@functools.lru_cache(maxsize=512)
def _identity_digest(public: bytes, user_id: bytes) -> bytes:
    """Z of GB/T 32918.2 clause 5.5: digest of the signer's id, the curve and the public key."""
    if len(user_id) >= 8192:
        raise Sm2Error(Sm2Code.BAD_USER_ID, "SM2 用户标识超过 8191 字节，请缩短",
                       "the SM2 user id exceeds 8191 bytes; shorten it")
    curve = b"".join(v.to_bytes(32, "big") for v in (_sm2_math.A, _sm2_math.B, _sm2_math.GX, _sm2_math.GY))
    return sm3((8 * len(user_id)).to_bytes(2, "big") + user_id + curve + public[1:])


def signed_digest(public: bytes, message: bytes, user_id: bytes = DEFAULT_ID) -> bytes:
    """e = SM3(Z || message), the 32 bytes that SM2 signs."""
    return sm3(_identity_digest(public, user_id) + message)


def _split(signature: bytes) -> tuple[int, int]:
    """r and s of a DER signature; DerError when it is not the one DER form."""
    outer = Reader(signature)
    inner = outer.enter(SEQUENCE)
    outer.done()
    r, s = inner.integer(), inner.integer()
    inner.done()
    return r, s


def _in_range(r: int, s: int) -> bool:
    return 0 < r < _sm2_math.N and 0 < s < _sm2_math.N


def raw_from_der(signature: bytes) -> bytes:
    """``r || s``, 64 bytes, from a DER signature.

    Raises:
        Sm2Error: ``sm2.bad-signature`` when it is not strict DER or r or s is out of range.
    """
    try:
        r, s = _split(signature)
    except DerError as error:
        raise _bad_signature() from error
    if not _in_range(r, s):
        raise _bad_signature()
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def der_from_raw(raw: bytes) -> bytes:
    """A DER signature from ``r || s``.

    Raises:
        Sm2Error: ``sm2.bad-signature`` when it is not 64 bytes or r or s is out of range.
    """
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    if len(raw) != 64 or not _in_range(r, s):
        raise _bad_signature()
    return der_build.signature_value(r, s)


def _bad_signature() -> Sm2Error:
    return Sm2Error(Sm2Code.BAD_SIGNATURE, "SM2 签名值格式或取值有误，请检查签名数据",
                    "the SM2 signature value is malformed or out of range; check the signed data")


def _signing_failed() -> Sm2Error:
    return Sm2Error(Sm2Code.SIGNING_FAILED, "密码库未能完成 SM2 运算，请检查本机内存和随机数后重试",
                    "the library could not do the SM2 operation; check memory and randomness and try again")


@functools.cache
def _backend() -> _libcrypto.Backend | None:
    """libcrypto if it gives the known answers, else None."""
    backend = _libcrypto.load()
    if backend is None:
        return None
    good = der_build.signature_value(_SAMPLE_R, _SAMPLE_S)
    bad = der_build.signature_value(_SAMPLE_R, _SAMPLE_S ^ 1)
    try:
        public = backend.public_key(_SAMPLE_PUBLIC)
        private = backend.private_key(_SAMPLE_D, _SAMPLE_PUBLIC)
        made = backend.sign_digest(private, _SAMPLE_DIGEST)
        point = _sm2_math.point_from_bytes(_SAMPLE_PUBLIC)
        right = (
            point is not None
            and backend.multiply_generator(_SAMPLE_D) == _SAMPLE_PUBLIC
            and backend.verify_digest(public, _SAMPLE_DIGEST, good)
            and not backend.verify_digest(public, _SAMPLE_DIGEST, bad)
            and _sm2_math.verify_digest(point, _SAMPLE_DIGEST, *_split(made))
        )
    except (_libcrypto.BackendError, DerError):
        return None
    return backend if right else None


@functools.cache
def _fallback_signer() -> Any:
    """The module ``gmssl_pyx`` if installed (it has no type information), else None."""
    try:
        return importlib.import_module("gmssl_pyx")
    except ImportError:
        return None


def backend_name() -> Literal["libcrypto", "python+gmssl_pyx", "python"]:
    """What computes SM2 on this machine; ``python`` alone can verify but not sign."""
    if _backend() is not None:
        return "libcrypto"
    return "python+gmssl_pyx" if _fallback_signer() is not None else "python"


@functools.lru_cache(maxsize=512)
def _public_handle(public: bytes) -> _libcrypto.Key | None:
    """libcrypto's key for a checked public key, None without the backend."""
    backend = _backend()
    if backend is None:
        return None
    try:
        return backend.public_key(public)
    except _libcrypto.BackendError:
        return None


def verify_digest(public: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether a strict DER signature holds over the 32 bytes ``digest`` = SM3(Z || M). Never raises."""
    point = _sm2_math.point_from_bytes(public)
    if point is None or len(digest) != 32:
        return False
    try:
        r, s = _split(signature)
    except DerError:
        return False
    if not _in_range(r, s):
        return False
    backend, handle = _backend(), _public_handle(public)
    if backend is None or handle is None:
        return _sm2_math.verify_digest(point, digest, r, s)
    try:
        return backend.verify_digest(handle, digest, signature)
    except _libcrypto.BackendError:
        return _sm2_math.verify_digest(point, digest, r, s)


def verify(public: bytes, message: bytes, signature: bytes, user_id: bytes = DEFAULT_ID) -> bool:
    """Whether a DER signature holds over ``message``.

    Args:
        public: 65 bytes, uncompressed.
        signature: strict DER ``{r, s}``; for the raw form use :func:`der_from_raw` first.

    Hostile keys and signatures give False, never an exception.
    """
    if not is_public_key(public) or len(user_id) >= 8192:
        return False
    return verify_digest(public, signed_digest(public, message, user_id), signature)


class PrivateKey:
    """An SM2 private key, checked when it is made.

    ``algorithm`` and ``sign`` make it a :class:`certs.signer.SigningKey`. Its text form shows no secret.
    """

    __slots__ = ("_d", "_fallback", "_handle", "public")

    algorithm: ClassVar[Literal["sm2-sm3"]] = "sm2-sm3"

    def __init__(self, d: int) -> None:
        """Take 1 <= d <= n-2 and derive the public key.

        Raises:
            Sm2Error: ``sm2.bad-private-key`` for a d out of range, ``sm2.no-signer`` when nothing here
                can sign.
        """
        if not 1 <= d <= _sm2_math.N - 2:
            raise Sm2Error(Sm2Code.BAD_PRIVATE_KEY, "SM2 私钥超出 1 到 n-2 的范围，请换用正确的密钥",
                           "the SM2 private key is outside 1 to n-2; use a proper key")
        self._d = d
        self._handle: _libcrypto.Key | None = None
        self._fallback: Any = None
        backend = _backend()
        if backend is not None:
            try:
                self.public: bytes = backend.multiply_generator(d)
                self._handle = backend.private_key(d, self.public)
            except _libcrypto.BackendError as error:
                raise _signing_failed() from error
        else:
            self._fallback = _fallback_signer()
            if self._fallback is None:
                raise Sm2Error(Sm2Code.NO_SIGNER, "本机 OpenSSL 不支持 SM2，请安装 OpenSSL 3 或 gmssl_pyx",
                               "this machine's OpenSSL has no SM2; install OpenSSL 3 with SM2, or gmssl_pyx")
            point = _sm2_math.double_multiply(d, 0, (_sm2_math.GX, _sm2_math.GY))
            assert point is not None  # noqa: S101  (1 <= d < n, so never at infinity)
            self.public = b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")

    @classmethod
    def generate(cls) -> PrivateKey:
        """A new key from the operating system's randomness."""
        return cls(secrets.randbelow(_sm2_math.N - 2) + 1)

    @classmethod
    def from_pkcs8(cls, encoded: bytes) -> PrivateKey:
        """A key from unencrypted PKCS#8 (DER), as :meth:`pkcs8` and ``openssl pkcs8`` write it.

        Raises:
            Sm2Error: ``sm2.bad-private-key`` when it is not such a key or its public part does not belong
                to d.
        """
        try:
            d, public = _read_pkcs8(encoded)
        except DerError as error:
            raise _bad_pkcs8() from error
        key = cls(d)
        if public is not None and public != key.public:
            raise _bad_pkcs8()
        return key

    def pkcs8(self) -> bytes:
        """Unencrypted PKCS#8 (DER), readable by openssl. The caller encrypts it before it is stored."""
        private = der_build.sequence(
            der_build.integer(1), der_build.octet_string(self._d.to_bytes(32, "big")),
            der_build.explicit(1, der_build.bit_string(self.public)))
        return der_build.sequence(der_build.integer(0), _ALGORITHM, der_build.octet_string(private))

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo (DER) of the public key."""
        return spki(self.public)

    def sign(
        self, message: bytes, user_id: bytes = DEFAULT_ID, *, approval: str = "",  # noqa: ARG002 - for keys elsewhere
    ) -> bytes:
        """A DER signature over ``message``."""
        return self.sign_digest(signed_digest(self.public, message, user_id))

    def sign_digest(self, digest: bytes) -> bytes:
        """A DER signature over the 32 bytes ``digest`` = SM3(Z || M) (see :func:`signed_digest`).

        Raises:
            ValueError: when ``digest`` is not 32 bytes.
            Sm2Error: ``sm2.signing-failed`` when the library cannot sign, for want of memory or randomness.
        """
        if len(digest) != 32:
            raise ValueError("an SM2 digest has 32 bytes")
        backend = _backend()
        if self._handle is not None and backend is not None:
            try:
                return backend.sign_digest(self._handle, digest)
            except _libcrypto.BackendError as error:
                raise _signing_failed() from error
        made: bytes = self._fallback.sm2_sign_sm3_digest(self._d.to_bytes(32, "big"), digest)
        return made

    def __repr__(self) -> str:
        return f"<SM2 private key of {self.public.hex()[:18]}…>"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not pickled")


_CURVE: Final = der_build.oid("1.2.156.10197.1.301")
_ALGORITHM: Final = der_build.sequence(der_build.oid("1.2.840.10045.2.1"), _CURVE)


def _bad_pkcs8() -> Sm2Error:
    return Sm2Error(Sm2Code.BAD_PRIVATE_KEY, "不是可用的 SM2 私钥（PKCS#8），请检查密钥文件",
                    "this is not a usable SM2 private key (PKCS#8); check the key file")


def _read_pkcs8(encoded: bytes) -> tuple[int, bytes | None]:
    """d and, if present, the public key of a PKCS#8 SM2 key (RFC 5208, RFC 5915)."""
    outer = Reader(encoded)
    info = outer.enter()
    outer.done()
    if info.integer() != 0 or info.raw(SEQUENCE) != _ALGORITHM:
        raise _bad_pkcs8()
    key_octets = info.octets()
    holder = Reader(key_octets)
    key = holder.enter()
    holder.done()
    if key.integer() != 1:
        raise _bad_pkcs8()
    d = int.from_bytes(key.octets(), "big")
    if key.peek() == 0xA0 and key.raw() != der_build.explicit(0, _CURVE):
        raise _bad_pkcs8()
    public = None
    if key.peek() == 0xA1:
        wrapper = key.enter(0xA1)
        public = wrapper.bits()
        wrapper.done()
    key.done()
    return d, public
