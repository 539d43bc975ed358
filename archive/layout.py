"""What lies where in an archive, and reading it without following anything that leads out.

::

    ARCHIVE/archive.json                    says that this is an archive
    ARCHIVE/locks/<hh>                      locks, one for each of the 256 folders
    ARCHIVE/<hh>/<identifier>/              one licence; hh are the first two digits of the SM3 of its identifier
        manifest.json                       digests of all that follows up to ``evidence/``
        original/<identifier>.ofd           the sealed package, byte for byte
        rendition/<identifier>.pdf          its PDF with evidence and document timestamps; grows at its end
        ofda/<identifier>.ofd               the OFD-A copy
        record.xml, metadata.xml            the record; what archivists ask for
        audit.jsonl                         entries of the audit logs on this sealing, its seal and its approval
        trust/                              what it was judged by (certs.trust)
        kinds/<CODE>/                       a kind of the deployment's own
        evidence/manifest.er, original.er   evidence records (RFC 4998)
        evidence/tsa/*.cer                  roots of time of later renewals
        evidence/crls/*.crl, ocsp/*.ors     lists and answers of later renewals
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from archive.errors import ArchiveCode, ArchiveError
from certs.sm3 import sm3
from codes.identifier import Identifier, IdentifierError
from codes.others_words import system_words

__all__ = [
    "ADDED_CRLS", "ADDED_OCSP", "ADDED_TSA", "AUDIT", "EVIDENCE", "MANIFEST", "MANIFEST_RECORD", "MARK", "MAX_FILE",
    "METADATA", "ORIGINAL_RECORD", "RECORD", "Odd", "PackageFiles", "folder_of", "is_mutable", "ofda_name",
    "original_name", "read_package", "rendition_name", "require_readable", "stripe_of", "tells_due",
]

MARK: Final = "archive.json"
MANIFEST, RECORD, METADATA, AUDIT = "manifest.json", "record.xml", "metadata.xml", "audit.jsonl"
EVIDENCE: Final = "evidence/"
ADDED_TSA, ADDED_CRLS, ADDED_OCSP = f"{EVIDENCE}tsa/", f"{EVIDENCE}crls/", f"{EVIDENCE}ocsp/"
MANIFEST_RECORD, ORIGINAL_RECORD = f"{EVIDENCE}manifest.er", f"{EVIDENCE}original.er"
MAX_FILE: Final = 64 << 20
_MAX_FILES: Final = 4000
_MAX_TOTAL: Final = 256 << 20
_MAX_DEPTH: Final = 6
_LEFT_OVER: Final = re.compile(r"\..+\.tmp-[0-9a-f]{12}")


def stripe_of(identifier: str) -> str:
    """The folder, and the lock, that a licence belongs to."""
    return sm3(identifier.encode()).hex()[:2]


def folder_of(archive: Path, identifier: str) -> Path:
    """Where the package of a licence lies, whether or not there is one.

    Raises:
        ArchiveError: ``archive.identifier``: it is no identifier of a licence, and so no name of a folder.
    """
    try:
        identifier = Identifier.parse(identifier).text()
    except IdentifierError as error:
        raise ArchiveError(ArchiveCode.IDENTIFIER, f"{error.zh}（{identifier[:120]!r}）",
                           f"{error.en} ({identifier[:120]!r})") from error
    return archive / stripe_of(identifier) / identifier


def original_name(identifier: str) -> str:
    """The sealed package."""
    return f"original/{identifier}.ofd"


def rendition_name(identifier: str) -> str:
    """The archive's PDF."""
    return f"rendition/{identifier}.pdf"


def ofda_name(identifier: str) -> str:
    """The OFD-A copy."""
    return f"ofda/{identifier}.ofd"


def tells_due(name: str) -> bool:
    """Whether a file is needed to say when a package has to be renewed."""
    return name == MANIFEST or name.startswith((EVIDENCE, "rendition/", "trust/tsa/", "trust/roots/",
                                                "trust/intermediates/", "trust/trust.json"))


