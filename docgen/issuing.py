"""The one call: a record in, a sealed and kept package out.

validate → look up → check seal and certificates → reserve (approval) → assemble (QR signature → compose → legible →
compare → PDF → PAdES → OFD → compare → seal → pack) → keep → export. Nothing leaves this process before the ledger
has kept it; a repeat returns what was kept. Where no timestamp can be had, nothing is issued, and what the home's
settings say decides whether the record waits (:mod:`docgen.waiting`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import fonts
from certs.approval import ApprovalError
from certs.approval_scope import Sealing
from certs.authority import Authority
from certs.config import HomeCode
from certs.home import Home
from certs.home_time import timestamper_of
from certs.seal import SealError
from certs.seal_folder import seal_in_use
from certs.sm3 import sm3
from certs.tsa import TsaCode, TsaError
from codes.china_time import CHINA_TIME
from codes.errors import EngineError, Fault
from docgen.assembly import assemble, rendition_of
from docgen.attempt import Attempt
from docgen.earlier import require_earlier
from docgen.export import export
from docgen.issued import IssueCode, Issued, IssueError, WaitingError
from docgen.ledger import Claim, Ledger, Reservation
from docgen.ledger_errors import exists
from docgen.licence import Licence
from docgen.record import read_record, validate
from docgen.waiting import WaitingRoom
from layouts import add_folder

__all__ = ["Issuer", "check_record", "issue", "issuer_of"]

_FACE_CHAIN = "kai"
_REFUSALS = frozenset({HomeCode.AUTHORITY_NAME, HomeCode.NO_SEAL})


def _drawable(text: str) -> set[str]:
    return fonts.drawable(text, _FACE_CHAIN)


class Issuer:
    """Issues from one home, again and again; keys, seals and the ledger stay open."""

    def __init__(self, home: Home) -> None:
        """Open the home's ledger, and make the home's own kinds known to the process.

        Raises:
            FileError: the folder ``issued`` cannot be made.
            KindError: the folder of the home's kinds cannot be used.
        """
        self.home = home
        if home.config.kinds_folder:
            add_folder(home.path / home.config.kinds_folder)
        self._ledger = Ledger(home.issued_dir, clock=home.clock)
        self.waiting = WaitingRoom(home.issued_dir)
        self._timestamper = timestamper_of(home)

    def issue(
        self, record: Mapping[str, Any] | bytes, *, out: Path | None = None, font_pack: Path | None = None,
        attachments: Mapping[str, bytes] | None = None,
    ) -> Issued:
        """Issue one licence: see :func:`issue`."""
        folder = font_pack or self.home.font_pack
        with fonts.using(fonts.load_pack(folder) if folder else None):
            return self._checked(record, out, attachments or {})

    def _checked(
        self, record: Mapping[str, Any] | bytes, out: Path | None, attachments: Mapping[str, bytes],
    ) -> Issued:
        licence = self._check(record)
        issued = self._issue(licence, record, attachments)
        today = self._present().date()
        if licence.issued > today:
            issued = replace(issued, warnings=(*issued.warnings, _future(licence, today)))
        name = issued.identifier
        if out is not None:                          # the original last: where it is, all is
            pdf_path, ofd_path = export(out, {f"{name}.pdf": issued.pdf, f"{name}.ofd": issued.ofd})
            issued = replace(issued, ofd_path=ofd_path, pdf_path=pdf_path)
        self.waiting.remove(name)                    # now whoever waits for it has it
        return issued

    def _wait(
        self, licence: Licence, record: Mapping[str, Any] | bytes, attachments: Mapping[str, bytes], error: EngineError,
    ) -> WaitingError | None:
        """Let a record wait that could not be issued for want of a timestamp; None where it is not for that."""
        if not isinstance(error, TsaError) or error.code is not TsaCode.NO_TOKEN or (
                self.home.config.timestamp_policy != "queue"):
            return None
        identifier = licence.identifier.text()
        self.waiting.put(
            identifier, licence.digest, attachments=attachments, since=self.home.clock(), faults=error.faults,
            record=record if isinstance(record, bytes) else json.dumps(record, ensure_ascii=False).encode())
        return WaitingError(identifier, error.faults)

    def _require_place(self, licence: Licence) -> None:
        """Refuse a record whose identifier another one is waiting for."""
        identifier = licence.identifier.text()
        waiting = self.waiting.find(identifier)
        if waiting is not None and waiting.record_sm3 != licence.digest:
            raise IssueError(
                IssueCode.WAITING_OTHER,
                f"证照标识 {identifier} 已有另一份数据在等待时间戳；请先完成它，或用 "
                f"zhengyin issue --waiting --drop {identifier} 撤下",
                f"another record waits for a timestamp under {identifier}: finish it first, or take it away with "
                f"zhengyin issue --waiting --drop {identifier}", identifier=identifier)

    def require_time(self) -> None:
        """Refuse when no timestamp can be had, so that nothing is signed, and counted by a signer, for nothing.

        Raises:
            TsaError: as issuing would.
        """
        if self._timestamper is not None:
            for algorithm in ("sm3", "sha256"):
                self._timestamper.require_ready(algorithm)

    def check(self, record: Mapping[str, Any] | bytes, *, font_pack: Path | None = None) -> Licence:
        """Check a record: see :func:`check_record`."""
        folder = font_pack or self.home.font_pack
        with fonts.using(fonts.load_pack(folder) if folder else None):
            return self._check(record)

    def _check(self, record: Mapping[str, Any] | bytes) -> Licence:
        config = self.home.config
        return validate(
            read_record(record) if isinstance(record, bytes) else record, lookup_hosts=config.lookup_hosts,
            drawable=_drawable, demo=config.demo, settings=self.home.kind_settings)

    def _present(self) -> dt.datetime:
        return self.home.clock().astimezone(CHINA_TIME)

    def _issue(
        self, licence: Licence, record: Mapping[str, Any] | bytes, attachments: Mapping[str, bytes],
    ) -> Issued:
        """Return the kept package of this licence, or make and keep it, under the identifier's lock."""
        identifier = licence.identifier.text()
        with self._ledger.hold(identifier):
            entry = self._ledger.find(identifier)
            if entry is not None and entry.package_sm3 is not None:
                if entry.record_sm3 != licence.digest:
                    raise exists(identifier)
                package = self._ledger.package(entry)
                return Issued(
                    identifier=identifier, ofd=package, pdf=rendition_of(package), repeated=True,
                    approval=None, warnings=licence.warnings)
            self._require_place(licence)
            begun = self.waiting.begun(identifier)
            earlier = require_earlier(licence, attachments)
            moment = self._present().replace(microsecond=0)
            with self._logging_refusals(licence, moment):
                authority = self._authority(licence, moment)
                reservation = self._ledger.reserve(
                    _claim(licence, authority, identifier), functools.partial(self._approval, licence, authority),
                    moment)
            attempt = Attempt(authority, self._timestamper, moment, reservation.approval, begun)
            try:
                self.require_time()
                with self._logging_refusals(licence, moment):        # a signer may refuse too
                    package, rendition = assemble(licence, authority, attempt, earlier)
                    self._require_still(licence, authority, moment, reservation)
                reservation.keep(package, moment)
            except EngineError as error:
                reservation.release()
                waits = self._wait(licence, record, attachments, error)
                self.waiting.keep(identifier, attempt.begun())
                if waits is not None:
                    raise waits from error
                raise
            except BaseException:
                reservation.release()
                raise
            return Issued(
                identifier=identifier, ofd=package, pdf=rendition, repeated=False,
                approval=reservation.approval, warnings=licence.warnings)

    def _approval(self, licence: Licence, authority: Authority, used: Mapping[str, int]) -> str:
        """Return the approval that allows this sealing now."""
        return self.home.approval_for(Sealing(
            kind=licence.kind.code, unit=licence.issuer_code, region=licence.issuer_code[2:8],
            seal_id=authority.seal.seal_id, record=licence.digest.hex(), at=self._present()), used=used).id

    def _require_still(
        self, licence: Licence, authority: Authority, moment: dt.datetime, reservation: Reservation,
    ) -> None:
        """Refuse to keep what was sealed while its seal was blocked or its approval taken back.

        Drawing takes milliseconds, a timestamp service as long as it likes.

        Raises:
            HomeError, SealError, ApprovalError: as before the sealing.
        """
        seal_id = authority.seal.seal_id
        if self.home.authority(licence.issuer_code, licence.issuer_name, moment).seal.seal_id != seal_id:
            raise IssueError(
                IssueCode.SEAL_CHANGED, f"盖章过程中印章 {seal_id} 已换为另一枚，未予签发；请重试",
                f"seal {seal_id} was replaced while the licence was being made: it is not issued; repeat", seal=seal_id)
        self._approval(licence, authority, reservation.used_before())

    @contextlib.contextmanager
    def _logging_refusals(self, licence: Licence, moment: dt.datetime) -> Iterator[None]:
        """Log whatever refuses the use of a seal; other faults are no attempts to go beyond an authority.

        Source: R-003-54.
        """
        try:
            yield
        except EngineError as error:
            if isinstance(error, SealError | ApprovalError | IssueError) or error.code in _REFUSALS:
                self._ledger.refused(
                    code=error.code.value, unit=licence.issuer_code, record_sm3=licence.digest,
                    seal_id=error.facts.get("seal") or self._seal_asked_for(licence, moment),
                    approval=error.facts.get("approval", ""))
            raise

    def _seal_asked_for(self, licence: Licence, moment: dt.datetime) -> str:
        """Return the identifier of the seal that would have been used; "" where there is none."""
        with contextlib.suppress(EngineError):
            return seal_in_use(self.home.seal_uses(licence.issuer_code), moment, name=licence.issuer_name)
        return ""

    def _authority(self, licence: Licence, moment: dt.datetime) -> Authority:
        """Return the authority printed on the licence, its seal and certificates usable now.

        Source: R-000-12 (the seal's name is 发证机关), R-003-12, R-003-13.
        """
        authority = self.home.authority(licence.issuer_code, licence.issuer_name, moment)
        if authority.seal.name != licence.issuer_name:
            raise IssueError(
                IssueCode.SEAL_NAME,
                f"印章名称“{authority.seal.name}”与发证机关“{licence.issuer_name}”不同，不予盖章",
                f"the seal says {authority.seal.name}, the licence {licence.issuer_name}: not sealed")
        authority.check_usable(at=moment)
        return authority


