"""What tokens a PKCS#11 module has, and what keys are on them; and references to keys that are there."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certs.pkcs11_key import Pkcs11Key, key_spki, rsa_bits, token_of
from certs.pkcs11_module import module_at
from certs.public_key import PublicKey

__all__ = ["TokenKey", "TokenState", "list_keys", "list_tokens", "refer_to_key"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenState:
    """A token: how it is called, who made it, and how it stands with its PIN.

    Attributes:
        pin: ``ok``, ``wrong-before`` (a wrong one was tried since the last login), ``last-try``, ``locked``,
            ``unset`` or ``none`` (the token wants none).
    """

    label: str
    serial: str
    model: str
    manufacturer: str
    pin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """A private key on a token.

    Attributes:
        kind: ``p256``, ``rsa``; "" for one that is of no use here, or whose public key is not told.
        bits: length of an RSA key; 0 for others.
        extractable: whether it may be taken out of the token.
    """

    label: str
    id: str
    kind: str
    bits: int
    extractable: bool


def list_tokens(module: str) -> tuple[TokenState, ...]:
    """Return the tokens that a module sees.

    Raises:
        TokenError: ``token.no-library``, ``token.no-module``, ``token.failed``.
    """
    here = module_at(module)
    with here.lock, here.telling(module):
        return tuple(TokenState(
            label=one.label, serial=one.serial.decode("utf-8", "replace"), model=one.model,
            manufacturer=one.manufacturer_id, pin=_pin(one.flags)) for one in here.tokens())


def list_keys(reference: Mapping[str, Any], folder: Path) -> tuple[TokenKey, ...]:
    """Return the private keys on the token that a reference names, by label.

    Args:
        folder: whose home remembers a PIN that was wrong.

    Raises:
        KeyReferenceError, TokenError, PinError, FileError: the token cannot be used.
    """
    keys: list[TokenKey] = token_of(reference, folder).run(_keys)
    return tuple(sorted(keys, key=lambda one: (one.label, one.id)))


def refer_to_key(reference: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Return a reference with the public key that the token tells, once the key has been found there.

    Raises:
        KeyReferenceError, TokenError, PinError, FileError: see :meth:`certs.pkcs11_key.Pkcs11Key.open`.
    """
    spki = Pkcs11Key.open(reference, folder).spki
    return {**reference, "public_key": base64.b64encode(spki).decode("ascii")}


def _keys(session: Any) -> list[TokenKey]:
    from pkcs11.constants import Attribute, ObjectClass

    keys = []
    for one in list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})):      # one search at a time
        named = {Attribute.ID: one[Attribute.ID], Attribute.LABEL: one[Attribute.LABEL]}
        public = list(session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, **named}))
        spki = key_spki(public[0] if len(public) == 1 else one)
        known = PublicKey.parse(spki) if spki else None
        keys.append(TokenKey(
            label=one[Attribute.LABEL], id=one[Attribute.ID].hex(), kind=known.kind if known else "",
            bits=rsa_bits(known) if known and known.kind == "rsa" else 0,
            extractable=bool(one[Attribute.EXTRACTABLE])))
    return keys


def _pin(flags: Any) -> str:
    from pkcs11.constants import TokenFlag

    for flag, word in ((TokenFlag.USER_PIN_LOCKED, "locked"), (TokenFlag.USER_PIN_FINAL_TRY, "last-try"),
                       (TokenFlag.USER_PIN_COUNT_LOW, "wrong-before")):
        if flags & flag:
            return word
    if not flags & TokenFlag.LOGIN_REQUIRED:
        return "none"
    return "ok" if flags & TokenFlag.USER_PIN_INITIALIZED else "unset"
