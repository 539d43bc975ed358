"""A key that a signer process holds: the caller's half (the process itself: :mod:`signer`).

What stands in ``<role>.key.json``::

    {"store": "signer", "address": "unix:/run/zhengyin/signer.sock", "key": "<USCC>/<seal id>/sealing", "uid": 993}
    {"store": "signer", "address": "tls://signer.example:8790", "key": "…", "ca": "signer-ca.pem",
     "certificate": "client.pem", "private_key": "client.key"}

``uid`` (the user that must listen on the socket), ``password_file`` (of ``private_key``) and ``patience_s`` may be left
out; paths count from the folder of the reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast, get_args

from certs.canonical_json import JSON, is_object
from certs.remote_line import Address, Lines, lines_to
from certs.remote_wire import RemoteCode, RemoteError
from certs.signer import Algorithm
from certs.sm3 import sm3
from codes.errors import EngineError

__all__ = ["RemoteKey", "ask_health", "read_address"]

PATIENCE_S: Final = 10
"""For how long a question is repeated while a signer is restarted, in seconds."""
_TEXTS: Final = frozenset({"address", "key", "ca", "certificate", "private_key", "password_file"})
_NUMBERS: Final = frozenset({"uid", "patience_s"})
_TLS: Final = ("ca", "certificate", "private_key")
_PLACE: Final = re.compile(r"tls://(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})", re.ASCII)
_ALGORITHMS: Final = frozenset(get_args(Algorithm))
_LONGEST: Final = 2000


class RemoteKey:
    """A :class:`certs.signer.SigningKey` in a signer process; safe to share between threads."""

    __slots__ = ("_lines", "_name", "_patience_s", "algorithm", "spki")

    def __init__(self, lines: Lines, name: str, algorithm: Algorithm, spki: bytes, patience_s: float) -> None:
        """Use :meth:`open`."""
        self._lines, self._name, self._patience_s = lines, name, patience_s
        self.algorithm, self.spki = algorithm, spki

    @classmethod
    def open(cls, reference: Mapping[str, Any], folder: Path) -> RemoteKey:
        """Ask the signer which key it is.

        Args:
            reference: what the file says; folder: where it lies.

        Raises:
            RemoteError: ``signer.bad-reference``, ``signer.unreachable``, ``signer.stranger``, ``signer.no-key``,
                ``signer.bad-answer`` and whatever the signer refuses with.
        """
        name = reference.get("key")
        if not isinstance(name, str) or not name:
            raise _bad_reference(folder, "key")
        address = read_address(reference, folder)
        patience_s = reference.get("patience_s", PATIENCE_S)
        lines = lines_to(address)
        head, spki = _told(lines, {"op": "key", "key": name}, b"", patience_s)
        algorithm = head.get("algorithm")
        if algorithm not in _ALGORITHMS or not spki:
            raise _bad_answer(address)
        return cls(lines, name, cast(Algorithm, algorithm), spki, patience_s)

    def sign(self, message: bytes, *, approval: str = "") -> bytes:
        """Have ``message`` signed under an approval.

        Raises:
            ApprovalError, SealError: the signer refuses by what it knows of approval and seal.
            RemoteError: it cannot be reached, or refuses otherwise.
        """
        head, signature = _told(
            self._lines, {"op": "sign", "key": self._name, "approval": approval}, message, self._patience_s)
        if head.get("message") != sm3(message).hex():
            raise _bad_answer(self._lines.address)
        return signature

    def __repr__(self) -> str:
        return f"<key {self._name} of signer {self._lines.address}>"


def ask_health(address: Address, *, patience_s: float = 0) -> tuple[bool, dict[str, str]]:
    """Ask a signer whether it is ready, and have it prove each key that this side may use.

    Returns:
        Whether it is ready; name → what is wrong with the key, "" where it has signed a trial text.

    Raises:
        RemoteError: as :meth:`RemoteKey.open`.
    """
    all_ready, found, after = True, dict[str, str](), ""
    while True:
        head, _ = _told(lines_to(address), {"op": "health", "after": after}, b"", patience_s)
        ready, keys, more = head.get("ready"), head.get("keys"), head.get("more")
        if not isinstance(ready, bool) or not isinstance(keys, Mapping) or not isinstance(more, bool):
            raise _bad_answer(address)
        all_ready = all_ready and ready
        found |= {str(name): str(code) for name, code in keys.items()}
        if not more:
            return all_ready, found
        if max(keys, default="") <= after:                  # it would go on for ever
            raise _bad_answer(address)
        after = max(keys)


def read_address(reference: Mapping[str, Any], folder: Path) -> Address:
    """Read where a reference leads.

    Raises:
        RemoteError: ``signer.bad-reference``.
    """
    for key, value in reference.items():
        text, number = key in _TEXTS and isinstance(value, str) and value, key in _NUMBERS and type(value) is int
        if key != "store" and not text and not (number and value >= 0):
            raise _bad_reference(folder, key)
    place = reference.get("address", "")
    if place.startswith("unix:/") and not any(key in reference for key in (*_TLS, "password_file")):
        return Address(socket=place.removeprefix("unix:"), uid=reference.get("uid"))
    match = _PLACE.fullmatch(place)
    if match is None or int(match["port"]) > 65535 or "uid" in reference:
        raise _bad_reference(folder, "address")
    if any(key not in reference for key in _TLS):
        raise _bad_reference(folder, "ca, certificate, private_key")
    ca, certificate, private_key = (folder / reference[key] for key in _TLS)
    return Address(
        host=match["host"].strip("[]"), port=int(match["port"]), ca=ca, certificate=certificate,
        private_key=private_key,
        password_file=folder / reference["password_file"] if "password_file" in reference else None)


def _told(
    lines: Lines, question: Mapping[str, JSON], message: bytes, patience_s: float,
) -> tuple[Mapping[str, JSON], bytes]:
    """Return a good answer; a refusal is raised as what it is here."""
    head, body = lines.ask(question, message, patience_s=patience_s)
    if head.get("ok") is True:
        return head, body
    code, zh, en, facts = (head.get(key) for key in ("code", "zh", "en", "facts"))
    if not (isinstance(code, str) and isinstance(zh, str) and isinstance(en, str)):
        raise _bad_answer(lines.address)
    known = {str(key): str(value)[:_LONGEST] for key, value in facts.items()} \
        if facts is not None and is_object(facts) else {}
    raise _refusal(code, zh[:_LONGEST], en[:_LONGEST], known) or _bad_answer(lines.address)


def _refusal(code: str, zh: str, en: str, facts: dict[str, str]) -> EngineError | None:
    """Return the error that a signer's refusal is; None where no refusal has this code."""
    from certs.approval import ApprovalCode, ApprovalError
    from certs.seal import SealCode, SealError

    for codes, error in ((RemoteCode, RemoteError), (ApprovalCode, ApprovalError), (SealCode, SealError)):
        if code in set(codes):
            return error(codes(code), zh, en, **facts)
    return None


def _bad_answer(address: Address) -> RemoteError:
    return RemoteError(
        RemoteCode.BAD_ANSWER, f"签名进程 {address} 的答复不对，没有采用；请检查两端的程序版本和密钥",
        f"the signer {address} answers what is no answer to the question, and nothing of it is used: check the "
        "versions of both sides, and the key", address=str(address))


def _bad_reference(folder: Path, part: str) -> RemoteError:
    return RemoteError(
        RemoteCode.BAD_REFERENCE,
        f"{folder} 中到签名进程的密钥引用写得不对（{part}）：address 为 unix:/路径 或 tls://主机:端口，key 为密钥名，"
        "TLS 另需 ca、certificate、private_key，请更正",
        f"a key reference to a signer in {folder} is not right ({part}): address is unix:/path or tls://host:port, key "
        "the key's name, and TLS takes ca, certificate and private_key; correct it", path=str(folder))