def _future(licence: Licence, today: dt.date) -> Fault:
    return Fault(
        field=licence.kind.roles["issued"], code="date.future",
        zh=f"发证日期 {licence.issued} 晚于今天（{today}），请核对",
        en=f"the date of issue {licence.issued} lies after today ({today}); please check")


def _claim(licence: Licence, authority: Authority, identifier: str) -> Claim:
    number = licence.number if licence.kind.number.names_region else f"{licence.issuer_code} {licence.number}"
    return Claim(
        identifier=identifier, record_sm3=licence.digest, number=number,
        address=licence.qr_address or "",
        holder_sm3=sm3((licence.holder_code or licence.holder_name).encode("utf-8")),
        version=licence.version, seal_id=authority.seal.seal_id)


def issue(
    record: Mapping[str, Any] | bytes, *, home: Home | Path | str | None = None,
    out: Path | str | None = None, font_pack: Path | str | None = None,
    attachments: Mapping[str, bytes] | None = None,
) -> Issued:
    """Issue one licence: check the record, draw it, sign and seal it, keep it, and write both files.

    Args:
        record: the record with the seed's field labels, or its JSON in UTF-8.
        home: an opened home (keys stay decrypted between calls) or its folder; by default the one that
            ``ZHENGYIN_HOME`` names. The moment of sealing is that of its clock.
        out: folder for ``<identifier>.ofd`` and ``<identifier>.pdf``; None writes neither.
        font_pack: folder of further TrueType fonts for characters that the faces here cannot draw; by default
            the one that the home's settings name.
        attachments: the OFDs of earlier documents that the record names, by the kind's keys (``earlier``);
            a repeat needs none.

    Returns:
        The package and its rendition. The same record again, from any process and into any folder, gives
        the same bytes and uses no approval.

    Raises:
        RecordError: the record is refused; ``faults`` lists every fault.
        LedgerError: ``issue.exists`` (the identifier was issued with another record),
            ``issue.number-taken``, ``issue.qr-taken``, ``issue.store-damaged``,
            ``issue.store-unavailable``.
        FontError: ``font.pack``, the font pack cannot be used.
        EarlierError: an earlier document is missing or is another one.
        IssueError, HomeError, SealError, ApprovalError, KeyStoreError: this authority cannot seal it.
        FileError: a file cannot be written; nothing half-written stands under a final name.

    Source: R-000-12, R-000-14, R-000-23, R-000-26, R-003-22, R-003-46.
    """
    return issuer_of(home).issue(record, out=None if out is None else Path(out),
                                 font_pack=None if font_pack is None else Path(font_pack),
                                 attachments=attachments)


def check_record(
    record: Mapping[str, Any] | bytes, *, home: Home | Path | str | None = None, font_pack: Path | str | None = None,
) -> Licence:
    """Check a record as :func:`issue` does and issue nothing; ``digest`` is what an approval of one record names.

    Raises:
        RecordError: the record is refused; ``faults`` lists every fault.
        FontError: ``font.pack``, the font pack cannot be used.
        HomeError, FileError: the home cannot be opened.
    """
    return issuer_of(home).check(record, font_pack=None if font_pack is None else Path(font_pack))


def issuer_of(home: Home | Path | str | None) -> Issuer:
    """Return the issuer of a home; of an opened one the same each time.

    Raises:
        HomeError, FileError: the home cannot be opened.
    """
    if isinstance(home, Home):
        return _kept_issuer(home)
    return Issuer(Home.open(None if home is None else Path(home)))


@functools.lru_cache(maxsize=8)
def _kept_issuer(home: Home) -> Issuer:
    return Issuer(home)
