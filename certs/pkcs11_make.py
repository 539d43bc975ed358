"""Making keys on PKCS#11 tokens: they are born there, sign there, and cannot be taken out."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from certs.pkcs11_key import P256_PARAMETERS, key_spki, token_of
from certs.pkcs11_module import Token
from certs.public_key import PublicKey
from certs.sm3 import sm3
from certs.token_errors import TokenCode, TokenError

__all__ = ["make_key"]

_ID_BYTES: Final = 16
_KEPT: Final = ("module", "token", "serial", "pin_file")


def make_key(
    reference: Mapping[str, Any], folder: Path, label: str, *, rsa_bits: int | None = None, anew: bool = False,
) -> Mapping[str, Any]:
    """Make a key on the token that a reference names, and return the reference to it.

    The key's CKA_ID follows from its label, so that one whose making was cut short of its reference is found, and
    taken up, by the next call; it must be such as are made here.

    Args:
        reference: with the members that name a token; those that name a key do not count.
        folder: in which the reference will lie.
        rsa_bits: None for a key on P-256.
        anew: take up none that was made before.

    Raises:
        KeyReferenceError: ``key-reference.malformed``.
        TokenError: ``token.full``, ``token.write-protected``, ``token.unsupported``; ``token.label-taken``: another
            key has the label.
        PinError, TokenError, FileError: the token cannot be used.
    """
    token = token_of(reference, folder)
    key_id = sm3(label.encode("utf-8"))[:_ID_BYTES]

    def work(session: Any) -> bytes:
        kept = _kept(session, token, key_id, label, rsa_bits, anew=anew)
        return kept or _made(session, token, key_id, label, rsa_bits)

    spki = token.run(work)
    return {"store": "pkcs11", **{name: reference[name] for name in _KEPT if name in reference},
            "id": key_id.hex(), "label": label, "public_key": base64.b64encode(spki).decode("ascii")}


def _kept(
    session: Any, token: Token, key_id: bytes, label: str, rsa_bits: int | None, *, anew: bool,
) -> bytes | None:
    """Return the public key of the key that was made under this label before; None where there is none."""
    from pkcs11.constants import Attribute, ObjectClass

    named = {Attribute.ID: key_id, Attribute.LABEL: label}
    keys = [*session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}),
            *session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: key_id})]
    if not keys:
        return None
    public = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **named}))
    spki = key_spki(public[0]) if len(public) == 1 else None
    key = keys[0]
    if (anew or spki is None or len(keys) != 2 or key[Attribute.ID] != key_id or key[Attribute.EXTRACTABLE]
            or not key[Attribute.LOCAL] or PublicKey.parse(spki).kind != ("rsa" if rsa_bits else "p256")):
        raise TokenError(
            TokenCode.LABEL_TAKEN, f"令牌 {token.name} 上已有另一密钥使用标签 {label}，未生成；请换用标签",
            f"another key on token {token.name} has the label {label}, so none was made: take another label",
            token=token.name)
    return spki


def _made(session: Any, token: Token, key_id: bytes, label: str, rsa_bits: int | None) -> bytes:
    from pkcs11.constants import Attribute, MechanismFlag
    from pkcs11.exceptions import PKCS11Error
    from pkcs11.mechanisms import KeyType

    options = {
        "id": key_id, "label": label, "store": True, "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": {
            Attribute.PRIVATE: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.DERIVE: False}}
    writing = session.token.open(rw=True)
    try:
        if rsa_bits:
            public, _ = writing.generate_keypair(KeyType.RSA, rsa_bits, **options)
        else:
            curve = writing.create_domain_parameters(KeyType.EC, {Attribute.EC_PARAMS: P256_PARAMETERS}, local=True)
            public, _ = curve.generate_keypair(**options)
        spki = key_spki(public)
    finally:
        with contextlib.suppress(PKCS11Error):              # what went wrong before is told
            writing.close()
    if spki is None:
        raise TokenError(
            TokenCode.UNSUPPORTED, f"令牌 {token.name} 生成了密钥却不给出公钥，请换用令牌",
            f"token {token.name} made a key but does not tell its public part: take another token", token=token.name)
    return spki
