"""The certificates and revocation lists that a home knows: ``chain/*.cer`` and ``crls/*.crl``."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl
from certs.file_marks import FileMark, mark_files
from certs.files import read_file, reported
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate

__all__ = ["Known", "load_known"]

_T = TypeVar("_T")
_KINDS: Final = (("chain", ".cer"), ("crls", ".crl"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What chains are built and revocation is judged with; the self-issued certificates are the anchors."""

    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...]

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The trusted certificates."""
        return tuple(one for one in self.certificates if one.is_self_issued)


def load_known(folder: Path) -> Known:
    """Read ``chain/`` and ``crls/`` of a home; what was read is kept until a file of them changes.

    Raises:
        FileError: a file cannot be read.
        EngineError: a file is no certificate or revocation list.
    """
    with reported(folder):
        marks = tuple(mark_files(folder / name, ending) for name, ending in _KINDS)
    return _load(folder, marks)


@functools.lru_cache(maxsize=4)
def _load(folder: Path, marks: tuple[tuple[FileMark, ...], ...]) -> Known:
    certificates, crls = marks
    return Known(
        certificates=_read(folder / "chain", certificates, Certificate.load, MAX_CERTIFICATE),
        crls=_read(folder / "crls", crls, Crl.load, MAX_CRL))


def _read(folder: Path, marks: Iterable[FileMark], parse: Callable[[bytes], _T], max_bytes: int) -> tuple[_T, ...]:
    return tuple(parse(read_file(folder / name, max_bytes=max_bytes)) for name, *_ in marks)
