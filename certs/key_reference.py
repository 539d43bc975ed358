"""Where the private key of a role is: the one place that opens it.

In a folder, the key of a role lies in ``<role>.key`` (encrypted, :mod:`certs.keystore`), or it lives elsewhere and
``<role>.key.json`` refers to it: a JSON object whose ``store`` says where, with the members of that store::

    {"store": "pkcs11", …}   a token                       certs.pkcs11_key
    {"store": "sdf", …}      a device after GM/T 0018      certs.sdf_key
    {"store": "http", …}     a signing service             certs.http_key
    {"store": "signer", …}   the signer process            certs.remote_key

A store is imported when a key of it is opened. Whatever it signs is checked with the public key before anybody
relies on it, so that a wrong key or a failing device never gets a bad seal into a package. No reference holds a
secret: it names the file that does.
"""

from __future__ import annotations

import base64
import enum
import importlib
import json
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol

from certs.canonical_json import members_once
from certs.config import Password
from certs.files import read_file, reported, write_atomic
from certs.keystore import load_key
from certs.public_key import PublicKey
from certs.signer import Algorithm, LocalSigner, SigningKey
from certs.x509 import MAX_BYTES, Certificate
from codes.errors import EngineError

__all__ = [
    "CheckedKey", "KeyReferenceCode", "KeyReferenceError", "key_file_name", "key_path", "make_like", "malformed",
    "open_key", "open_reference", "read_key_file", "read_reference", "reference_bytes", "referred_public_key",
    "require_members", "require_same_key",
]

_MAX_BYTES: Final = 64 * 1024
_STORES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "pkcs11": ("certs.pkcs11_key", "Pkcs11Key"),
    "sdf": ("certs.sdf_key", "SdfKey"),
    "http": ("certs.http_key", "HttpKey"),
    "signer": ("certs.remote_key", "RemoteKey"),
})
"""Store → module and class; the class opens a key by ``open(reference, folder)``."""


class KeyReferenceCode(enum.StrEnum):
    """Codes of :class:`KeyReferenceError`."""

    MALFORMED = "key-reference.malformed"
    PERMISSIONS = "key-reference.permissions"
    TWO_KEYS = "key-reference.two-keys"
    STORE = "key-reference.unknown-store"
    OTHER_KEY = "key-reference.other-key"
    WRONG_SIGNATURE = "key-reference.wrong-signature"
    CANNOT_MAKE = "key-reference.cannot-make"


class KeyReferenceError(EngineError):
    """A key cannot be had by its reference, or did not sign what it was asked to."""


class _Store(Protocol):
    @classmethod
    def open(cls, reference: Mapping[str, Any], folder: Path) -> SigningKey:
        """Open the key that ``reference``, which lies in ``folder``, names."""


class CheckedKey:
    """A key that is not in this process: what it signs is checked before it is handed on."""

    __slots__ = ("_key", "_public", "algorithm", "spki")

    def __init__(self, key: SigningKey) -> None:
        self._key = key
        self.algorithm: Algorithm = key.algorithm
        self.spki = key.spki
        self._public = PublicKey.parse(self.spki)

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """The signature over ``message``; see :meth:`certs.signer.SigningKey.sign`.

        Raises:
            KeyReferenceError: ``key-reference.wrong-signature``: it does not hold, so it is not handed on.
            EngineError: the store's refusals.
        """
        signature = self._key.sign(message, approval=approval)
        if not self._public.verify(message, signature, self.algorithm):
            raise KeyReferenceError(
                KeyReferenceCode.WRONG_SIGNATURE,
                "密钥所在处给出的签名与公钥不符，未予使用；请用 zhengyin certs keys check 检查密钥与证书是否成对",
                "what the key's store signed does not hold by the public key, so it is not used; check that key and "
                "certificate belong together with `zhengyin certs keys check`")
        return signature

    def __repr__(self) -> str:
        return f"<{self._key!r}, checked>"


def key_path(folder: Path, role: str) -> Path | None:
    """Return the file in which, or by which, the key of a role is found; None where there is neither.

    Raises:
        KeyReferenceError: ``key-reference.two-keys``: both are there, and nobody says which counts.
        FileError: the folder cannot be reached.
    """
    own, reference = folder / f"{role}.key", folder / f"{role}.key.json"
    with reported(folder):
        there = [path for path in (own, reference) if path.exists()]
    if len(there) > 1:
        raise KeyReferenceError(
            KeyReferenceCode.TWO_KEYS,
            f"{folder} 中既有密钥文件 {own.name} 又有密钥引用 {reference.name}，无法判断用哪一个；请移走其一",
            f"{folder} holds both the key file {own.name} and the reference {reference.name}, so it is not known "
            "which counts: move one away", path=str(reference))
    return there[0] if there else None


