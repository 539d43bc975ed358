"""An OFD from its first byte to the verdict: container, structure, seal, coverage, trust, agreement.

A file that holds a record claims to be ours and is judged strictly; any other is :mod:`verify.foreign.ofd`'s.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import itertools
from collections.abc import Sequence
from typing import Final

from lxml import etree

from certs.sm3 import sm3
from layouts import Field, Kind
from verify.agree import (
    check_head,
    check_metadata,
    check_record,
    check_tags,
    earlier_of,
    require_printable,
    role_value,
)
from verify.artwork import check_artwork
from verify.attachments import carried_answers, carried_lists, check_attachments, is_carried
from verify.face import check_pages
from verify.glyphs import check_glyphs
from verify.judge import Case, RecordCase, guarded, read_case
from verify.judge_pdf import judge_rendition
from verify.model import Attachment, Finding, PageView, PictureBox, Severity, Verdict
from verify.ofd import OfdDocument, SignatureEntry, read_ofd, read_signatures
from verify.ofd_form import check_forms
from verify.png import png_size, seal_bitmap
from verify.qr import check_attached, check_qr
from verify.reasons import Both, Refusal
from verify.seal import Judgement, Sealing, coverage_of, evidence_of, examine, judge_sealing
from verify.stamps import check_pictures, check_seals
from verify.xml import local_name
from verify.zip import DEVIATIONS, Archive, read_zip

__all__ = ["CHECKS", "judge_ofd"]

CHECKS: Final = ("container", "structure", "seal", "coverage", "trust", "data", "pages", "qr", "rendition")
_SLACK_MM: Final = 0.001
_ARCHIVE_COPY: Final = "OFD-A"
_RECORD, _RENDITION, _DATA_CERTIFICATE = "record.xml", "rendition.pdf", "data-signing.cer"


def judge_ofd(case: Case) -> None:
    """Run every check on the case's bytes."""
    judge = _OfdJudge(case)
    if judge.claims_to_be_ours():
        judge.run()
        return
    from verify.foreign.ofd import judge_foreign_ofd  # loads only for files of others

    judge_foreign_ofd(case)


