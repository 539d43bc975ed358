"""A PDF that is none of ours: its signatures, what each covers, what later revisions did, what that leaves open.

The file is called genuine only where every signature holds and is trusted, and every revision after the first
signature is provably nothing but evidence, a timestamp, or a further good signature in its own field.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from certs.carried import Carried
from certs.trust import Trust
from certs.x509 import Certificate
from verify.cms_lists import lists_in
from verify.covered import Coverage, CoveredEntry
from verify.foreign.pdf_active import check_active
from verify.foreign.pdf_changes import Kind
from verify.foreign.pdf_content import check_content
from verify.foreign.pdf_evidence import Links, certificates_of, malformed_evidence, odd_evidence
from verify.foreign.pdf_fields import read_fields
from verify.foreign.pdf_filters import inflate
from verify.foreign.pdf_layout import check_layout
from verify.foreign.pdf_lists import lists_of
from verify.foreign.pdf_reasons import ForeignRefusal, foreign_finding
from verify.foreign.pdf_revisions import Revision, weigh_revisions
from verify.foreign.pdf_signature import ForeignSignature, Signed, locate, loose, prove
from verify.foreign.pdf_store import State, Store
from verify.foreign.pdf_walk import read_pages
from verify.judge import Case
from verify.model import Verdict
from verify.pdf_file import MAX_FILE_SIZE
from verify.pdf_objects import WHITE_SPACE, ObjectReader, Stream
from verify.pdf_reasons import HOSTILE, PdfRefusal
from verify.pdf_signature import OWN_MARK, Moment

__all__ = ["CHECKS", "ForeignPdf"]

CHECKS: Final = ("structure", "signature", "coverage", "trust")
MAX_SIGNATURES: Final = 32
_LOOK_BACK: Final = 64 << 10            # bytes from a signature's object head to its ByteRange
_BYTE_RANGE: Final = re.compile(rb"/ByteRange(?![A-Za-z0-9_.+-])")
_HEAD: Final = re.compile(rb"(?<!\d)\d{1,10}[\x00\t\n\x0c\r ]+\d{1,5}[\x00\t\n\x0c\r ]+obj(?![A-Za-z])")
_SLACK: Final = 4                       # blank bytes between the end of a revision and that of what was signed
_NOBODY: Final = Trust(name="", lookup_hosts=(), roots=(), data_signing=MappingProxyType({}))


def _says_so(state: State) -> bool:
    """Whether the metadata after one revision bear our mark."""
    stream = state.deref(state.root.get("Metadata"))
    return isinstance(stream, Stream) and OWN_MARK in inflate(
        stream.raw, stream.entries, state.store.budget, "Metadata")


class _UnfinishedError(Exception):
    """A check did not come to its good end."""


class ForeignPdf:
    """One PDF under examination; its findings, signatures and coverage go into ``case``."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.data = case.data
        self.trust = case.trust or _NOBODY
        self.moment = Moment(at=case.at, clock_now=case.clock_now, existed_at=case.judge.existed_at,
                             carried=case.judge.brought())
        self.store: Store | None = None
        self.states: tuple[State, ...] = ()
        self.judged: list[tuple[int, ForeignSignature]] = []     # with the index of the state that each signed
        self.unplaced: list[ForeignSignature] = []
        self.loose: list[int] = []                               # offsets of bytes that belong to no object

    def claims_to_be_ours(self) -> bool:
        """Whether it says in a compressed packet that it is one of our renditions; then it is to be judged strictly."""
        try:
            self.store = Store.read(self.data)
            return any(map(_says_so, self.store.states()))
        except (PdfRefusal, *HOSTILE):
            return False

    def run(self) -> None:
        """All checks; later ones go on where earlier ones found fault, as far as they can."""
        self.case.demanded = CHECKS
        for check, step in (("structure", self.structure), ("signature", self.signature),
                            ("coverage", self.coverage), ("trust", self.trusted)):
            self.guarded(check, step)
        if self.case.found.verdict() is Verdict.VALID and not self.case.found.unfinished(CHECKS):
            self.case.found.begin("")
            self.keep("fpdf.rollback")
            self.case.found.add("foreign.text")
            self.case.found.add("foreign.no-licence")

    def guarded(self, check: str, step: Callable[[], None]) -> None:
        """Run one check. Whatever a reader refuses or throws on hostile bytes is a finding."""
        found = self.case.found
        found.begin(check)
        try:
            step()
        except PdfRefusal as refusal:
            found.keep(refusal.finding())
        except _UnfinishedError:
            return                       # the reasons stand among the findings already
        except Exception as error:       # hostile bytes may break any parser in any way
            found.keep(foreign_finding("fpdf.unreadable", check, what=type(error).__name__))
        else:
            found.end(check)

    def keep(self, code: str, where: str = "", **facts: object) -> None:
        """Keep a finding of this half."""
        self.case.found.keep(foreign_finding(code, where, **facts))

    # -- structure

    def structure(self) -> None:
        if len(self.data) > MAX_FILE_SIZE:
            raise ForeignRefusal("fpdf.too-large", "file")
        self.store = self.store or Store.read(self.data)
        states = self.store.states()
        layout = check_layout(self.store, states)
        self.case.found.extend(layout)
        self.loose = [int(each.where[1:]) for each in layout if each.reason.code == "form.pdf-loose-bytes"]
        pages = read_pages(states[-1])
        self.states = states
        self.case.found.extend(check_content(states[-1], pages))
        self.case.found.extend(check_active(states[-1]))

    # -- signatures

    def signature(self) -> None:
        """Every signed field of the file as it is now, in the order of signing."""
        if self.store is None or not self.states:
            self.anywhere()
            return
        state = self.states[-1]
        fields = [each for each in read_fields(state) if each.is_signature]
        filled = [each for each in fields if state.deref(each.entries.get("V")) is not None]
        if len(fields) > len(filled):
            self.keep("form.pdf-empty-field", count=len(fields) - len(filled))
        if len(filled) > MAX_SIGNATURES:
            raise ForeignRefusal("fpdf.many-signatures", count=MAX_SIGNATURES)
        found = [locate(self.store, state, each) for each in filled]
        names = [each.label for each in found]
        for place, each in enumerate(found):
            if names.count(each.label) > 1:
                each.label = f"{each.label} #{place + 1}"
        self.strays(found)
        self.told_against(found)
        self.prove_all(found, certificates_of(state))
        if not any(not each.signed.is_stamp for _, each in self.judged) and not self.unplaced:
            raise ForeignRefusal("fpdf.no-signature")

    def told_against(self, found: list[Signed]) -> None:
        """Whatever lists and answers the file holds can speak against its signers, its timestamps and their CAs."""
        told = (*lists_of(self.states), *(one for each in found for one in lists_in(each.der)))
        self.moment = replace(self.moment, carried=self.moment.carried.joined(Carried(against=told)))

    def strays(self, found: list[Signed]) -> None:
        """Signature dictionaries that no field holds, or that two fields hold."""
        spans = self.store.spans if self.store else {}
        places = [each.place for each in found if each.place >= 0]
        for place in {each for each in places if places.count(each) > 1}:
            self.keep("fpdf.signature-place", f"@{place}")
        for match in _BYTE_RANGE.finditer(self.data):
            if not any(place <= match.start() < spans.get(place, 0) for place in places):
                self.keep("fpdf.stray-signature", f"@{match.start()}")
                return

    def prove_all(self, found: list[Signed], intermediates: tuple[Certificate, ...]) -> None:
        """Document timestamps first: they prove the time of what they cover."""
        stamps: list[tuple[int, datetime]] = []
        for each in sorted(found, key=lambda one: not one.is_stamp):
            index = self.revision_of(each)
            proven = min((time for end, time in stamps if end > each.end), default=None)
            outcome = prove(self.data, each, self.trust, self.moment, proven, intermediates)
            if each.is_stamp and outcome.passed and outcome.evidence.proven_at is not None:
                stamps.append((each.end, outcome.evidence.proven_at))
            if index is None:
                self.unplaced.append(outcome)
            else:
                self.judged.append((index, outcome))
        self.judged.sort(key=lambda one: one[1].signed.end)
        for outcome in (*(each for _, each in self.judged), *self.unplaced):
            self.tell(outcome)

    def revision_of(self, signed: Signed) -> int | None:
        """The index of the revision that a signature covers to its end and stands in; None when it is none."""
        if not signed.end:
            return None
        for index, state in enumerate(self.states):
            low, high = sorted((state.end, signed.end))
            if high - low > _SLACK or self.data[low:high].strip(WHITE_SPACE):
                continue
            start = self.states[index - 1].end if index else 0
            if not start <= signed.place < state.end:
                signed.findings.keep(foreign_finding("fpdf.signature-place", signed.label))
            return index
        signed.findings.keep(foreign_finding("fpdf.not-a-revision", signed.label))
        return None

    def tell(self, outcome: ForeignSignature) -> None:
        """Put one outcome into the report."""
        self.case.signatures.append(outcome.evidence)
        self.case.found.extend(outcome.signed.findings.all())
        if not outcome.passed:
            signer = outcome.evidence.organisation or outcome.evidence.signer or "—"
            self.keep("fpdf.not-passed", outcome.signed.label, signer=signer)
        chain = outcome.chain
        if chain is not None:
            self.case.judge.seen(chain)
            if chain.ok:
                self.case.judge.trusted(chain.path[-1], "timestamp" if outcome.signed.is_stamp else "pdf")

    def anywhere(self) -> None:
        """The file cannot be read without repair: judge the signatures that can be found, for what they prove."""
        found: list[Signed] = []
        reader = ObjectReader(empty_names=True)
        for match in itertools.islice(_BYTE_RANGE.finditer(self.data), MAX_SIGNATURES):
            heads = list(_HEAD.finditer(self.data, max(0, match.start() - _LOOK_BACK), match.start()))
            if not heads:
                continue
            try:
                value, end = reader.read(self.data, heads[-1].end())
            except (PdfRefusal, *HOSTILE):
                continue
            if isinstance(value, dict) and "ByteRange" in value and end > match.start():
                found.append(loose(self.data, value, heads[-1].start()))
        self.told_against(found)
        for each in found:
            self.tell(prove(self.data, each, self.trust, self.moment, None))
        end = max((each.end for each in found), default=0)
        later = self.data[end:]
        lawful = any(word in later for word in (b"/DSS", b"/DocTimeStamp", b"/ByteRange"))
        if end and later.strip(WHITE_SPACE) and not lawful:
            self.keep("fpdf.trailing-content", f"@{end}")
        raise ForeignRefusal("fpdf.no-signature" if not found else "fpdf.not-passed", "file", signer="—")

    # -- coverage

    def coverage(self) -> None:
        """What came after the first signature, revision by revision."""
        if not self.judged:
            raise _UnfinishedError
        revisions = weigh_revisions(self.states, self.judged)
        for each in revisions:
            self.case.found.extend(each.findings)
        self.trailing()
        self.evidence(revisions)
        self.case.coverage = self.covered(revisions)
        good = [each for _, each in self.judged if each.passed and not each.signed.is_stamp]
        if not good or self.unplaced or not self.case.coverage.complete:
            raise _UnfinishedError

    def end(self) -> int:
        """Where the last revision ends: what its signature covers, else its end of file."""
        last = len(self.states) - 1
        return max((each.signed.end for index, each in self.judged if index == last), default=self.states[-1].end)

    def trailing(self) -> None:
        """Bytes that no signature covers: behind the last end of file, or between unsigned objects."""
        end = self.end()
        rest = self.data[end:]
        good = max((each.signed.end for _, each in self.judged if each.passed and not each.signed.is_stamp), default=0)
        for place in self.loose:
            if place >= good:
                self.keep("fpdf.trailing-content", f"@{place}")
        if rest:
            self.keep("fpdf.trailing-content" if rest.strip(WHITE_SPACE) else "fpdf.trailing-bytes", f"@{end}")

    def evidence(self, revisions: tuple[Revision, ...]) -> None:
        """Evidence looks like evidence; where no good signature covers a revision, it is evidence and nothing else.

        Anybody can have such a revision timestamped.
        """
        self.malformed(revisions)
        last = max((index for index, each in self.judged if each.passed and not each.signed.is_stamp), default=-1)
        later = any(each.change is not None for each in revisions[last + 1:])
        if later and all(each.passed for _, each in self.judged):   # with an unknown authority nothing can be verified
            links = self.links()
            odd = next(filter(None, (odd_evidence(state, links) for state in self.states[last + 1:])), "")
            if odd:
                self.keep("fpdf.evidence-odd", odd)

    def malformed(self, revisions: tuple[Revision, ...]) -> None:
        """What came as evidence with a revision and cannot be any, whoever signed it later."""
        for state, each in zip(self.states, revisions, strict=True):
            signed = each.change is None and state.root.get("DSS") is not None
            if signed or (each.change is not None and Kind.EVIDENCE in each.change.kinds):
                odd = malformed_evidence(state)
                if odd:
                    self.keep("fpdf.evidence-odd", odd)
                    return

    def links(self) -> Links:
        """What the evidence is held against: the chains of all signatures and timestamps, which were good."""
        paths = [chain.path for _, each in self.judged for chain in (each.chain, each.stamp_chain) if chain is not None]
        return Links(anchors=tuple(one for group in (self.trust.roots, self.trust.tsa, *paths) for one in group),
                     leaves=tuple(path[0] for path in paths), between=self.trust.intermediates)

    def covered(self, revisions: tuple[Revision, ...]) -> Coverage:
        """One entry a revision, with the good signatures that cover it."""
        good = [(index, each.evidence.id) for index, each in self.judged if each.passed]
        entries: list[CoveredEntry] = []
        for place, each in enumerate(revisions):
            by = tuple(name for index, name in good if index >= place)
            first = each.change is None
            state = "unprotected"
            if each.harmless and (by or not first):
                state = "protected" if by else "signature"
            entries.append(CoveredEntry(
                name=f"revision {each.number}: bytes {each.start}-{each.end}", state=state, by=by,
                role="signature" if each.harmless and not first else "picture",
                part="signature" if each.harmless and not first else "document"))
        end = self.end()
        if end < len(self.data):
            entries.append(CoveredEntry(name=f"bytes {end}-{len(self.data)}", state="unprotected", role="unreached"))
        return Coverage(complete=all(each.state in ("protected", "signature") for each in entries),
                        entries=tuple(entries))

    # -- trust

    def trusted(self) -> None:
        case = self.case
        case.without_trust()
        outcomes = [*(each for _, each in self.judged), *self.unplaced]
        case.demonstration([each.signer for each in outcomes if each.signer is not None])
        if not any(each.chain is not None for each in outcomes):
            raise _UnfinishedError