def open_key(folder: Path, role: str, password: Callable[[], Password]) -> SigningKey:
    """Open the key of a role in a folder, wherever it lives.

    Args:
        password: gives the password of key files; asked only where the key lies in one.

    Raises:
        KeyStoreError: the key file cannot be used; see :func:`certs.keystore.load_key`.
        KeyReferenceError: ``key-reference.two-keys``, or :func:`read_reference`'s, or :func:`open_reference`'s.
        SignerError: ``signer.key-mismatch``: the reference names no public key, and what is found is not the key of
            the certificate that lies beside it.
        EngineError: what the store or ``password`` refuses.
    """
    path = key_path(folder, role)
    if path is None or path.suffix == ".key":
        return load_key(folder / f"{role}.key", password())
    reference = read_reference(path)
    key = open_reference(reference, folder)
    if "public_key" not in reference:
        _require_certificate(folder / f"{role}.cer", key)
    return key


def open_reference(reference: Mapping[str, Any], folder: Path) -> SigningKey:
    """Open the key that a reference names; what it signs is checked.

    Raises:
        KeyReferenceError: ``key-reference.unknown-store``, ``key-reference.malformed``,
            ``key-reference.other-key`` (the store has another key than the reference says).
        EngineError: the store's refusals.
    """
    return CheckedKey(_store(reference).open(reference, folder))


def _require_certificate(path: Path, key: SigningKey) -> None:
    """Refuse a key whose reference says only where it is, unless it is that of the certificate at ``path``.

    Before there is a certificate any key is right: the first certificate will be of the key that is found.
    """
    with reported(path):
        there = path.exists()
    if there:
        LocalSigner(Certificate.load(read_file(path, max_bytes=MAX_BYTES)), key)


def read_reference(path: Path) -> Mapping[str, Any]:
    """Read a key reference; its store is known, its other members are the store's to judge.

    Raises:
        KeyReferenceError: ``key-reference.malformed``, ``key-reference.unknown-store``, or
            ``key-reference.permissions``: others may write it, and it can name a library to load.
        FileError: it cannot be read.
    """
    data = read_file(path, max_bytes=_MAX_BYTES)
    with reported(path):
        if path.stat().st_mode & 0o022:
            raise KeyReferenceError(
                KeyReferenceCode.PERMISSIONS, f"密钥引用 {path} 可被他人改写，请执行 chmod 600 {path}",
                f"others may write the key reference {path}: run chmod 600 {path}", path=str(path))
    try:
        reference = json.loads(data.decode("utf-8"), object_pairs_hook=members_once)
        if not isinstance(reference, dict) or not isinstance(reference.get("store"), str):
            raise ValueError("no store")
    except (ValueError, RecursionError):
        raise KeyReferenceError(
            KeyReferenceCode.MALFORMED, f"密钥引用 {path} 不是带有 store 的 JSON 对象，请更正",
            f"the key reference {path} is not a JSON object with a store: correct it", path=str(path)) from None
    if reference["store"] not in _STORES:
        known = "、".join(_STORES), ", ".join(_STORES)
        raise KeyReferenceError(
            KeyReferenceCode.STORE, f"密钥引用 {path} 中的 store 应为 {known[0]} 之一，请更正",
            f"the store in the key reference {path} must be one of {known[1]}: correct it", path=str(path))
    return MappingProxyType(reference)


def reference_bytes(reference: Mapping[str, Any]) -> bytes:
    """Return the file of a reference."""
    return (json.dumps(dict(reference), ensure_ascii=False, indent=2) + "\n").encode("utf-8")


