"""A trust list: what verifiers believe, published by a body under its name, signed and numbered.

A signed statement (:mod:`certs.statement`) of the type ``zhengyin/trust-list/1`` with exactly these members::

    at                the moment of publication
    nextUpdate        until then the list is fresh, 92 days at most
    sequence          1, 2, 3 …; never goes back
    name              of the body, as it names itself
    lookup_hosts      hosts of QR addresses
    files             {"roots/1.cer": base64 …}: what else would lie in a trust folder (certs.trust)

A trust folder that holds the list (``trust-list.json``) and the certificates that may sign it (``list-signers/``)
takes everything that the list can say from the list alone. Who signs it is believed by the exact certificate.
"""

from __future__ import annotations

import base64
import binascii
import enum
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from certs.canonical_json import JSON, is_object
from certs.files import FileCode, FileError, locked, read_file, write_atomic
from certs.moments import CLOCKS_DIFFER, read_moment, write_moment
from certs.signer import Signer
from certs.statement import SignedStatement, check_signature, sign_statement
from certs.trust import ALGORITHMS, LIST_FILE, SIGNERS, Trust
from certs.x509 import Certificate
from codes.china_time import time_en, time_zh
from codes.errors import EngineError

__all__ = [
    "FOLDERS", "LIST_FILE", "LONGEST", "MAX_BYTES", "SIGNERS", "TRUST_LIST_TYPE", "TrustList", "TrustListCode",
    "TrustListError", "check_trust_list", "listed_signers", "make_trust_list", "publish_trust_list", "read_trust_list",
    "receive_trust_list", "require_nothing_beside", "stored_list",
]

TRUST_LIST_TYPE: Final = "zhengyin/trust-list/1"
MAX_BYTES: Final = 8 * 1024 * 1024
LONGEST: Final = timedelta(days=92)
"""The longest that a list may be fresh: for so long it can be shown to who has seen no newer one."""
FOLDERS: Final = ("roots", "intermediates", "seal-makers", "data-signing", "tsa", "status-signers", "fonts")
"""The folders of a trust folder that a list holds; lists of revoked certificates prove themselves and stay outside."""
_KEYS: Final = frozenset({"type", "at", "nextUpdate", "sequence", "name", "lookup_hosts", "files"})
_FILE: Final = re.compile(
    rf"{re.escape(ALGORITHMS)}|({'|'.join(FOLDERS)})/[0-9A-Za-z][0-9A-Za-z._-]{{0,90}}\.(cer|outlines)", re.ASCII)
_LOCK: Final = ".trust-list.lock"


class TrustListCode(enum.StrEnum):
    """Codes of :class:`TrustListError`."""

    MALFORMED = "trust-list.malformed"
    SIGNER = "trust-list.signer"
    FUTURE = "trust-list.future"
    STALE = "trust-list.stale"
    OLDER = "trust-list.older"
    BESIDE = "trust-list.beside"
    NO_KEY = "trust-list.no-key"


