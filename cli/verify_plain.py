"""``zhengyin verify FILE``, as most call it, read without the library for command lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["verify_plain"]

_FLAGS: Final = {"--json": "as_json", "--require-status": "require_status"}
_FOLDERS: Final = {"--trust": "trust", "--home": "home"}


@dataclass(slots=True)
class _Asked:
    """What is wanted of one file."""

    file: Path | None = None
    trust: Path | None = None
    home: Path | None = None
    as_json: bool = False
    require_status: bool = False


def verify_plain(words: Sequence[str]) -> int | None:
    """Verify one file, and return the exit code.

    Args:
        words: those of the command line.

    Returns:
        None where anything else is asked than one file that is there, a trust folder, a home, JSON or the status, each
        at most once: then nothing was done.
    """
    asked = _read(words)
    if asked is None or asked.file is None:
        return None
    from cli.kind_folders import add_kinds
    from cli.main import print_error
    from cli.verify_one import exit_code_of, for_verifiers, trust_folder, verify_one
    from codes.errors import EngineError
    from layouts.folders import added_folders
    from verify.contained import Verifiers

    try:
        add_kinds(None, asked.home)
        with Verifiers(trust=trust_folder(asked.trust, asked.home), kinds=added_folders()) as verifiers:
            return verify_one(asked.file, verifiers, None, asked.require_status, asked.as_json, [], asked.home, None,
                              None)
    except EngineError as error:
        print_error(for_verifiers(error))
        return exit_code_of(error)


def _read(words: Sequence[str]) -> _Asked | None:
    """What the words ask, None where it is more than is understood here."""
    if not words or words[0] != "verify":
        return None
    asked, given = _Asked(), set[str]()
    rest = iter(words[1:])
    for word in rest:
        if word in given or not word:
            return None
        given.add(word)
        if word in _FLAGS:
            setattr(asked, _FLAGS[word], True)
        elif word in _FOLDERS:
            folder = next(rest, "")
            if not folder or not Path(folder).is_dir():
                return None
            setattr(asked, _FOLDERS[word], Path(folder))
        elif word.startswith("-") or asked.file is not None or not Path(word).is_file():
            return None
        else:
            asked.file = Path(word)
    return asked
