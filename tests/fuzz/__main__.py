"""The fuzzer's command line.

``python -m tests.fuzz corpus DIR`` makes the seeds; ``run`` looks at whole files, ``parts`` at parts of files before
their readers, and both say what was seen, as JSON; ``show`` writes one whole file of a run and what the verifier says
of it. Exit 1 when a rule was broken.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.fuzz.corpus import load_corpus, make_corpus
from tests.fuzz.inputs import make_input
from tests.fuzz.running import run, run_parts
from verify import verify


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    commands = parser.add_subparsers(dest="command", required=True)
    corpus = commands.add_parser("corpus", help="make the seeds in a new folder")
    running = commands.add_parser("run", help="look at COUNT inputs from number START on")
    parts = commands.add_parser("parts", help="put COUNT parts before their readers from number START on")
    showing = commands.add_parser("show", help="write input NUMBER to OUT")
    for command in (corpus, running, parts, showing):
        command.add_argument("folder", type=Path)
    for command in (running, parts, showing):
        command.add_argument("--seed", type=int, required=True)
    for command in (running, parts):
        command.add_argument("--start", type=int, default=0)
        command.add_argument("--count", type=int, required=True)
    showing.add_argument("--number", type=int, required=True)
    showing.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "corpus":
        make_corpus(options.folder)
        return 0
    loaded = load_corpus(options.folder)
    if options.command == "show":
        made = make_input(loaded, options.seed, options.number)
        options.out.write_bytes(made.data)
        print(made.family, made.seed.name, made.how)
        at = loaded.moment(made.family)
        print(verify(made.data, trust=loaded.trust(made.family), at=at, clock_now=at).to_text())
        return 0
    numbers = range(options.start, options.start + options.count)
    look = run if options.command == "run" else run_parts
    result = look(loaded, options.seed, numbers, options.folder / "faults")
    print(json.dumps(result.to_dict(), ensure_ascii=False, indent=1))
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
