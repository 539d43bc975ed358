"""Putting lists and answers where they are used: ``crls/`` and ``ocsp/`` of a home and of its trust folder.

What lies there afterwards tells every revocation that was told before or was fetched (:mod:`certs.revocation_words`).
A newer word takes the place of the older one under whatever name that lies; where that has to stay, it lies beside it
until others tell what it tells. What was put there by hand goes only by being replaced; what cannot be read, or no CA
at hand has signed, is left alone.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from certs.crl import MAX_BYTES as MAX_CRL
from certs.crl import Crl
from certs.files import locked, make_folder, remove, sweep, write_atomic
from certs.ocsp import MAX_BYTES as MAX_OCSP
from certs.ocsp import OcspResponse
from certs.revocation_cache import CACHE
from certs.revocation_words import Word, answer_word, list_word, needed
from certs.sm3 import sm3
from certs.untrusted_files import read_regular
from certs.x509 import Certificate
from codes.errors import EngineError

__all__ = ["install"]

_T = TypeVar("_T", bound=Crl | OcspResponse)
_OWN: Final = re.compile(r"(?:[0-9a-f]{32}(?:-[0-9a-f]{8})?|[0-9a-f]{16}|.+-[0-9]{14}-[0-9a-f]{8})\.(?:crl|ors)")
"""Names that are given here, or were by earlier versions."""


def install(home: Path, *, crls: Sequence[Crl], ocsp: Sequence[OcspResponse], certificates: Sequence[Certificate],
            lists: Sequence[Crl], now: datetime) -> None:
    """Put what was fetched into a home, and into its trust folder where there is one.

    Args:
        certificates: all at hand, CAs and others; what none of these has signed is not put anywhere.
        lists: those by which responders are judged.
        now: the present, aware.

    Raises:
        FileError: something cannot be read or written.
    """
    known = tuple(dict.fromkeys(certificates))
    pairs = [(one, ca) for one, ca in itertools.product(known, known) if one is not ca and one.issued_by(ca)]

    def list_said(crl: Crl) -> Word | None:
        return list_word(crl, authorities=known, certificates=known, now=now)

    def answer_said(answer: OcspResponse) -> Word | None:
        return answer_word(answer, pairs, crls=lists, helpers=known, now=now)

    answers = [one for one in ocsp if all(each.status != "unknown" for each in one.answers)]
    make_folder(home / CACHE)
    with locked(home / CACHE / ".install.lock"):
        for place in (home, home / "trust"):
            if place.is_dir():
                _put(place / "crls", ".crl", crls, _load_list, list_said)
                _put(place / "ocsp", ".ors", answers, _load_answer, answer_said)


def _load_list(path: Path) -> Crl:
    return Crl.load(read_regular(path, max_bytes=MAX_CRL) or b"")


def _load_answer(path: Path) -> OcspResponse:
    return OcspResponse.load(read_regular(path, max_bytes=MAX_OCSP) or b"")


def _put(folder: Path, ending: str, new: Sequence[_T], load: Callable[[Path], _T],
         said: Callable[[_T], Word | None]) -> None:
    """Put them into a folder beside what lies there, and clear what is needless then.

    A process that is killed leaves a folder that tells all that it told: nothing goes before what tells it is there.
    """
    if not new:
        return
    make_folder(folder, mode=0o755)
    sweep(folder)
    there: dict[Path, _T] = {}
    for path in sorted(folder.glob(f"[!.]*{ending}")):
        with contextlib.suppress(EngineError):
            there[path] = load(path)
    told = {path: said(source) for path, source in there.items()}
    held = {path: word for path, word in told.items() if word is not None}
    known = {source.der for source in there.values()}
    fetched = [word for one in {one.der: one for one in new}.values()
               if one.der not in known and (word := said(one)) is not None]
    kept = needed([*held.values(), *fetched])
    gone = {path: word for path, word in held.items() if word not in kept}
    writes: dict[Path, bytes] = {}
    for word in (one for one in kept if one in fetched):
        free = {path: old for path, old in gone.items() if path not in writes}
        writes[_place(folder, ending, word, free, (*there, *writes))] = word.source.der
    for path in sorted(writes, key=lambda path: path in there):
        write_atomic(path, writes[path], mode=0o644)
    for path in gone.keys() - writes.keys():
        if _OWN.fullmatch(path.name):
            remove(path)


def _place(folder: Path, ending: str, word: Word, gone: Mapping[Path, Word], taken: Container[Path]) -> Path:
    """Where a word goes: into the place of the newest of those of which it tells all, so that whoever is reading the
    folder at that moment misses nothing; else it has a name of its own."""
    before = {path: old for path, old in gone.items() if old.part == word.part and needed([old, word]) == [word]}
    if before:
        return max(before, key=lambda path: (before[path].made, path))
    usual = folder / f"{sm3(word.part.encode()).hex()[:32]}{ending}"
    return usual.with_stem(f"{usual.stem}-{sm3(word.source.der).hex()[:8]}") if usual in taken else usual
