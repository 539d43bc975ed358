"""Others that check signatures, at the files that ours have just verified; each by the processor time that it uses.

They look at signatures alone: ofdrw and sOFD at the seal of a package, pyHanko and the EU's DSS (which know neither SM2
nor OFD) at the signature of a rendition. None compares what the parts of a licence say.
"""

from __future__ import annotations

import io
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from certs.trust import Trust
from certs.x509 import Certificate
from tests.interop.judges import PadesJudge, judges_built

__all__ = ["children_seconds", "dss_rate", "pyhanko_all", "sofd_rate"]

_SOFD: Final = Path(__file__).parent.parent / "build" / "peers" / "bin" / "sofd"


def children_seconds() -> float:
    """Processor time of the processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pyhanko_all(renditions: Sequence[bytes], trust: Trust) -> None:
    """Validate each rendition's signature by pyHanko with the same roots and revocation lists."""
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots, others = ([x509.Certificate.load(each.der) for each in group] for group in (
        _not_sm2(trust.roots), _not_sm2(trust.intermediates)))
    lists = _lists(trust)
    for data in renditions:
        context = ValidationContext(trust_roots=roots, other_certs=others, crls=lists, allow_fetching=False,
                                    moment=datetime.now(UTC))
        status = validate_pdf_signature(PdfFileReader(io.BytesIO(data)).embedded_signatures[0], context)
        if not status.bottom_line:
            raise SystemExit("pyHanko does not take a rendition of ours")


def dss_rate(renditions: Sequence[bytes], trust: Trust) -> float | None:
    """Renditions a second of DSS with the same roots and revocation lists; None where it is not built."""
    if not judges_built("pades"):
        return None
    with tempfile.TemporaryDirectory() as name, PadesJudge() as judge:
        believed, folder = Path(name) / "trust", Path(name) / "renditions"
        believed.mkdir()
        folder.mkdir()
        for ending, files in {"root": [each.der for each in _not_sm2(trust.roots)], "crl": _lists(trust),
                              "cer": [each.der for each in _not_sm2(trust.intermediates)]}.items():
            for number, der in enumerate(files):
                (believed / f"{number}.{ending}").write_bytes(der)
        for number, data in enumerate(renditions):
            (folder / f"{number:06}.pdf").write_bytes(data)
        return judge.files_a_second(believed, folder)


def sofd_rate(packages: Sequence[Path]) -> float | None:
    """Packages a second of sOFD's command, each started anew (that takes it a few ms); None where there is none."""
    program = _SOFD if _SOFD.exists() else shutil.which("sofd")
    if program is None:
        return None
    start = children_seconds()
    for package in packages:
        told = subprocess.run([program, "verify", package], capture_output=True, text=True, check=False)  # noqa: S603
        if told.returncode or ": Valid" not in told.stdout:
            raise SystemExit(f"sOFD does not take a package of ours: {told.stdout[:200]}{told.stderr[:200]}")
    return len(packages) / (children_seconds() - start)


def _not_sm2(certificates: Sequence[Certificate]) -> list[Certificate]:
    return [each for each in certificates if each.key_kind != "sm2"]


def _lists(trust: Trust) -> list[bytes]:
    return [each.der for each in trust.crls if each.signature_algorithm != "sm2-sm3"]
