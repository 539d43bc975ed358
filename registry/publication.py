"""Publication (公示): what became of every seal, as the signed status list and as a page.

The list is made in one transaction of the registry, so it shows one state of it; its number is kept and logged there
before a file is written. A number is never given twice and never goes back, and what is lost for good stays so,
whatever a backup brings back: the lists in the home's trust folder and in the folder of publication are looked at too.

Source: 003 B第15条, B第16条.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from certs.config import load_config
from certs.files import locked, make_folder, read_file, write_atomic
from certs.home import Home
from certs.moments import write_moment
from certs.signer import Signer
from certs.status_list import (
    LONGEST,
    StatusList,
    check_status_list,
    genuine_status_list,
    make_status_list,
    read_status_list,
    receive_status_list,
)
from certs.trust import MAX_STATUS_LIST, STATUS_LIST, Trust
from certs.x509 import Certificate
from codes.errors import EngineError
from registry.database import Registry, Transaction
from registry.errors import RegistryError
from registry.evidence import check_states
from registry.public_seals import PublicSeal, public_seals
from registry.publication_history import Kept, keep_published
from registry.publication_page import draw_page
from registry.states import Phase
from registry.tables import Audit, Meta

__all__ = ["LONGEST", "PAGE", "STATUS_FOLDER", "Publication", "PublicationCode", "publish", "status_signer"]

PAGE: Final = "index.html"
STATUS_FOLDER: Final = "status"
"""Folder of the home with ``status.cer`` and ``status.key``."""
_SEQUENCE: Final = "status-sequence"
_PUBLISHED: Final = "status.published"
_LOCK: Final = ".publication.lock"


class PublicationCode(enum.StrEnum):
    """Codes of refusals to publish."""

    PERIOD = "publication.period"
    NO_KEY = "publication.no-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published: the list, its file, and how many seals are in which state at its moment.

    ``unknown`` are seals that stay in the list as lost, cancelled or retired though the registry does not know them.
    ``strangers`` are the numbers of lists found that bear this office's signature and are not of this registry: a copy
    of the home has published, or this one was restored.
    """

    listed: StatusList
    file: bytes
    counts: Mapping[Phase, int]
    unknown: tuple[str, ...] = ()
    strangers: tuple[int, ...] = ()


def status_signer(home: Home) -> Signer:
    """Return the home's status key with its certificate.

    Raises:
        RegistryError: ``publication.no-key``.
        KeyStoreError, HomeError, FileError: the key cannot be had.
    """
    signer = home.service_signer("status")
    if signer is None:
        folder = home.path / STATUS_FOLDER
        raise RegistryError(
            PublicationCode.NO_KEY,
            f"{folder} 中没有状态发布证书 status.cer 及其密钥 status.key，请向证书机构申请后放入",
            f"{folder} holds no status certificate status.cer with its key status.key: "
            "have one certified by the CA and put both there")
    return signer


