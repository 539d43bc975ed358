"""`make bench`: documents a second on one core in one warm process, beside ofdrw doing its part in the same run.

Figures are of this machine and this moment: read the ratios, and where the time goes. The home is a fresh one
in a temporary folder; every record is the worked example with another number and address. Then files are verified, on
one core and on all, beside pyHanko too, and licences are timestamped. At the end the commands of the registry are
timed with ten thousand seals.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docgen
import layouts
from bench.checks import measure_checks
from bench.keys import measure_keys
from bench.renewals import measure_renewals
from bench.seals import measure_seals
from bench.stages import Stages
from bench.timestamps import measure_timestamps
from certs.home import Home
from certs.trust import Trust
from docgen import assembly, issuing
from docgen.imprint import draw_imprint
from docgen.ledger import Ledger, Reservation
from registry.demo import DEFAULT_AUTHORITIES, LOWER_LINE, make_demo
from tests.interop.judges import FormJudge, judges_built
from verify import verify

STAGES: list[tuple[object, str, str]] = [
    (issuing, "validate", "check the record"),
    (assembly, "compose", "draw the pages (with QR code)"),
    (assembly, "require_legible", "check the face before sealing"),
    (assembly, "require_same_face", "check the face before sealing"),
    (assembly, "_signed_pdf", "write and sign the PDF"),
    (assembly, "write_ofd", "write the OFD"),
    (assembly, "seal_ofd", "seal the OFD"),
    (assembly, "pack", "pack"),
    (issuing, "export", "write both files (fsync)"),
    (Ledger, "reserve", "ledger (fsync)"),
    (Reservation, "keep", "ledger (fsync)"),
]
PARTS: list[tuple[object, str, str]] = [
    (assembly, "compose", "draw"), (assembly.pdf_writer, "write_pdf", "draw"), (assembly, "write_ofd", "draw"),
    (assembly, "_signed_qr", "sign"), (assembly, "sign_pdf", "sign"), (assembly, "seal_ofd", "sign"),
]


def records(sample: str, count: int, first: int) -> list[dict[str, Any]]:
    """``count`` records that differ in number and address, numbered from ``first``."""
    base = docgen.read_record(layouts.resource("K0", f"samples/{sample}.json"))
    made = []
    for number in range(first, first + count):
        text = f"1401001320259{number:04d}" if number < 10000 else ""
        made.append({**base, "许可证编号": text, "二维码": f"https://lookup.example.invalid/l/{text}"})
    return made


def rate(work: list[Any], act: Callable[[Any], Any]) -> tuple[float, float]:
    """Documents a second by the clock, and the median milliseconds of one."""
    times = []
    for item in work:
        start = time.perf_counter()
        act(item)
        times.append(time.perf_counter() - start)
    return len(times) / sum(times), statistics.median(times) * 1000


def line(name: str, figures: tuple[float, float], peer: float | None = None) -> None:
    """Print one row."""
    beside = f"   ofdrw {peer:7.1f}/s   ratio {figures[0] / peer:5.1f}" if peer else ""
    print(f"  {name:<34}{figures[0]:7.1f}/s  {figures[1]:6.1f} ms{beside}")


def ofdrw_rates(folder: Path, package: Path, runs: int) -> list[float] | None:
    """ofdrw's draw, seal and check, a second each by the clock, and its checks for each second of processor time.

    None where the judges are not built.
    """
    if not judges_built("forms"):
        return None
    import zipfile

    with zipfile.ZipFile(package) as archive:
        (folder / "Seal.esl").write_bytes(archive.read("Doc_0/Signs/Sign_0/Seal.esl"))
    certificate = next((folder / "home" / "authorities").glob("*/*/sealing.cer"))
    sample = json.loads(layouts.resource("K0", "samples/example-1.json"))
    (folder / "lines.txt").write_text(
        "\n".join(f"{label} {value}" for label, value in sample.items() if isinstance(value, str)), encoding="utf-8")
    with FormJudge() as judge:
        answer = judge.ask("ofdrw-bench", package, folder / "Seal.esl", certificate, folder / "lines.txt", runs)
    if not answer.ok:
        print(f"  ofdrw: {answer.text}")
        return None
    return [float(word) for word in answer.text.split("\t")]


def measure(sample: str, home: Home, folder: Path, count: int, first: int) -> tuple[list[Path], float | None]:
    """Measure one worked example and print its rows.

    Returns:
        The packages, and how many of them ofdrw checks for each second of processor time.
    """
    issuer = docgen.Issuer(home)
    warm, work, split = (records(sample, n, first + start) for n, start in ((8, 0), (count, 8), (count, 8 + count)))
    rate(warm, lambda record: issuer.issue(record, out=folder / "out"))
    whole, parts = Stages(), Stages()
    with whole.watching(STAGES):
        issued = rate(work, lambda record: issuer.issue(record, out=folder / "out"))
    with parts.watching(PARTS):
        rate(split, lambda record: issuer.issue(record, out=folder / "out"))
    files = sorted((folder / "out").glob("*.ofd"))[-count:]
    renditions = [file.with_suffix(".pdf") for file in files]
    trust = Trust.load(home.trust_dir)
    reports = [verify(file, trust=trust) for file in files[:4]]
    if not all(report.verdict == "valid" for report in reports):
        raise SystemExit("a package of ours is not called genuine")
    checked = rate(files, lambda file: verify(file, trust=trust))
    checked_pdf = rate(renditions, lambda file: verify(file, trust=trust))
    peer = ofdrw_rates(folder, files[0], max(10, count // 4)) or [None] * 4

    def part(name: str) -> tuple[float, float]:
        return count / parts.seconds[name], parts.seconds[name] / count * 1000

    kilobytes = [file.stat().st_size / 1000 for file in (files[0], renditions[0])]
    print("\n{}: package {:.0f} KB, rendition {:.0f} KB".format(sample, *kilobytes))
    line("draw both (PDF and OFD)", part("draw"), peer[0])
    line("sign both, and the QR code", part("sign"), peer[1])
    line("whole package, kept and written", issued)
    line("verify a package", checked, peer[2])
    line("verify a rendition", checked_pdf)
    print("  where the time of a whole package goes:")
    total = issued[1] * count / 1000
    for stage, seconds in sorted(whole.seconds.items(), key=lambda one: -one[1]):
        print(f"    {stage:<34}{seconds / count * 1000:6.2f} ms  {seconds / total:5.0%}")
    return files, peer[3]


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=100, help="documents of each kind")
    parser.add_argument("--seals", type=int, default=10_000, help="seals in the registry; 0 leaves this part out")
    parser.add_argument("--renewals", type=int, default=5_000, help="files whose evidence is renewed at a time")
    asked = parser.parse_args()
    count = asked.n
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else [0]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory(prefix="zhengyin-bench-") as name:
        folder = Path(name)
        make_demo(
            folder / "home", DEFAULT_AUTHORITIES, now=datetime.now(UTC), environ={},
            draw=lambda org, mm: draw_imprint(org, diameter_mm=mm, lower_line=LOWER_LINE), kinds=layouts.kinds())
        home = Home.open(folder / "home", environ={})
        print("one core, one warm process; documents a second and median milliseconds")
        packages, ofdrw = measure("example-1", home, folder, count, 1)
        measure("example-2", home, folder, count, 5000)
        measure_checks(packages, home.trust_dir, cores, ofdrw)
        measure_keys(home.path, folder / "keys", cores, count=count)
        measure_timestamps(home.path, folder / "stamped", cores, count=2 * count, first=9000)
    measure_renewals(asked.renewals)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory of this process {peak:.0f} MB")
    if asked.seals:
        measure_seals(asked.seals)


if __name__ == "__main__":
    main()
