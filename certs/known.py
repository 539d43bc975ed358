"""What a home knows of certificates: ``chain/*.cer``, revocation lists ``crls/*.crl``, OCSP answers ``ocsp/*.ors``.

A list or answer that is damaged is none: what needs it is refused as where it is missing, and the refusal names the
file; whatever rests on others goes on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, TypeVar

from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl
from certs.file_marks import FileMark, mark_files
from certs.files import FileCode, FileError, listed_again, read_file, reported
from certs.ocsp import MAX_BYTES as MAX_OCSP
from certs.ocsp import OcspResponse
from certs.x509 import MAX_BYTES as MAX_CERTIFICATE
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["Judges", "Known", "load_known", "naming_damaged"]

_WITHOUT_LIST: Final = frozenset({
    "chain.crl-missing", "chain.crl-stale", "chain.ocsp-stale", "chain.ocsp-unknown", "chain.ocsp-responder"})
_KINDS: Final = (("chain", ".cer"), ("crls", ".crl"), ("ocsp", ".ors"))
_T = TypeVar("_T")


class Judges(TypedDict):
    """What :mod:`certs.seal` and :func:`certs.chain.validate` judge by, under their names of it; all of it is given."""

    intermediates: tuple[Certificate, ...]
    anchors: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    ocsp: tuple[OcspResponse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What chains are built and revocation is judged with; the self-issued certificates are the anchors.

    ``damaged`` names the revocation lists and answers that cannot be read as such, below the home.
    """

    certificates: tuple[Certificate, ...]
    crls: tuple[Crl, ...]
    ocsp: tuple[OcspResponse, ...] = ()
    damaged: tuple[str, ...] = ()

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        """The trusted certificates."""
        return tuple(one for one in self.certificates if one.is_self_issued)

    def judges(self) -> Judges:
        """Return all of it for a call that judges a certificate: lists and answers, so that neither is left out."""
        return {"intermediates": self.certificates, "anchors": self.anchors, "crls": self.crls, "ocsp": self.ocsp}


def load_known(folder: Path) -> Known:
    """Read ``chain/``, ``crls/`` and ``ocsp/`` of a home; what was read is kept until a file of them changes.

    Raises:
        FileError: a file cannot be read.
        EngineError: a file is no certificate.
    """
    return listed_again(lambda: _load(folder, _marks(folder)))


def _marks(folder: Path) -> tuple[tuple[FileMark, ...], ...]:
    with reported(folder):
        return tuple(mark_files(folder / name, ending) for name, ending in _KINDS)


@functools.lru_cache(maxsize=4)
def _load(folder: Path, marks: tuple[tuple[FileMark, ...], ...]) -> Known:
    certificates, crls, ocsp = marks
    lists, damaged = _read_sound(folder / "crls", crls, Crl.load, MAX_CRL)
    answers, damaged_too = _read_sound(folder / "ocsp", ocsp, OcspResponse.load, MAX_OCSP)
    return Known(
        certificates=tuple(Certificate.load(read_file(folder / "chain" / name, max_bytes=MAX_CERTIFICATE))
                           for name, *_ in certificates),
        crls=lists, ocsp=answers, damaged=(*damaged, *damaged_too))


def _read_sound(folder: Path, marks: Iterable[FileMark], load: Callable[[bytes], _T], max_bytes: int,
                ) -> tuple[tuple[_T, ...], tuple[str, ...]]:
    """Return the lists or answers, and what is none although it is called so."""
    sound, damaged = [], []
    for name, *_ in marks:
        try:
            sound.append(load(read_file(folder / name, max_bytes=max_bytes)))
        except EngineError as error:
            if isinstance(error, FileError) and error.code is not FileCode.TOO_LARGE:
                raise
            damaged.append(f"{folder.name}/{name}")
    return tuple(sound), tuple(damaged)


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
            error.code, f"{error.zh}（撤销列表或 OCSP 应答 {files} 已损坏，按没有处理，请重新下载）",
            f"{error.en} (the revocation list or OCSP answer {files} is damaged and counts as none: fetch it again)",
            **error.facts, damaged=files) from error
