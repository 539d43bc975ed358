"""Keys on PKCS#11 tokens: ECDSA on P-256 and RSA, both with SHA-256.

Reference (``<role>.key.json``)::

    {"store": "pkcs11",
     "module": "/usr/lib/softhsm/libsofthsm2.so",       absolute path of the token's module
     "token": "zhengyin", "serial": "…",                label, serial number: at least one
     "id": "0a1b…", "label": "…",                       CKA_ID in hex, CKA_LABEL of the key: at least one
     "pin_file": "/run/secrets/pin",                    absolute; else the file that ZHENGYIN_PIN_FILE names
     "public_key": "MFkw…"}                             optional: base64 of the SubjectPublicKeyInfo

The digest is made here, the signature on the token; the private key never leaves it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from certs import der_build as build
from certs import p256
from certs.der import DerError, Reader
from certs.der_build import signature_value
from certs.key_reference import malformed, referred_public_key, require_members, require_same_key
from certs.pin import read_pin
from certs.pkcs11_module import Token, module_at
from certs.public_key import OID_RSA_KEY, PublicKey, PublicKeyError
from certs.signer import Algorithm
from certs.token_errors import TokenCode, TokenError

__all__ = ["ALGORITHMS", "P256_PARAMETERS", "Pkcs11Key", "key_spki", "rsa_bits", "token_of"]

ALGORITHMS: Final[Mapping[str, Algorithm]] = {"p256": "ecdsa-p256-sha256", "rsa": "rsa-pkcs1-sha256"}
"""Kind of a key that a token signs with → algorithm."""
P256_PARAMETERS: Final = build.oid("1.2.840.10045.3.1.7")
_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
_OPTIONAL: Final = frozenset({"token", "serial", "id", "label", "pin_file", "public_key"})


class Pkcs11Key:
    """A key on a token; a :class:`certs.signer.SigningKey`."""

    def __init__(self, token: Token, reference: Mapping[str, Any]) -> None:
        """Find the key on its token.

        Raises:
            TokenError, PinError: it cannot be had.
            KeyReferenceError: ``key-reference.other-key``.
        """
        self._token, self._reference = token, reference
        self._private: Any = None
        self._found_in = -1
        self._asks_pin = False
        self.spki: bytes = token.run(self._find)
        require_same_key(self.spki, reference)
        self.algorithm: Algorithm = ALGORITHMS[PublicKey.parse(self.spki).kind]

    @classmethod
    def open(cls, reference: Mapping[str, Any], folder: Path) -> Pkcs11Key:
        """Open the key that ``reference``, which lies in ``folder``, names.

        Raises:
            KeyReferenceError: ``key-reference.malformed``, ``key-reference.other-key``.
            TokenError, PinError, FileError: module, token, PIN or key cannot be had.
        """
        require_members(reference, required=frozenset({"module"}), optional=_OPTIONAL)
        _require_key(reference)
        return cls(token_of(reference, folder), reference)

    @classmethod
    def make(cls, reference: Mapping[str, Any], folder: Path, label: str) -> Mapping[str, Any]:
        """Make a key of the kind of another on the same token, and return the reference to it.

        A key that was made under the label before is taken up.

        Raises:
            TokenError: ``token.full``, ``token.write-protected``, ``token.label-taken``, or as :meth:`open`'s.
        """
        from certs.pkcs11_make import make_key

        public = PublicKey.parse(cls.open(reference, folder).spki)
        return make_key(reference, folder, label, rsa_bits=rsa_bits(public) if public.kind == "rsa" else None)

    def sign(self, message: bytes, *, approval: str = "") -> bytes:  # noqa: ARG002 - the token does not ask for it
        """The signature over ``message``; see :meth:`certs.signer.SigningKey.sign`.

        Raises:
            TokenError, PinError: the token cannot be used; the next call tries anew.
        """
        from pkcs11.mechanisms import Mechanism

        digest = hashlib.sha256(message).digest()
        if self.algorithm == "rsa-pkcs1-sha256":
            return self._signed(_SHA256_DIGEST_INFO + digest, Mechanism.RSA_PKCS)
        pair = self._signed(digest, Mechanism.ECDSA)
        half = len(pair) // 2
        return signature_value(int.from_bytes(pair[:half], "big"), int.from_bytes(pair[half:], "big"))

    def _signed(self, data: bytes, mechanism: Any) -> bytes:
        def work(session: Any) -> bytes:
            if self._found_in != self._token.module.generation:
                require_same_key(self._find(session), {**self._reference, "public_key": _text(self.spki)})
            pin = {"pin": self._token.pin_text()} if self._asks_pin else {}
            signature: bytes = self._private.sign(data, mechanism=mechanism, **pin)
            return signature

        return self._token.run(work)

    def _find(self, session: Any) -> bytes:
        """Look for the key on the token, keep its handle, and return its public key."""
        from pkcs11.constants import Attribute, ObjectClass
        from pkcs11.exceptions import AttributeTypeInvalid

        keys = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, **_template(self._reference)}))
        if len(keys) != 1:
            raise _not_one(len(keys), self._reference, self._token)
        self._private, self._found_in = keys[0], self._token.module.generation
        try:
            self._asks_pin = bool(keys[0][Attribute.ALWAYS_AUTHENTICATE])
        except AttributeTypeInvalid:
            self._asks_pin = False
        public = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **_template(self._reference)}))
        told = key_spki(public[0] if len(public) == 1 else keys[0]) or referred_public_key(self._reference)
        if told is None:
            raise TokenError(
                TokenCode.NO_PUBLIC_KEY,
                f"令牌 {self._token.name} 上没有该密钥的公钥；请在密钥引用中写明 public_key",
                f"the public key of this key is not on token {self._token.name}: give public_key in the key reference",
                token=self._token.name)
        return told

    def __repr__(self) -> str:
        return f"<{self.algorithm} key on token {self._token.name}>"


def token_of(reference: Mapping[str, Any], folder: Path) -> Token:
    """Return the token that a reference names.

    Raises:
        KeyReferenceError: ``key-reference.malformed``.
    """
    for name in ("module", "pin_file"):
        if not Path(reference.get(name, "/")).is_absolute():
            raise malformed(reference, f"的 {name} 应为绝对路径", f"takes an absolute path for {name}")
    if not {"token", "serial"} & reference.keys():
        raise malformed(reference, "须有 token 或 serial", "takes token or serial")
    return Token(module_at(reference["module"]), label=reference.get("token", ""), serial=reference.get("serial", ""),
                 pin=lambda: read_pin(reference.get("pin_file", "")), folder=folder)


def key_spki(key: Any) -> bytes | None:
    """Return the SubjectPublicKeyInfo of a key object; None where it does not tell, or is of a kind not used here."""
    from pkcs11.constants import Attribute
    from pkcs11.exceptions import AttributeSensitive, AttributeTypeInvalid
    from pkcs11.mechanisms import KeyType

    try:
        if key.key_type is KeyType.RSA:
            numbers = (int.from_bytes(key[one], "big") for one in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
            spki = build.sequence(build.sequence(build.oid(OID_RSA_KEY), build.null()),
                                  build.bit_string(build.sequence(*map(build.integer, numbers))))
        elif key.key_type is KeyType.EC and key[Attribute.EC_PARAMS] == P256_PARAMETERS:
            spki = p256.spki(_point(key[Attribute.EC_POINT]))
        else:
            return None
        return PublicKey.parse(spki).spki
    except (AttributeTypeInvalid, AttributeSensitive, DerError, PublicKeyError):
        return None


def _point(told: bytes) -> bytes:
    """Return the 65 bytes of a point, which tokens wrap in an OCTET STRING or give as they are."""
    if len(told) == 65 and told[0] == 4:
        return told
    reader = Reader(told)
    point = reader.octets()
    reader.done()
    return point


def rsa_bits(public: PublicKey) -> int:
    """Return the length of an RSA key in bits."""
    return Reader(public.bits).enter().integer().bit_length()


def _require_key(reference: Mapping[str, Any]) -> None:
    if not {"id", "label"} & reference.keys():
        raise malformed(reference, "须有 id 或 label", "takes id or label")
    try:
        bytes.fromhex(reference.get("id", ""))
    except ValueError:
        raise malformed(reference, "的 id 应为十六进制", "takes hex for id") from None


def _template(reference: Mapping[str, Any]) -> dict[Any, Any]:
    from pkcs11.constants import Attribute

    template: dict[Any, Any] = {}
    if "id" in reference:
        template[Attribute.ID] = bytes.fromhex(reference["id"])
    if "label" in reference:
        template[Attribute.LABEL] = reference["label"]
    return template


def _not_one(number: int, reference: Mapping[str, Any], token: Token) -> TokenError:
    key = reference.get("label") or reference["id"]
    if number:
        return TokenError(
            TokenCode.TWO_KEYS, f"令牌 {token.name} 上有 {number} 个密钥符合 {key}；请在密钥引用中同时写明 id 和 label",
            f"{number} keys on token {token.name} answer to {key}: give both id and label in the key reference",
            token=token.name)
    return TokenError(
        TokenCode.NO_KEY, f"令牌 {token.name} 上没有私钥 {key}；请用 zhengyin certs keys list 查看并更正密钥引用",
        f"there is no private key {key} on token {token.name}: see with `zhengyin certs keys list` which are and "
        "correct the key reference", token=token.name)


def _text(spki: bytes) -> str:
    return base64.b64encode(spki).decode("ascii")