def require_members(
    reference: Mapping[str, Any], *, required: Set[str], optional: Set[str] = frozenset(),
    numbers: Set[str] = frozenset(),
) -> None:
    """Refuse a reference that lacks a member, has an unknown one, or one of the wrong kind.

    Args:
        required: members that must be there beside ``store``; optional: those that may.
        numbers: those of both that are whole numbers, not negative; all others are texts, not empty.

    Raises:
        KeyReferenceError: ``key-reference.malformed``.
    """
    for name in sorted(required - reference.keys()):
        raise malformed(reference, f"缺少 {name}", f"has no {name}")
    for name in sorted(reference.keys() - {"store", *required, *optional}):
        raise malformed(reference, f"不应有 {name}", f"takes no {name}")
    for name, value in reference.items():
        right = type(value) is int and value >= 0 if name in numbers else isinstance(value, str) and value != ""
        if not right:
            raise malformed(reference, f"的 {name} 应为{'非负整数' if name in numbers else '非空文字'}",
                            f"takes a {'whole number' if name in numbers else 'text'} for {name}")


def referred_public_key(reference: Mapping[str, Any]) -> bytes | None:
    """Return the SubjectPublicKeyInfo that a reference names as ``public_key`` (base64 of its DER); None without.

    Raises:
        KeyReferenceError: ``key-reference.malformed``.
    """
    if "public_key" not in reference:
        return None
    try:
        return PublicKey.parse(base64.b64decode(reference["public_key"], validate=True)).spki
    except (ValueError, EngineError):
        raise malformed(reference, "的 public_key 不是公钥（SubjectPublicKeyInfo 的 Base64）",
                        "has no public key in public_key (base64 of a SubjectPublicKeyInfo)") from None


def require_same_key(found: bytes, reference: Mapping[str, Any]) -> None:
    """Refuse a key of the store (its SubjectPublicKeyInfo) that is not the one that the reference names.

    Raises:
        KeyReferenceError: ``key-reference.other-key``.
    """
    if referred_public_key(reference) not in (None, found):
        raise KeyReferenceError(
            KeyReferenceCode.OTHER_KEY,
            f"{reference['store']} 中的密钥与密钥引用中的 public_key 不符，未予使用；请核对引用所指的是哪一个密钥",
            f"the key in {reference['store']} is not the one that public_key in the key reference names, so it is not "
            "used: check which key the reference means")


def malformed(reference: Mapping[str, Any], zh: str, en: str) -> KeyReferenceError:
    """Make the refusal of a reference; ``zh`` and ``en`` continue "the reference"."""
    return KeyReferenceError(
        KeyReferenceCode.MALFORMED, f"密钥引用（{reference['store']}）{zh}，请按 docs/keys.md 更正",
        f"the key reference ({reference['store']}) {en}: correct it as docs/keys.md says")


def read_key_file(folder: Path, role: str) -> bytes:
    """Return the file of a role's key, encrypted key or reference, to be kept elsewhere as :func:`key_file_name` says.

    Raises:
        KeyReferenceError: ``key-reference.two-keys``.
        FileError: ``file.missing``, or it cannot be read.
    """
    return read_file(key_path(folder, role) or folder / f"{role}.key", max_bytes=_MAX_BYTES)


def key_file_name(role: str, data: bytes) -> str:
    """Return the name under which the file of a role's key lies in its folder: a reference is a JSON object."""
    return f"{role}.key.json" if data.lstrip().startswith(b"{") else f"{role}.key"


def make_like(reference: Mapping[str, Any], folder: Path, role: str, *, label: str) -> SigningKey:
    """Make a new key of the same kind in the store of another, and write ``<role>.key.json`` for it.

    Args:
        reference: of a key in that store; folder: where the new reference will lie.
        label: names the new key in the store; one that was made under it before, and whose reference was not
            written any more, is taken up.

    Raises:
        KeyReferenceError: ``key-reference.cannot-make``: keys of that store are made with its own tools.
        EngineError: the store's refusals.
        FileError: the reference cannot be written.
    """
    store, path = _store(reference), folder / f"{role}.key.json"
    make = getattr(store, "make", None)
    if make is None:
        raise KeyReferenceError(
            KeyReferenceCode.CANNOT_MAKE,
            f"存储方式 {reference['store']} 的密钥须用其自身的工具生成；生成后把密钥引用写入 {path}，再重复此操作",
            f"keys of the store {reference['store']} are made with its own tools; make one, write its reference to "
            f"{path}, then repeat", path=str(path))
    made: Mapping[str, Any] = make(reference, folder, label)
    key = open_reference(made, folder)
    write_atomic(path, reference_bytes(made))
    return key


def _store(reference: Mapping[str, Any]) -> type[_Store]:
    module, name = _STORES[reference["store"]]
    store: type[_Store] = getattr(importlib.import_module(module), name)
    return store
