"""A foreign OFD from its first byte to the verdict: container, structure, signatures, coverage, trust.

Genuine is only a file whose every signature holds and whose picture is protected by them whole. Every oddity of form
that was let pass is told; every doubt weighs.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from certs.x509 import Certificate
from verify.foreign.container import read_container
from verify.foreign.content import XmlFiles
from verify.foreign.coverage import Digests, Judged, compare, cover
from verify.foreign.described import Described, read_described
from verify.foreign.locate import Locator
from verify.foreign.parts import Listed, Structure
from verify.foreign.reasons import FOREIGN_REASONS
from verify.foreign.structure import read_structure
from verify.foreign.value import SignedValue, judge_value, read_value
from verify.foreign.value_reasons import VALUE_REASONS
from verify.judge import Case, guarded
from verify.model import Severity, SignatureEvidence, Verdict
from verify.reasons import Findings, Refusal
from verify.xml import local_name
from verify.zip import Archive

__all__ = ["CHECKS", "judge_foreign_ofd"]

CHECKS: Final = ("container", "structure", "seal", "coverage", "trust")
_HARD: Final = frozenset({
    "seal.changed", "seal.gone", "seal.after-lost", "seal.after-cancelled", "seal.after-suspended",
    "seal.while-suspended", "seal.after-retired", "trust.chain-failed", "xml.doctype", "ofd.path",
    *FOREIGN_REASONS, *VALUE_REASONS,
})
"""What says "not genuine" of a foreign file; what else is odd to us is "cannot say"."""
_CLOCKS_DIFFER_S: Final = 300.0


def judge_foreign_ofd(case: Case) -> None:
    """Run every check on the case's bytes; sets the checks that are demanded."""
    _ForeignJudge(case).run()


class _ForeignJudge:
    """One foreign OFD under examination."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.archive: Archive | None = None
        self.structure: Structure | None = None
        self.digests: Digests | None = None
        self.judged: list[Judged] = []
        self.certificates: list[Certificate] = []

    def run(self) -> None:
        """All checks; later ones go on where earlier ones found fault, as far as they can."""
        case = self.case
        case.demanded = CHECKS
        case.found.soften(_HARD)
        guarded(case, "container", self._container)
        guarded(case, "structure", self._structure)
        guarded(case, "seal", self._seal)
        guarded(case, "coverage", self._coverage)
        guarded(case, "trust", self._trust)
        case.signatures.extend(each.evidence for each in self.judged)
        if case.found.verdict() is Verdict.VALID and not case.found.unfinished(CHECKS):
            case.found.begin("")
            case.found.add("foreign.no-licence")

    def _container(self) -> None:
        self.archive = read_container(self.case.data, self.case.found)
        self.digests = Digests(self.archive)

    def _structure(self) -> None:
        if self.archive is None:
            raise Refusal("file.broken-off", "structure", check="structure")
        found = self.case.found
        self.structure = read_structure(self.archive, XmlFiles(self.archive, found),
                                        Locator(self.archive.entries, found), found)

    def _known(self, check: str) -> tuple[Archive, Structure, Digests]:
        """What the checks before this one found."""
        if self.archive is None or self.structure is None or self.digests is None:
            raise Refusal("file.broken-off", check, check=check)
        return self.archive, self.structure, self.digests

    # -- signatures

    def _seal(self) -> None:
        archive, structure, digests = self._known("seal")
        if not structure.signatures:
            raise Refusal("seal.none", "")
        names = [each.id for each in structure.signatures]
        seen: set[str] = set()
        for number, listed in enumerate(structure.signatures, 1):
            if listed.path in seen:
                self.case.found.add("foreign.signed-twice", listed.path)
                continue
            if listed.path:
                seen.add(listed.path)
            unique = bool(listed.id) and names.count(listed.id) == 1
            self._signature(archive, digests, listed, listed.id if unique else f"#{number} {listed.path}")

    def _signature(self, archive: Archive, digests: Digests, listed: Listed, name: str) -> None:
        """Judge one signature; its findings count for the file, and say how it stands itself."""
        own = Findings()
        own.soften(_HARD)
        described: Described | None = None
        good: frozenset[str] = frozenset()
        evidence = SignatureEvidence(kind=listed.type or "—", indication="INDETERMINATE",
                                     sub_indication="FORMAT_FAILURE")
        try:
            described = self._described(archive, listed, own)
            differing = Findings()
            good = compare(archive, described.references, digests, differing)
            evidence = self._value(archive, listed, described, good, own)
            own.extend(differing.all())  # digests prove something only under a value that can be read
        except Refusal as refusal:
            own.refuse(refusal)
        except Exception as error:       # hostile bytes may break any parser in any way
            own.add("file.unreadable-part", name, check="seal", kind=type(error).__name__)
        evidence = _standing(evidence, own)
        if evidence.indication != "TOTAL-PASSED" and own.verdict() is Verdict.VALID:
            own.add("foreign.signature", name)
        for each in own.all():
            if each.reason.code != "trust.none":           # said once, of the file
                self.case.found.begin("trust" if each.reason.code.startswith("trust.") else "seal")
                self.case.found.keep(each)
        self.case.found.begin("seal")
        self.judged.append(Judged(
            path=listed.path,
            evidence=dataclasses.replace(evidence, id=name, stamps=described.stamps if described else ()),
            references=described.references if described else {}, good=good))

    def _described(self, archive: Archive, listed: Listed, own: Findings) -> Described:
        if not listed.path:
            raise Refusal("seal.missing", listed.location)
        return read_described(listed.path, archive.entries[listed.path].data, listed.pages, XmlFiles(archive, own),
                              Locator(archive.entries, own), own)

    def _value(self, archive: Archive, listed: Listed, described: Described, good: frozenset[str],
               own: Findings) -> SignatureEvidence:
        """Read and judge the signature value; say what the signature's own files are."""
        self._belongs(described.value_path)
        value = read_value(archive.entries[described.value_path].data, where=described.value_path)
        beside = archive.entries[described.seal_path].data if described.seal_path else None
        if value.seal is not None and described.seal_path:
            self._belongs(described.seal_path)
        elif described.seal_path in good and not described.stamps:
            beside = None                # nothing shows it, and it is protected like any other file
        if value.seal is not None:
            folder = listed.path.rpartition("/")[0] + "/"
            for name, entry in archive.entries.items():
                if name.startswith(folder) and entry.data == value.seal.raw:
                    self._belongs(name)  # a copy of the seal inside, though Signature.xml does not name it
        self.certificates += [each for each in (value.signer, value.seal.maker if value.seal else None) if each]
        evidence = judge_value(value, xml=described.data, judge=self.case.judge, found=own,
                               where=described.value_path, seal_file=beside)
        _note_claims(listed, described, value, own)
        return evidence if evidence.claimed_at else dataclasses.replace(evidence, claimed_at=described.claimed_at)

    def _belongs(self, name: str) -> None:
        """An entry that nothing else leads to is this signature's own."""
        structure = self._known("seal")[1]
        if structure.roles.get(name) == "unreached":
            structure.roles[name], structure.parts[name] = "signature", "signature"

    # -- coverage and trust

    def _coverage(self) -> None:
        archive, structure, digests = self._known("coverage")
        self._require_listed(archive, structure)
        self.case.coverage = cover(archive, structure, self.judged, digests, self.case.found)

    def _require_listed(self, archive: Archive, structure: Structure) -> None:
        """Refuse that a signature is left out of the lists which a later one covers: it stood there before."""
        files = XmlFiles(archive, Findings())                # nothing shows them: how they are written is no matter
        for each in self.judged:
            for name in sorted(each.good) if each.passed else ():
                if structure.roles.get(name) == "unreached" and _is_signature(name, archive, files):
                    self.case.found.add("foreign.unlisted", name, id=each.evidence.id)

    def _trust(self) -> None:
        self.case.without_trust()
        self.case.demonstration(self.certificates)