class _OfdJudge:
    """One OFD under examination."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.archive: Archive | None = None
        self.is_archive_copy = False     # an OFD-A (GB/T 42133) without any signature, never judged as a licence
        self.document: OfdDocument | None = None
        self.listed: tuple[SignatureEntry, ...] = ()
        self.sealings: list[Sealing] = []
        self.judgements: list[Judgement] = []

    def claims_to_be_ours(self) -> bool:
        """Whether the package holds a record; one that cannot be opened claims it by the name alone."""
        if f"/{_RECORD}".encode() not in self.case.data:
            return False                 # names stand in the headers as they are
        try:
            self.archive = read_zip(self.case.data)
        except Exception:                # whatever it is: the container's check comes upon it again, and tells it
            return True
        return any(name.endswith(f"/{_RECORD}") for name in self.archive.entries)

    def run(self) -> None:
        """All checks; later ones go on where earlier ones found fault, as far as they can."""
        guarded(self.case, "container", self._container)
        if self.archive is None:
            return
        if self.is_archive_copy:
            self.case.found.begin("seal")
            self.case.found.add("seal.archive-copy", "OFD.xml")
            self.case.ends_early = True
            return
        guarded(self.case, "structure", self._structure)
        guarded(self.case, "seal", self._seal)
        guarded(self.case, "coverage", self._coverage)
        guarded(self.case, "trust", self._trust)
        judged = itertools.chain(self.judgements, itertools.repeat(Judgement()))
        for each, judgement in zip(self.sealings, judged, strict=False):
            self.case.signatures.append(evidence_of(each, self.case.judge, self._weighing(), judgement))
        if self.document is not None:
            guarded(self.case, "data", self._data)
            guarded(self.case, "pages", self._pages)
            guarded(self.case, "qr", self._qr)
            guarded(self.case, "rendition", self._rendition)

    def _weighing(self) -> list[Finding]:
        """What bears on the seal."""
        return [found for check in ("seal", "coverage", "trust") for found in self.case.found.of(check)
                if found.severity is not Severity.NOTE]

    # -- the file

    def _container(self) -> None:
        archive = self.archive = self.archive or read_zip(self.case.data)
        self.case.own = True
        if not archive.canonical:
            self.case.found.add("zip.not-canonical", "", detail=Both(
                "、".join(DEVIATIONS[each] for each in archive.deviations), ", ".join(archive.deviations)))
        with contextlib.suppress(Refusal):           # what is wrong with it is told with the structure
            root = archive.xml("OFD.xml")
            signs = any(local_name(element) == "Signatures" for element in root.iter(etree.Element))
            self.is_archive_copy = root.get("DocType") == _ARCHIVE_COPY and not signs

    def _structure(self) -> None:
        archive = self._archive()
        self.listed = read_signatures(archive)
        document = self.document = read_ofd(archive, self.case.found)
        check_forms(archive, self.case.found)
        signed = {each.path for each in self.listed} | {document.signatures_path}
        folders = tuple(path.rpartition("/")[0] + "/" for path in signed if path)
        for name in archive.entries:
            if name not in document.reached and name not in signed and not name.startswith(folders):
                self.case.found.add("ofd.unreached", name)

    def _archive(self) -> Archive:
        if self.archive is None:
            raise Refusal("ofd.structure", "", detail="ZIP")
        return self.archive

    # -- the seal

    def _seal(self) -> None:
        if not self.listed:
            raise Refusal("seal.none", "")
        if len(self.listed) > 1:
            self.case.found.add("seal.several", "", count=len(self.listed))
        if len({each.path for each in self.listed}) != len(self.listed):
            raise Refusal("seal.reference", self.listed[0].path)
        refused: Refusal | None = None
        for each in self.listed[:20]:
            try:
                self.sealings.append(examine(self._archive(), each, self.case.found))
            except Refusal as refusal:
                refused = refused or refusal
        if refused:
            raise refused

    def _coverage(self) -> None:
        coverage = self.case.coverage = coverage_of(self._archive(), self.sealings)
        if not self.sealings:
            self.case.found.add("coverage.nothing", "", count=len(coverage.entries))
            raise Refusal("seal.none" if not self.listed else "file.broken-off", "seal", check="seal")
        for entry in coverage.entries:
            if entry.state == "unprotected":
                self.case.found.add("coverage.unprotected", entry.name)
            elif entry.state == "changed":           # told with the seal already; what it covers is at fault as well
                self.case.found.add("seal.changed", entry.name)

    def _trust(self) -> None:
        self.case.without_trust()
        self.case.judge.covers(carried_lists(self._archive()), carried_answers(self._archive()))
        for each in self.sealings:
            self.judgements.append(judge_sealing(each, self.case.judge))
        if len(self.judgements) == 1 and not any(each.severity is Severity.INVALID for each in self._weighing()):
            # what a good seal covers existed when it was timestamped: the QR code, the rendition, their signatures
            self.case.judge.exists(self.judgements[0].proven_at)
        if not self.sealings:
            raise Refusal("file.broken-off", "seal", check="seal")
        self.case.demonstration(certificate for each in self.sealings for certificate in (each.signer, each.maker))

    # -- what it says

    def _document(self) -> OfdDocument:
        if self.document is None:
            raise Refusal("file.broken-off", "structure", check="structure")
        return self.document

    def _attachment(self, name: str) -> Attachment | None:
        """The one attachment with this file name."""
        fitting = [each for each in self._document().attachments if each.relationship == name]
        if len(fitting) > 1:
            raise Refusal("data.attachment", name)
        return fitting[0] if fitting else None

    def _data(self) -> None:
        document, found = self._document(), self.case.found
        attachment = self._attachment(_RECORD)
        if attachment is None:
            raise Refusal("record.missing", "")
        read_case(self.case, attachment.data, _RECORD)
        self._attachments_known()
        kind, record = self._known()
        trust = self.case.trust
        check_attachments(
            self._archive(), kind, record.record.identifier,
            sealed_at=next((each.signature.signed_at for each in self.sealings), None),
            issuers=None if trust is None else [*(each.subject for each in (*trust.roots, *trust.intermediates)),
                                                *(each.signer.issuer for each in self.sealings)], found=self.case.found)
        identifier = check_record(kind, record.record, found)
        require_printable(kind, record.record)
        record.identifier = identifier
        if identifier is not None:
            check_metadata(kind, record.record, identifier, {"OFD.xml": document.custom_datas}, found)
        for field in kind.earlier.values():
            if field.label in record.record.values:
                self._earlier(field, record.record.text(field.label))
        check_head(kind, record.record, document, found)
        check_tags(kind, record.record, document, found)
        for sealing in self.sealings:
            name = role_value(kind, record.record, "issuer_name")
            code = role_value(kind, record.record, "issuer_code")
            if sealing.signature.seal.info.name != name or sealing.signer.subject_cn != name:
                found.add("seal.authority", "", seal=sealing.signature.seal.info.name, authority=name)
            if sealing.signer.uscc != code:
                found.add("seal.code", "", certificate=sealing.signer.uscc or "—", authority=code)

    def _attachments_known(self) -> None:
        """Only what the engine or the kind names may ride in the package."""
        record = self.case.record
        kind = record.kind if record else None
        known = {_RECORD, _RENDITION}
        if kind is None or kind.has_qr:
            known.add(_DATA_CERTIFICATE)
        if record and kind:
            known |= {f"{key}.ofd" for key, field in kind.earlier.items() if field.label in record.record.values}
        for each in self._document().attachments:
            name = each.relationship
            if name not in known and not is_carried(name):
                self.case.found.add("data.attachment", name)

    def _earlier(self, field: Field, reference: str) -> None:
        """The earlier document that a field names: its digest, its identifier, its own verdict.

        It is verified once, as a file of its own; what it may refer to in turn is not followed any further.
        """
        name, named, found = f"{field.attachment}.ofd", earlier_of(reference), self.case.found
        attachment = self._attachment(name)
        if named is None:
            return                       # said where the field is checked
        if attachment is None:
            raise Refusal("data.attachment", name)
        identifier, digest = named
        if sm3(attachment.data).hex() != digest:
            found.add("data.earlier", name, label=field.label, zh="SM3 摘要不同", en="its SM3 differs")
            return
        if self.case.depth:
            found.add("data.earlier-unsure", name, label=field.label, zh="前件的前件未再检查",
                      en="it is nested too deep and was not looked at")
            return
        inner = Case(name="", kind="ofd", data=attachment.data, at=self.case.at, clock_now=self.case.clock_now,
                     trust=self.case.trust, demanded=CHECKS, depth=self.case.depth + 1)
        inner.judge.exists(self.case.judge.existed_at)
        inner.judge.carries(self.case.judge.brought())
        judge_ofd(inner)
        self.case.judge.paths += inner.judge.paths
        report = inner.report(False)
        if inner.record is None or inner.record.record.identifier != identifier:
            found.add("data.earlier", name, label=field.label, zh="证照标识不同", en="its identifier differs")
            return
        its = inner.record.record
        if field.of and its.kind not in field.of:
            found.add("data.earlier", name, label=field.label, zh="证照种类不同", en="it is of another kind")
        record = self.case.record
        for own, there in field.same:
            if record is None or record.record.values.get(own) != its.values.get(there):
                found.add("data.earlier", name, label=field.label, zh=f"“{there}”与“{own}”不同",
                          en=f"“{there}” in it is not “{own}”")
        if report.verdict is not Verdict.VALID:
            code = "data.earlier-invalid" if report.verdict is Verdict.INVALID else "data.earlier-unsure"
            first = next((reason for reason in report.reasons if report.weighs(reason)), None)
            found.add(code, name, label=field.label, zh=first.zh if first else "—", en=first.en if first else "—")

    def _known(self) -> tuple[Kind, RecordCase]:
        """The record and its kind, when both are known."""
        record = self.case.record
        if record is None or record.kind is None:
            raise Refusal("file.broken-off", "data", check="data")
        return record.kind, record

    def _pages(self) -> None:
        kind, record = self._known()
        require_printable(kind, record.record)
        document = self._document()
        views = self._stamped([page.view for page in document.pages])
        self.case.pages = views
        faces = check_pages(kind, record.record, views, self.case.found)
        check_glyphs(views, self.case.font_packs, self.case.found)
        if faces is not None:
            check_artwork(kind, record.record, faces, views, self.case.found)
            check_seals(faces, views, self.case.found)
            pictures = [sealing.signature.seal.info.picture for sealing in self.sealings]
            check_pictures(faces, views, [(each.width_mm, each.height_mm) for each in pictures], self.case.found)

    def _stamped(self, views: Sequence[PageView]) -> list[PageView]:
        """The pages with the pictures of the seals that stand on them."""
        document = self._document()
        boxes: dict[str, list[PictureBox]] = {page.id: [] for page in document.pages}
        for sealing in self.sealings:
            picture = sealing.signature.seal.info.picture
            width, height = png_size(picture.data)
            digest = hashlib.sha256(picture.data).hexdigest()
            for stamp in sealing.described.stamps:
                if stamp.page not in boxes:
                    raise Refusal("seal.stamp", stamp.page)
                boxes[stamp.page].append(PictureBox(
                    name="seal", box=stamp.place, clip=stamp.clip, digest=digest,
                    load=functools.partial(seal_bitmap, picture.data), width_px=width, height_px=height,
                    order=1 << 30))
        stamped = []
        for page, view in zip(document.pages, views, strict=True):
            seals = tuple(boxes[page.id])
            seen = [seal.clip or seal.box for seal in seals]
            if any(box.x_mm < 0 or box.y_mm < 0 or box.right_mm > view.width_mm + _SLACK_MM
                   or box.bottom_mm > view.height_mm + _SLACK_MM for box in seen):
                raise Refusal("seal.stamp", page.id)
            stamped.append(dataclasses.replace(view, seals=seals))
        return stamped

    def _qr(self) -> None:
        kind, record = self._known()
        if record.identifier is None or not self.case.pages:
            raise Refusal("file.broken-off", "data", check="data")
        payload = check_qr(kind, record.record, record.identifier, self.case.pages, self.case.judge)
        if not kind.has_qr:
            return
        certificate = self._attachment(_DATA_CERTIFICATE)
        if certificate is None:
            raise Refusal("data.attachment", _DATA_CERTIFICATE)
        check_attached(certificate.data, payload, self.case.found)

    def _rendition(self) -> None:
        attachment = self._attachment(_RENDITION)
        if attachment is None:
            raise Refusal("rendition.missing", "")
        judge_rendition(self.case, attachment.data)
