"""The certificates and revocation lists that a home knows: ``chain/*.cer`` and ``crls/*.crl``.

A list that is damaged is no list: what needs it is refused as where it is missing, and the refusal names the file;
whatever rests on other lists goes on.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl
from certs.file_marks import FileMark, mark_files
from certs.files import FileCode, FileError, read_file, reported
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["Known", "load_known", "naming_damaged"]

_WITHOUT_LIST: Final = frozenset({"chain.crl-missing", "chain.crl-stale"})
_KINDS: Final = (("chain", ".cer"), ("crls", ".crl"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What chains are built and revocation is judged with; the self-issued certificates are the anchors.

    ``damaged`` names the revocation lists that cannot be read as such, below the home.
    """

    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    damaged: tuple[str, ...] = ()

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The trusted certificates."""
        return tuple(one for one in self.certificates if one.is_self_issued)


def load_known(folder: Path) -> Known:
    """Read ``chain/`` and ``crls/`` of a home; what was read is kept until a file of them changes.

    Raises:
        FileError: a file cannot be read.
        EngineError: a file is no certificate.
    """
    with reported(folder):
        marks = tuple(mark_files(folder / name, ending) for name, ending in _KINDS)
    return _load(folder, marks)


@functools.lru_cache(maxsize=4)
def _load(folder: Path, marks: tuple[tuple[FileMark, ...], ...]) -> Known:
    certificates, crls = marks
    lists, damaged = _read_lists(folder / "crls", crls)
    return Known(
        certificates=tuple(Certificate.load(read_file(folder / "chain" / name, max_bytes=MAX_CERTIFICATE))
                           for name, *_ in certificates),
        crls=lists, damaged=damaged)


def _read_lists(folder: Path, marks: Iterable[FileMark]) -> tuple[tuple[Crl, ...], tuple[str, ...]]:
    """Return the revocation lists, and what is none although it is called so."""
    lists, damaged = [], []
    for name, *_ in marks:
        try:
            lists.append(Crl.load(read_file(folder / name, max_bytes=MAX_CRL)))
        except EngineError as error:
            if isinstance(error, FileError) and error.code is not FileCode.TOO_LARGE:
                raise
            damaged.append(f"{folder.name}/{name}")
    return tuple(lists), tuple(damaged)


@contextmanager
def naming_damaged(damaged: tuple[str, ...]) -> Iterator[None]:
    """Let what the block refuses for want of a revocation list name the lists that are damaged."""
    try:
        yield
    except EngineError as error:
        if not damaged or error.facts.get("chain") not in _WITHOUT_LIST or "damaged" in error.facts:
            raise
        files = ", ".join(damaged)
        raise type(error)(
            error.code, f"{error.zh}（撤销列表 {files} 已损坏，按没有该列表处理，请重新下载）",
            f"{error.en} (the revocation list {files} is damaged and counts as none: fetch it again)",
            **error.facts, damaged=files) from error