def _is_signature(name: str, archive: Archive, files: XmlFiles) -> bool:
    """Whether an entry describes a signature, or is the value of one."""
    root = files.root(name, weighs=False)
    if root is not None:
        return local_name(root) == "Signature"
    try:
        read_value(archive.entries[name].data, where=name)
    except Refusal:
        return False
    return True


def _standing(evidence: SignatureEvidence, own: Findings) -> SignatureEvidence:
    """The signature with what was found beside its value: digests first."""
    weighing = [each for each in own.all() if each.severity is not Severity.NOTE]
    codes = {each.reason.code for each in weighing}
    indication, sub = evidence.indication, evidence.sub_indication
    if indication != "TOTAL-FAILED":
        if "seal.changed" in codes:
            indication, sub = "TOTAL-FAILED", "HASH_FAILURE"
        elif "seal.gone" in codes:
            indication, sub = "TOTAL-FAILED", "SIGNED_DATA_NOT_FOUND"
        elif any(each.severity is Severity.INVALID for each in weighing):
            indication, sub = "TOTAL-FAILED", sub or "FORMAT_FAILURE"
        elif weighing and indication == "TOTAL-PASSED":
            indication, sub = "INDETERMINATE", "SIG_CONSTRAINTS_FAILURE"
    return dataclasses.replace(evidence, indication=indication, sub_indication=sub,
                               reasons=tuple(dict.fromkeys(each.reason for each in own.all())))


def _note_claims(listed: Listed, described: Described, value: SignedValue, own: Findings) -> None:
    """What the XML says of the signature and the value does not."""
    sealed = value.seal is not None
    if listed.type and (listed.type == "Seal") != sealed:
        own.add("form.signature-type", described.path, type=listed.type, form=value.form)
    if value.claimed_at and described.claimed_at and abs(
            (value.claimed_at - described.claimed_at).total_seconds()) > _CLOCKS_DIFFER_S:
        own.add("form.signature-time", described.path)