class TrustListError(EngineError):
    """A trust list cannot be read, or must not be believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """A list that is well formed and bears the signature of the certificate in it; not yet believed."""

    signed: SignedStatement = field(repr=False)
    name: str
    sequence: int
    this_update: datetime
    next_update: datetime
    lookup_hosts: tuple[str, ...]
    files: Mapping[str, bytes] = field(repr=False)

    def within(self, folder: str) -> tuple[tuple[str, bytes], ...]:
        """Return the files of one of :data:`FOLDERS`, by their names."""
        return tuple((name.partition("/")[2], data) for name, data in sorted(self.files.items())
                     if name.startswith(folder + "/"))


def make_trust_list(
    *, name: str, sequence: int, this_update: datetime, next_update: datetime, lookup_hosts: Iterable[str],
    files: Mapping[str, bytes], signer: Signer,
) -> SignedStatement:
    """Sign a list; what is made is read again before it is handed out.

    Args:
        files: "folder/name" of :data:`FOLDERS` to content.

    Raises:
        TrustListError: ``trust-list.malformed`` when the values make no list.
        StatementError: ``statement.malformed``, the list is too large.
    """
    body: dict[str, JSON] = {
        "type": TRUST_LIST_TYPE, "at": write_moment(this_update), "nextUpdate": write_moment(next_update),
        "sequence": sequence, "name": name, "lookup_hosts": list(lookup_hosts),
        "files": {path: base64.b64encode(data).decode("ascii") for path, data in files.items()},
    }
    signed = sign_statement(body, signer, max_bytes=MAX_BYTES)
    _read(signed)
    return signed


def publish_trust_list(
    folder: Path, kept: Path, *, signer: Signer, at: datetime, valid_for: timedelta,
) -> SignedStatement:
    """Sign what a trust folder holds now, under the next number, and keep it.

    Args:
        folder: a trust folder without a list.
        kept: file of the last list that was published, replaced; the number counts on from it.

    Raises:
        TrustError, TrustListError, StatementError, FileError: the folder makes no list, or a file fails.
    """
    trust = Trust.load(folder)
    if trust.trust_list is not None:
        raise TrustListError(
            TrustListCode.BESIDE, f"{folder} 本身由信任列表决定，不能据以发布新列表，请用自己的信任目录",
            f"{folder} takes a trust list itself: publish from a folder of your own")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with locked(kept.parent / _LOCK):
        try:
            sequence = read_trust_list(read_file(kept, max_bytes=2 * MAX_BYTES)).sequence + 1
        except FileError as error:
            if error.code is not FileCode.MISSING:
                raise
            sequence = 1
        signed = make_trust_list(
            name=trust.name, sequence=sequence, this_update=at, next_update=at + valid_for,
            lookup_hosts=trust.lookup_hosts, files=_files_of(folder), signer=signer)
        write_atomic(kept, signed.to_json(), mode=0o644)
    return signed


def _files_of(folder: Path) -> dict[str, bytes]:
    found = [folder / ALGORITHMS] if (folder / ALGORITHMS).exists() else []
    for name in FOLDERS:
        ending = ".outlines" if name == "fonts" else ".cer"
        if (folder / name).is_dir():
            found += [path for path in sorted((folder / name).iterdir())
                      if path.suffix == ending and not path.name.startswith(".")]
    return {path.relative_to(folder).as_posix(): read_file(path, max_bytes=MAX_BYTES) for path in found}


def read_trust_list(data: bytes) -> TrustList:
    """Read a list and check its signature.

    Raises:
        StatementError: it is no statement, of another type, or its signature does not hold.
        TrustListError: ``trust-list.malformed``.
    """
    signed = SignedStatement.parse(data, type=TRUST_LIST_TYPE, max_bytes=MAX_BYTES)
    check_signature(signed)
    return _read(signed)


def check_trust_list(listed: TrustList, signers: Iterable[Certificate], *, clock_now: datetime | None = None) -> None:
    """Refuse a list that none of these certificates signed, or that does not hold now.

    Args:
        signers: by exact certificate; the list was signed within its validity.
        clock_now: the present (aware); None leaves freshness to who judges by the list.

    Raises:
        TrustListError: ``trust-list.signer``, ``trust-list.future``, ``trust-list.stale``.
    """
    signer = listed.signed.certificate
    if not any(one.der == signer.der for one in signers) or not signer.valid_at(listed.this_update):
        raise TrustListError(
            TrustListCode.SIGNER,
            f"信任列表“{listed.name}”不是由所指定的证书签署（签署者：{signer.subject_text}），请勿采信",
            f"the trust list {listed.name} was not signed by a certificate that was named (signed by "
            f"{signer.subject_text}); do not rely on it")
    if clock_now is None:
        return
    if listed.this_update > clock_now + CLOCKS_DIFFER:
        raise TrustListError(
            TrustListCode.FUTURE,
            f"信任列表“{listed.name}”的时间（{time_zh(listed.this_update)}）晚于现在，请核对本机时钟",
            f"the trust list {listed.name} is of the future ({time_en(listed.this_update)}); check this machine's "
            "clock")
    if listed.next_update < clock_now:
        raise TrustListError(
            TrustListCode.STALE,
            f"信任列表“{listed.name}”第 {listed.sequence} 号已于{time_zh(listed.next_update)}过期，请取得最新列表",
            f"the trust list {listed.name}, number {listed.sequence}, is stale since {time_en(listed.next_update)}; "
            "get the latest")


def receive_trust_list(
    folder: Path, data: bytes, *, now: datetime, signers: Iterable[Certificate] = (),
) -> TrustList:
    """Put a list into a trust folder, which may be new, if it is believed there and no older one than what is there.

    Args:
        signers: who may sign lists for a folder that holds none yet; one that does keeps its own.

    Raises:
        StatementError, TrustListError: it is not believed; ``trust-list.older``; ``trust-list.beside``, the folder
            was no list's before and holds certificates of its own.
        FileError: the folder cannot be read or written.
    """
    listed = read_trust_list(data)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / _LOCK):
        pinned = listed_signers(folder) or tuple(signers)
        check_trust_list(listed, pinned, clock_now=now)
        require_nothing_beside(folder)
        kept = stored_list(folder)
        if kept is not None and listed.signed.content != kept.signed.content and (
                listed.sequence <= kept.sequence or listed.this_update < kept.this_update):
            raise TrustListError(
                TrustListCode.OLDER,
                f"信任列表第 {listed.sequence} 号的编号或时间不比已有的第 {kept.sequence} 号新，不予替换",
                f"the trust list with number {listed.sequence} has no later number and moment than the one here "
                f"({kept.sequence}), which is kept")
        for one in pinned:
            place = folder / SIGNERS / f"{one.fingerprint[:16]}.cer"
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                write_atomic(place, one.der, mode=0o644)
        write_atomic(folder / LIST_FILE, data, mode=0o644)
    return listed


def stored_list(folder: Path) -> TrustList | None:
    """Return the list that lies in a trust folder, not yet believed; None where there is none.

    Raises:
        StatementError, TrustListError, FileError: it cannot be read.
    """
    try:
        return read_trust_list(read_file(folder / LIST_FILE, max_bytes=2 * MAX_BYTES))
    except FileError as error:
        if error.code is FileCode.MISSING:
            return None
        raise


def listed_signers(folder: Path) -> tuple[Certificate, ...]:
    """Return the certificates that may sign the list of a trust folder.

    Raises:
        FileError, CertificateError: one cannot be read.
    """
    place = folder / SIGNERS
    if not place.is_dir():
        return ()
    return tuple(Certificate.load(read_file(path, max_bytes=64 * 1024)) for path in sorted(place.glob("*.cer")))


def require_nothing_beside(folder: Path) -> None:
    """Refuse certificates in a folder that a list governs: who put them there is not known.

    Raises:
        TrustListError: ``trust-list.beside``.
    """
    for name in (*FOLDERS, ALGORITHMS):
        place = folder / name
        held = place.iterdir() if place.is_dir() else [place] if place.exists() else ()
        found = next((path for path in held if not path.name.startswith(".")), None)
        if found is not None:
            raise TrustListError(
                TrustListCode.BESIDE, f"信任目录由信任列表决定，{found} 不在列表之内，请移走",
                f"a trust list says what this trust folder holds, and {found} is not of it: move it away")


def _malformed(zh: str, en: str) -> TrustListError:
    return TrustListError(TrustListCode.MALFORMED, f"信任列表{zh}，请向发布机构取得原件",
                          f"the trust list {en}; get the original from its publisher")


def _read(signed: SignedStatement) -> TrustList:
    body = signed.body
    if set(body) != _KEYS:
        raise _malformed("的项目不符合格式", "has other members than its format")
    name, sequence, hosts, files = body["name"], body["sequence"], body["lookup_hosts"], body["files"]
    if not isinstance(name, str) or not name.strip() or type(sequence) is not int or sequence < 1:
        raise _malformed("的名称或编号有误", "has no proper name or number")
    if not isinstance(hosts, list) or not is_object(files):
        raise _malformed("的域名或文件有误", "has no proper hosts or files")
    try:
        until = read_moment(str(body["nextUpdate"]))
    except ValueError:
        raise _malformed("没有有效的 nextUpdate", "has no proper nextUpdate") from None
    if not timedelta() < until - signed.at <= LONGEST:
        raise _malformed(f"的有效期应在 {LONGEST.days} 天以内",
                         f"is fresh for no time, or for more than {LONGEST.days} days")
    return TrustList(
        signed=signed, name=name, sequence=sequence, this_update=signed.at, next_update=until,
        lookup_hosts=tuple(_host(one) for one in hosts),
        files=MappingProxyType({path: _content(path, text) for path, text in files.items()}))


def _host(host: JSON) -> str:
    if not isinstance(host, str) or not host:
        raise _malformed("的域名有误", "has a host that is no text")
    return host.lower()


def _content(path: str, text: JSON) -> bytes:
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if not _FILE.fullmatch(path) or not data:
        raise _malformed(f"的文件 {path[:120]} 有误", f"has a bad file {path[:120]}")
    return data
