"""The keys of a signer's home, by name, with what each belongs to; opened once and again when a file has changed.

``<USCC>/<seal id>/<role>`` is a key of a seal; ``audit``, ``status`` and ``report`` are those of services. A key lies
in an encrypted file or wherever its reference leads (:mod:`certs.key_reference`), but not in another signer.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from certs.authority import check_key
from certs.config import HomeCode, HomeError
from certs.file_marks import FileMark, mark_file
from certs.files import FileCode, FileError, read_file, reported
from certs.home import Home
from certs.key_check import prove
from certs.key_reference import key_path, open_key, read_reference
from certs.known import load_known, naming_damaged
from certs.moments import CLOCKS_DIFFER
from certs.remote_wire import RemoteCode, RemoteError
from certs.seal import SealFile, check_chain
from certs.seal_folder import ROLES, can_name_folder, incomplete, seal_folders, seal_in_use, seal_uses
from certs.signer import LocalSigner, SigningKey
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate

__all__ = ["PROVEN_S", "SERVICES", "HeldKey", "KeyRoom", "no_key"]

SERVICES: Final = ("audit", "status", "report")
PROVEN_S: Final = 10.0
"""For so many seconds a key that has signed a trial text counts as proven: whoever asks on and on has it sign once."""
_CODE: Final = re.compile(r"[0-9A-Z]{1,32}", re.ASCII)
_MAX_SEAL: Final = 4 * 1024 * 1024
_BESIDE: Final = ("{role}.key", "{role}.key.json", "{role}.cer", "seal.esl")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A key with its certificate; ``code`` (USCC) and ``seal`` of the seal that it belongs to, None for a service's."""

    name: str
    role: str
    code: str | None
    seal: SealFile | None
    certificate: Certificate
    key: SigningKey

    @property
    def seal_id(self) -> str:
        """Identifier of its seal; "" for a service's key."""
        return self.seal.seal_id if self.seal else ""


