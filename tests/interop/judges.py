"""The judges in Java, each one process that answers a line for a line."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

FOLDER = Path(__file__).parent / "java"


def judges_built(module: str) -> bool:
    """Whether ``make judges`` (of ``pades``: ``make peers``) has built this module."""
    return (FOLDER / module / "target" / "classpath.txt").is_file() and _jar(module).is_file()


def _jar(module: str) -> Path:
    return FOLDER / module / "target" / f"{module}-1.jar"


@dataclass(frozen=True)
class Answer:
    """What a judge said: yes or no, and its words."""

    ok: bool
    text: str


class _Judge:
    """A Java process: one command a line in (words separated by tabs), one answer a line out."""

    module: str
    main: str

    def __enter__(self) -> Self:
        classpath = (FOLDER / self.module / "target" / "classpath.txt").read_text().strip()
        self._process = subprocess.Popen(
            ["java", "-Xmx1g", "-Djava.awt.headless=true", "-cp", f"{_jar(self.module)}:{classpath}", self.main],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=120)

    def ask(self, *words: object) -> Answer:
        """Send one command and wait for its answer."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write("\t".join(str(word) for word in words) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline().rstrip("\n")
        if not line:
            raise RuntimeError(f"the judge {self.main} has died")
        head, _, text = line.partition("\t")
        return Answer(head == "ok", text)


class FormJudge(_Judge):
    """veraPDF (PDF/A-3b) and ofdrw (reading, SES v4 validation, pictures, text)."""

    module, main = "forms", "judges.Forms"

    def pdf_a(self, file: Path) -> Answer:
        """Is this PDF/A-3b?"""
        return self.ask("verapdf", file)

    def ofd_valid(self, file: Path) -> Answer:
        """Does ofdrw's SES v4 validation accept this file?"""
        return self.ask("ofdrw-validate", file)

    def write_seal(
        self, form: str, out: Path, *, key: Path, maker: Path, signer: Path, picture: Path, name: str, es_id: str,
        diameter_mm: int, created: datetime, start: datetime, end: datetime,
    ) -> Path:
        """Have ofdrw write a seal: ``v1``, ``v4``, ``v4-digest`` or ``v5``; ``key`` is the maker's plain PKCS#8."""
        moments = (int(moment.timestamp()) for moment in (created, start, end))
        return self._written("ofdrw-seal", form, key, maker, signer, picture, name, es_id, diameter_mm, *moments, out)

    def make_ofd(self, out: Path, *options: str, picture: Path, attachment: Path) -> Path:
        """Have ofdrw write a document; ``options``: pages, image, annotation, watermark, attachment."""
        return self._written("ofdrw-make", out, picture, attachment, *options)

    def edit_ofd(self, file: Path, out: Path, *options: str, attachment: Path) -> Path:
        """Have ofdrw add to a file, signed or not; ``options``: annotation (on page 1), watermark, attachment."""
        return self._written("ofdrw-edit", file, out, attachment, *options)

    def sign_ofd(self, form: str, file: Path, out: Path, *options: str, key: Path, certificate: Path,
                 seal: Path) -> Path:
        """Have ofdrw sign: ``ses-v1``, ``ses-v4``, ``gbt35275``, ``gbt35275-pkcs9``; ``key`` is plain PKCS#8.

        ``options``: whole (protects the list of signatures too), riding (a seal across the pages), standard-id.
        """
        return self._written("ofdrw-sign", form, file, out, key, certificate, seal, *options)

    def _written(self, *words: object) -> Path:
        answer = self.ask(*words)
        if not answer.ok:
            raise AssertionError(answer.text)
        return Path(answer.text)

    def ofd_pictures(self, file: Path, folder: Path, pixels_per_mm: float) -> list[Path]:
        """Draw each page as PNG with ofdrw; returns the files in page order."""
        answer = self.ask("ofdrw-render", file, folder, pixels_per_mm)
        if not answer.ok:
            raise AssertionError(answer.text)
        return [Path(word) for word in answer.text.split("\t")]

    def ofd_text(self, file: Path) -> list[str]:
        """The text of each page as ofdrw extracts it."""
        answer = self.ask("ofdrw-text", file)
        if not answer.ok:
            raise AssertionError(answer.text)
        return answer.text.split("\f")[:-1]


