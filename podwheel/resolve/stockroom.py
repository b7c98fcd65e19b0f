"""The shelves of a run: a project's files are sorted out once, however many resolutions ask for it.

A run resolves the environment of each of its builds, and most of them want the same few backends,
of which there are a thousand files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podwheel.resolve.candidates import stock

if TYPE_CHECKING:
    import datetime

    from packaging.utils import NormalizedName

    from podwheel.model import File, Format, Hash
    from podwheel.resolve.candidates import Rules, Shelf

    Key = tuple[NormalizedName, Format, datetime.datetime | None, frozenset[Hash] | None, bool]


class Stockroom:
    """Shelves of one target; safe to share between threads."""

    def __init__(self) -> None:
        self._shelves: dict[Key, tuple[tuple[File, ...], Shelf]] = {}

    def shelf(
        self,
        name: NormalizedName,
        files: tuple[File, ...],
        *,
        form: Format,
        rules: Rules,
        hashes: frozenset[Hash] | None = None,
        locked: bool = False,
    ) -> Shelf:
        """As `stock`; the same shelf as long as *files* is the same object."""
        key = (name, form, rules.exclude_newer, hashes, locked)
        known = self._shelves.get(key)
        if known is None or known[0] is not files:
            known = (
                files,
                stock(name, files, form=form, rules=rules, hashes=hashes, locked=locked),
            )
            self._shelves[key] = known
        return known[1]