class KeyRoom:
    """The keys of one home; safe to share between threads."""

    def __init__(self, home: Home, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._home, self._monotonic = home, monotonic
        self._lock = threading.Lock()                       # of the two below; not held while a key is opened
        self._under_way: dict[str, threading.Event] = {}
        self._kept: dict[str, tuple[tuple[FileMark | None, ...], HeldKey]] = {}
        self._proven: dict[str, tuple[HeldKey, float]] = {}

    def names(self) -> Iterator[str]:
        """Yield the name of every key here."""
        with reported(self._home.path):
            for code, _ in self._home.authorities():
                for folder in seal_folders(self._home.path / "authorities" / code):
                    yield from (f"{code}/{folder.name}/{role}" for role in ROLES if _has_key(folder, role))
            yield from (role for role in SERVICES if _has_key(self._home.path / role, role))

    def get(self, name: str) -> HeldKey:
        """Return a key.

        Raises:
            RemoteError: ``signer.no-key``, ``signer.settings`` (its reference leads to another signer).
            HomeError, KeyStoreError, KeyReferenceError, FileError, SignerError, EngineError: it cannot be opened.
        """
        folder, role, code = self._place(name)
        with reported(folder):
            while True:
                marks = tuple(mark_file(folder / file.format(role=role)) for file in _BESIDE)
                with self._lock:
                    kept = self._kept.get(name)
                    if kept is not None and kept[0] == marks:
                        return kept[1]
                    self._kept.pop(name, None)              # a key that was taken away does not stay here
                    others = self._under_way.get(name)
                    if others is None:
                        done = self._under_way[name] = threading.Event()
                        break
                others.wait()                               # then it is there, or this one tries for itself
            try:
                held = self._open(name, folder, role, code)
                with self._lock:
                    self._kept[name] = (marks, held)
                return held
            finally:
                with self._lock:
                    del self._under_way[name]
                done.set()

    def prove(self, held: HeldKey) -> None:
        """Have a key sign a text that is nothing else, unless it has done so within the last seconds.

        No approval, limit or count is touched, and nobody is given the signature.

        Raises:
            SignerError: ``signer.key-mismatch``; EngineError: its store's refusals.
        """
        before, at = self._proven.get(held.name, (None, 0.0))
        if before is not held or self._monotonic() >= at + PROVEN_S:
            prove(LocalSigner(held.certificate, held.key))
            self._proven[held.name] = (held, self._monotonic())

    def _place(self, name: str) -> tuple[Path, str, str | None]:
        """Return folder, role and USCC of a key."""
        parts = name.split("/")
        if len(parts) == 3 and _CODE.fullmatch(parts[0]) and can_name_folder(parts[1]) and parts[2] in ROLES:
            code, seal_id, role = parts
            return self._home.path / "authorities" / code / seal_id, role, code
        if name in SERVICES:
            return self._home.path / name, name, None
        raise no_key(name)

    def _open(self, name: str, folder: Path, role: str, code: str | None) -> HeldKey:
        path = key_path(folder, role)
        if path is None:
            raise no_key(name)
        if path.suffix == ".json" and read_reference(path)["store"] == "signer":
            raise RemoteError(
                RemoteCode.SETTINGS, f"{path} 又指向一个签名进程；签名进程须自己持有密钥",
                f"{path} leads to a signer again, but a signer holds its keys itself", path=str(path))
        try:
            certificate = Certificate.load(read_file(folder / f"{role}.cer", max_bytes=MAX_CERTIFICATE))
            seal = None if code is None else SealFile.load(read_file(folder / "seal.esl", max_bytes=_MAX_SEAL))
        except FileError as error:
            if error.code is not FileCode.MISSING:
                raise
            raise incomplete(folder, f"{role}.cer, seal.esl") from error
        if seal is not None and seal.seal_id != folder.name:
            raise incomplete(folder, "seal.esl")
        key = open_key(folder, role, self._home.password)
        LocalSigner(certificate, key)                       # a pair
        return HeldKey(name=name, role=role, code=code, seal=seal, certificate=certificate, key=key)

    def require_usable(self, held: HeldKey, *, at: datetime, now: datetime) -> None:
        """Refuse a key whose seal is not in use at ``at`` and at ``now``, or whose certificate is not good at ``at``.

        Args:
            at: what the signature says; now: the signer's present (both aware). A message that claims another minute
                must not get by what begins or ends between the two.

        Raises:
            SealError: as :func:`certs.seal_folder.seal_in_use`, :func:`certs.authority.check_key` and, for a
                service's key, :func:`certs.seal.check_chain`.
            HomeError, FileError: the home's files cannot be used.
        """
        known, clock_now = load_known(self._home.path), max(at, now) + CLOCKS_DIFFER
        if held.seal is None or held.code is None:
            with naming_damaged(known.damaged):
                check_chain(held.certificate, at=at, clock_now=clock_now, **known.judges())
            return
        use = seal_uses(self._home.path, held.code).get(held.seal_id)
        if use is None:
            raise HomeError(
                HomeCode.NO_SEAL, f"印章 {held.seal_id} 已不在此目录",
                f"seal {held.seal_id} is no longer in this home", seal=held.seal_id)
        for moment in (at, now):
            seal_in_use({held.seal_id: use}, moment, name=held.seal.name)
        check_key(
            held.certificate, known, name=held.seal.name, code=held.code,
            seal=held.seal if held.role == "sealing" else None, at=at, clock_now=clock_now)


def _has_key(folder: Path, role: str) -> bool:
    """Say whether there is a key or a reference; that there are both is told when the key is opened."""
    return any((folder / f"{role}{ending}").exists() for ending in (".key", ".key.json"))


def no_key(name: str) -> RemoteError:
    """Make the refusal of a name that is no key's, or of a key that the client may not use: it is not told which."""
    return RemoteError(
        RemoteCode.NO_KEY, f"签名进程没有密钥 {name}，或不许此客户端使用；请核对引用中的 key 和 signer.toml",
        f"the signer has no key {name}, or this client may not use it: check the reference's key and signer.toml",
        key=name)
