"""``make demo``: the main job once from end to end, as the commands that a user would type.

Makes a demo home, issues the worked examples of K0, verifies what came out, and says where it lies.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import layouts

__all__ = ["main"]

SAMPLES = ("example-1.json", "example-2.json")


def _zhengyin(*words: str | Path, allowed: tuple[int, ...] = (0,)) -> str:
    """Run one command of zhengyin and return what it says; end the demo with any exit code that is not allowed."""
    print("$ zhengyin " + " ".join(str(word) for word in words), flush=True)
    result = subprocess.run(  # noqa: S603 - our own command, words given above
        [sys.executable, "-m", "cli.main", *map(str, words)],
        capture_output=True, text=True, encoding="utf-8")
    if result.returncode not in allowed:
        print(result.stdout + result.stderr, file=sys.stderr)
        raise SystemExit(result.returncode)
    return result.stdout


def main() -> None:
    """Run the demo below the folder that ``--folder`` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("demo"))
    folder: Path = parser.parse_args().folder
    home, records, out = folder / "home", folder / "records", folder / "out"
    print(_zhengyin("certs", "demo", "--home", home))
    records.mkdir(parents=True, exist_ok=True)
    for sample in SAMPLES:
        (records / sample).write_bytes(layouts.resource("K0", f"samples/{sample}"))
        print(_zhengyin("issue", records / sample, "--home", home, "--out", out))
    files = sorted([*out.glob("*.ofd"), *out.glob("*.pdf")])
    # the examples end in 2028 and 2031: then they are genuine and expired, and verify answers with 1
    reports = [json.loads(_zhengyin("verify", file, "--home", home, "--json", allowed=(0, 1))) for file in files]
    print()
    for file, report in zip(files, reports, strict=True):
        print(f"{file}  ({file.stat().st_size / 1000:.0f} KB)")
        print(f"  文件 document: {report['verdict_zh']} / {report['verdict_en']}"
              f"    证照 licence: {report['status']['zh']} / {report['status']['en']}")
    if any(report["verdict"] != "valid" for report in reports):
        raise SystemExit("一份文件未被判为真实 / a file is not called genuine")
    print(f"\n一份完整的核验报告 / one whole report:\n  zhengyin verify {files[0]} --home {home}")
    print("演示证书不具法律效力 / demonstration certificates have no legal effect")


if __name__ == "__main__":
    main()
