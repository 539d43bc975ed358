"""Which kinds a command knows beside those that ship: named folders, the environment's, the home's."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["KINDS_HELP", "KINDS_VARIABLE", "add_kinds", "add_named_kinds"]

KINDS_VARIABLE = "ZHENGYIN_KINDS"
KINDS_HELP = "另有证照种类的目录，另取 ZHENGYIN_KINDS 和工作目录的 kinds_folder / a further folder with kinds"


def add_kinds(folders: list[Path] | None, home: Path | None = None) -> None:
    """Make the kinds of these folders known to the process, so that issuing and verifying know the same ones.

    Args:
        folders: named on the command line; then those of ``ZHENGYIN_KINDS`` (separated as in ``PATH``).
        home: a home whose ``kinds_folder`` counts too; None for the one that ``ZHENGYIN_HOME`` names, if any.

    Raises:
        KindError: a folder is missing, or two kinds have one code.
        HomeError: the home that is named cannot be used.
    """
    from certs.config import HomeCode, HomeError, find_home, load_config
    from layouts import add_folder

    add_named_kinds(folders)
    try:
        path = find_home(home, os.environ)
    except HomeError as error:
        if error.code is HomeCode.NONE:
            return
        raise
    own = load_config(path).kinds_folder
    if own:
        add_folder(path / own)


def add_named_kinds(folders: list[Path] | None) -> None:
    """Make the kinds of these folders, and of those that ``ZHENGYIN_KINDS`` names, known to the process.

    Raises:
        KindError: a folder is missing, or two kinds have one code.
    """
    from layouts import add_folder

    named = [Path(one) for one in os.environ.get(KINDS_VARIABLE, "").split(os.pathsep) if one]
    for folder in [*(folders or []), *named]:
        add_folder(folder)