def is_mutable(name: str) -> bool:
    """Whether renewals write a file: the manifest does not hold its digest."""
    return name.startswith(EVIDENCE)


def require_readable(identifier: str, files: Mapping[str, bytes]) -> None:
    """Refuse to write a package that :func:`read_package` would not take.

    Raises:
        ArchiveError: ``archive.too-large``.
    """
    sizes = [len(data) for data in files.values()]
    if len(sizes) > _MAX_FILES or sum(sizes) > _MAX_TOTAL or max(sizes) > MAX_FILE:
        raise ArchiveError(
            ArchiveCode.TOO_LARGE,
            f"档案包 {identifier} 再写入就会过大而读不回来，没有写入；请从信任目录移走过大的撤销列表，"
            "改用其 CA 的 OCSP 应答，再重试",
            f"the package {identifier} would become too large to be read again, so this was not written: take the "
            "large revocation lists out of the trust folder, use OCSP answers of their CAs instead, and try again")


@dataclass(frozen=True, slots=True)
class Odd:
    """Something in the folder that is no plain file of a package: ``link``, ``kind``, ``large``, ``many``, ``deep``,
    ``unreadable``, or ``left-over`` of a writer that was stopped."""

    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFiles:
    """All plain files of a package by their names from its folder, and what else lies there."""

    folder: Path
    files: dict[str, bytes]
    odd: tuple[Odd, ...] = ()


def read_package(folder: Path, *, only: Callable[[str], bool] = lambda _: True) -> PackageFiles:
    """Read a package. Links are never followed, and nothing but plain files is opened.

    Args:
        only: which files are read; by default all.

    Raises:
        ArchiveError: ``archive.unknown``: there is no such folder.
    """
    files: dict[str, bytes] = {}
    odd: list[Odd] = []
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        zh, en = system_words(error)
        raise ArchiveError(ArchiveCode.UNKNOWN, f"{folder.name} 不在档案中（{zh}）",
                           f"{folder.name} is not in the archive ({en})") from error
    total = 0
    try:
        for name, data in _walk(root, "", 0, only):
            if isinstance(data, Odd):
                odd.append(data)
            elif len(files) == _MAX_FILES or total + len(data) > _MAX_TOTAL:
                odd.append(Odd(name, "many"))
                break
            else:
                total += len(data)
                files[name] = data
    finally:
        os.close(root)
    return PackageFiles(folder=folder, files=files, odd=tuple(odd))


def _walk(handle: int, above: str, depth: int, only: Callable[[str], bool]) -> Iterator[tuple[str, bytes | Odd]]:
    """Every file below an opened folder, in the order of names."""
    with os.scandir(handle) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        name = above + entry.name
        try:
            status = os.stat(entry.name, dir_fd=handle, follow_symlinks=False)
            if _LEFT_OVER.fullmatch(entry.name) and stat.S_ISREG(status.st_mode):
                yield name, Odd(name, "left-over")
            elif stat.S_ISLNK(status.st_mode):
                yield name, Odd(name, "link")
            elif _LEFT_OVER.fullmatch(entry.name):      # writers leave files alone
                yield name, Odd(name, "kind")
            elif stat.S_ISDIR(status.st_mode):
                yield from _below(handle, entry.name, name, depth, only)
            elif not stat.S_ISREG(status.st_mode):
                yield name, Odd(name, "kind")
            elif only(name):
                yield name, _read(handle, entry.name, name)
        except OSError:
            yield name, Odd(name, "unreadable")


def _below(handle: int, own: str, name: str, depth: int, only: Callable[[str], bool]) -> Iterator[
        tuple[str, bytes | Odd]]:
    if depth == _MAX_DEPTH:
        yield name, Odd(name, "deep")
        return
    inner = os.open(own, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
    try:
        yield from _walk(inner, f"{name}/", depth + 1, only)
    finally:
        os.close(inner)


def _read(handle: int, own: str, name: str) -> bytes | Odd:
    opened = os.open(own, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=handle)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return Odd(name, "kind")
        data = file.read(MAX_FILE + 1)
    return data if len(data) <= MAX_FILE else Odd(name, "large")