class CryptoJudge(_Judge):
    """BouncyCastle on SM2 certificates, CRLs, requests, e-seals, e-seal signatures, timestamps, OCSP, evidence."""

    module, main = "crypto", "judges.Crypto"

    def certificate(self, leaf: Path, issuer: Path) -> Answer:
        return self.ask("certificate", leaf, issuer)

    def crl(self, crl: Path, issuer: Path) -> Answer:
        return self.ask("crl", crl, issuer)

    def request(self, request: Path) -> Answer:
        return self.ask("request", request)

    def seal(self, seal: Path) -> Answer:
        return self.ask("seal", seal)

    def seal_signature(self, signature: Path, signature_xml: Path, path_in_package: str) -> Answer:
        return self.ask("seal-signature", signature, signature_xml, path_in_package)

    def timestamp(self, token: Path, message: Path, tsa: Path) -> Answer:
        """Is this a token over the message by the holder of the certificate? The text is its time (POSIX seconds)."""
        return self.ask("timestamp", token, message, tsa)

    def timestamp_response(self, response: Path, request: Path, message: Path, tsa: Path) -> Answer:
        """Does this response answer that request, with such a token?"""
        return self.ask("timestamp-response", response, request, message, tsa)

    def evidence(self, record: Path, data: Path) -> Answer:
        """Does this evidence record hold for the data, each archive time-stamp in its turn? The text is their times."""
        return self.ask("evidence", record, data)

    def evidence_root(self, digest_oid: str, *files: Path) -> bytes:
        """The root of BouncyCastle's hash tree over files."""
        answer = self.ask("evidence-root", digest_oid, *files)
        if not answer.ok:
            raise AssertionError(answer.text)
        return bytes.fromhex(answer.text)

    def make_evidence(self, digest_oid: str, response: Path, *files: Path) -> Answer:
        """Have BouncyCastle write an evidence record beside each file (``.er``), under a timestamp response."""
        return self.ask("evidence-make", digest_oid, response, *files)

    def make_ocsp(self, out: Path, *, key: Path, algorithm: str, responder: Path, request: Path, status: str,
                  this_update: datetime, next_update: datetime) -> Answer:
        """Have BouncyCastle answer a request: ``good``, ``revoked`` (since ``this_update``) or ``unknown``.

        ``key`` is plain PKCS#8 DER, ``algorithm`` as Java calls it (``SM3withSM2``).
        """
        moments = (int(moment.timestamp()) for moment in (this_update, next_update))
        return self.ask("ocsp-make", key, algorithm, responder, request, status, *moments, out)

    def make_crl(self, out: Path, *serials: int, key: Path, algorithm: str, ca: Path, this_update: datetime,
                 next_update: datetime, scope: str = "all") -> Answer:
        """Have BouncyCastle make a list on ``all``, ``users``, ``cas`` or the distribution point of a URL."""
        moments = (int(moment.timestamp()) for moment in (this_update, next_update))
        return self.ask("crl-make", key, algorithm, ca, *moments, scope, out, *serials)

    def path(self, leaf: Path, anchor: Path, at: datetime, *crls: Path) -> Answer:
        """Is a certificate below an anchor good at a time by these lists, and by no others?"""
        return self.ask("path", leaf, anchor, int(at.timestamp()), *crls)

    def ocsp(self, response: Path, leaf: Path, issuer: Path) -> Answer:
        """What does this answer say of the certificate: ``good``, ``unknown``, ``revoked`` with the reason's number?"""
        return self.ask("ocsp", response, leaf, issuer)


class PadesJudge(_Judge):
    """The EU's DSS on signatures of PDF; `make peers` builds it."""

    module, main = "pades", "judges.Pades"

    def files_a_second(self, trust: Path, folder: Path) -> float:
        """How many files of a folder are validated for each second of processor time; each must be TOTAL_PASSED.

        Args:
            trust: a folder of DER: ``*.root``, ``*.cer``, ``*.crl``.

        Raises:
            AssertionError: one was not, with what was said of it.
        """
        answer = self.ask("bench", trust, folder)
        if not answer.ok:
            raise AssertionError(answer.text)
        return float(answer.text)
