"""How fast files are verified: on one core, on all, and from a cold start; beside others that check signatures.

The others look at signatures alone, ours at all that a licence says and shows. DSS (which knows no SM2 and no OFD) and
sOFD (of which there is no package to install) are not among them.
"""

from __future__ import annotations

import io
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from certs.trust import Trust
from verify import verify
from verify.contained import Verifiers

__all__ = ["measure_checks"]

_COLD: Final = 5


def measure_checks(packages: Sequence[Path], trust_dir: Path, cores: Sequence[int], ofdrw: float | None) -> None:
    """Print the rows.

    Args:
        packages: our own, each with its rendition beside it; no two are alike.
        trust_dir: the trust folder by which they are genuine.
        cores: of this machine, the first is that of the present process.
        ofdrw: packages a second of ofdrw's validator on one core; it looks at the signature alone.
    """
    trust = Trust.load(trust_dir)
    renditions = [package.with_suffix(".pdf").read_bytes() for package in packages]
    seconds = _processor_seconds(lambda: [verify(package, trust=trust) for package in packages])
    print("\nverifying packages of ours, whole (processor time; another package each time)")
    _row("one core, one warm process", len(packages) / seconds)
    if ofdrw:
        _row("  ofdrw, the seal's signature alone", ofdrw)
    print(f"  {'one file from a cold start':<40}{_cold_start(packages[0], trust_dir):8.2f} s")
    if len(cores) > 1:
        os.sched_setaffinity(0, set(cores))
        _row(f"{len(cores)} cores, contained children, by the clock", _contained(packages, trust_dir, len(cores)))
        os.sched_setaffinity(0, {cores[0]})
    print("verifying the renditions")
    seconds = _processor_seconds(lambda: [verify(data, trust=trust) for data in renditions])
    _row("signature, pages, data, QR code", len(renditions) / seconds)
    _row("  pyHanko, the signature alone", len(renditions) / _processor_seconds(lambda: _pyhanko(renditions, trust)))


def _row(name: str, rate: float) -> None:
    print(f"  {name:<40}{rate:8.1f}/s")


def _processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _cold_start(package: Path, trust_dir: Path) -> float:
    """Processor seconds of the command for one file, the median of a few; compiled before, as an installed one is."""
    command = [Path(sys.executable).with_name("zhengyin"), "verify", package, "--trust", trust_dir]

    def once() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        once()
        return statistics.median(once() for _ in range(_COLD))


def _contained(packages: Sequence[Path], trust_dir: Path, children: int) -> float:
    """Packages a second by the clock, when children are warm."""
    with Verifiers(trust=trust_dir, children=children) as verifiers:
        list(verifiers.verify_many(packages[:4 * children]))
        start = time.perf_counter()
        answers = [answer for _, answer in verifiers.verify_many(packages)]
        taken = time.perf_counter() - start
    if any(isinstance(answer, Exception) or answer.report["verdict"] != "valid" for answer in answers):
        raise SystemExit("a package of ours is not called genuine")
    return len(packages) / taken


def _pyhanko(renditions: Sequence[bytes], trust: Trust) -> None:
    """Validate each rendition's signature by pyHanko with the same roots and revocation lists."""
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    roots, others = ([x509.Certificate.load(each.der) for each in group if each.key_kind != "sm2"]
                     for group in (trust.roots, trust.intermediates))
    lists = [each.der for each in trust.crls if each.signature_algorithm != "sm2-sm3"]
    for data in renditions:
        context = ValidationContext(trust_roots=roots, other_certs=others, crls=lists, allow_fetching=False,
                                    moment=datetime.now(UTC))
        status = validate_pdf_signature(PdfFileReader(io.BytesIO(data)).embedded_signatures[0], context)
        if not status.bottom_line:
            raise SystemExit("pyHanko does not take a rendition of ours")
