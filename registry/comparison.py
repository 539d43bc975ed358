"""Holding the registry against a published status list: what a restored home has forgotten since its backup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from certs.status_list import SealState, StatusList
from registry.public_seals import PublicSeal

__all__ = ["Difference", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One seal of which list and registry differ; ``here`` is None where the registry has no such seal."""

    seal_id: str
    listed: SealState
    here: SealState | None


def compare(listed: StatusList, seals: Sequence[PublicSeal]) -> list[Difference]:
    """Return the seals of the list that the registry knows otherwise or not at all, by identifier.

    Seals that are newer than the list, and so not in it, are no difference.
    """
    known = {seal.seal_id: seal.status for seal in seals}
    found = []
    for seal_id, status in sorted(listed.seals.items()):
        here = known.get(seal_id)
        if here is None or here.digest != status.digest:
            found.append(Difference(seal_id=seal_id, listed=status.state, here=None))
        elif here.state is not status.state:
            found.append(Difference(seal_id=seal_id, listed=status.state, here=here.state))
    return found