def publish(registry: Registry, *, signer: Signer, valid_for: timedelta, out: Path | None = None) -> Publication:
    """Publish the present state of every seal: in the home's trust folder, and in ``out`` with a page.

    Args:
        signer: the status key; its certificate is put among the status signers of the home's trust folder.
        valid_for: how long the list is fresh, at most ``LONGEST``.
        out: the folder of publication, made where it is not there.

    Raises:
        RegistryError: ``publication.period``, ``publication.taken-back`` (the registry has forgotten what was
            published for good), ``registry.damaged``, ``registry.state-differs``, or the registry cannot be used.
        StatusListError: ``seal-status.chain``, the signer's certificate is not good.
        FileError: a file cannot be written; then the number is lost, and the next publication takes the next one.
    """
    if not timedelta(minutes=1) <= valid_for <= LONGEST:
        raise RegistryError(
            PublicationCode.PERIOD, f"状态列表的有效时间应在 1 分钟至 {LONGEST.days} 天之间，请更正",
            f"a status list is good for one minute to {LONGEST.days} days: correct the time")
    trust, config = registry.home / "trust", load_config(registry.home)
    with locked(registry.home / _LOCK):
        with registry.transaction() as t:
            seals = public_seals(t.session, t.now)
            check_states(t.session)
            file, kept, strangers = _make(t, seals, [place for place in (trust, out) if place], signer, valid_for)
        listed = read_status_list(file)
        make_folder(trust / "status-signers", mode=0o755)
        write_atomic(trust / "status-signers" / f"{signer.certificate.fingerprint[:16]}.cer", signer.certificate.der,
                     mode=0o644)
        receive_status_list(trust, file, now=listed.this_update)
        if out is not None:
            shown = [replace(seal, status=kept.seals[seal.seal_id]) for seal in seals
                     if seal.seal_id not in kept.unknown]
            page = draw_page(shown, listed, office=config.name, demo=config.demo)
            make_folder(out, mode=0o755)
            write_atomic(out / STATUS_LIST, file, mode=0o644)
            write_atomic(out / PAGE, page.encode(), mode=0o644)
    counts = Counter(Phase.SCHEDULED if one.awaiting(listed.this_update) else Phase(one.state.value)
                     for one in listed.seals.values())
    return Publication(listed=listed, file=file, counts=counts, unknown=kept.unknown, strangers=strangers)


def _make(
    t: Transaction, seals: Sequence[PublicSeal], places: Sequence[Path], signer: Signer, valid_for: timedelta,
) -> tuple[bytes, Kept, tuple[int, ...]]:
    """Sign the list under the next number, and note both; a list that no verifier would believe is not made.

    Returns:
        The list, what it keeps of earlier ones, and the numbers of those that are not of this registry.
    """
    trust = Trust.load(places[0])
    trust = replace(trust, status_signers=(*trust.status_signers, signer.certificate))
    known = t.session.get(Meta, _SEQUENCE)
    files = tuple(_published(places))
    earlier = [one for one in (genuine_status_list(file, trust, now=t.now) for file in files) if one is not None]
    strangers = tuple(sorted({one.sequence for one in earlier if not _is_own(t, one)}))
    sequence = 1 + max([int(known.value) if known else 0, *_sequences(files, trust.status_signers)])
    moment = max([t.now, *(one.this_update for one in earlier)])       # the clock may have been put back by minutes
    kept = keep_published({seal.seal_id: seal.status for seal in seals}, earlier, at=moment)
    signed = make_status_list(
        sequence=sequence, this_update=moment, next_update=moment + valid_for, seals=kept.seals, signer=signer)
    file = signed.to_json()
    check_status_list(read_status_list(file), signers=(signer.certificate,), anchors=trust.roots,
                      intermediates=trust.intermediates, crls=trust.crls, ocsp=trust.ocsp, at=t.now, clock_now=t.now)
    t.session.merge(Meta(key=_SEQUENCE, value=str(sequence)))
    t.log(_PUBLISHED, sequence=sequence, list=signed.digest.hex(), seals=len(kept.seals),
          until=write_moment(moment + valid_for))
    return file, kept, strangers


def _is_own(t: Transaction, listed: StatusList) -> bool:
    """Say whether this registry has signed a list, by its log."""
    return t.session.scalars(select(Audit.number).where(
        Audit.event == _PUBLISHED, Audit.facts.contains(listed.signed.digest.hex())).limit(1)).first() is not None


def _published(places: Sequence[Path]) -> Iterator[bytes]:
    """The files of the lists that lie there already."""
    for place in places:
        with suppress(EngineError):
            yield read_file(place / STATUS_LIST, max_bytes=MAX_STATUS_LIST)


def _sequences(files: Sequence[bytes], signers: Sequence[Certificate]) -> Iterator[int]:
    """Their numbers; one that is damaged or of another signer has none."""
    for file in files:
        with suppress(EngineError):
            listed = read_status_list(file)
            if listed.signed.certificate in signers:
                yield listed.sequence
