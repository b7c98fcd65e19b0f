"""Resolutions that were made before, as long as they hold.

For a while one is used again as it is (`Workshop.fresh_for`). After that, and with ``--refresh``, what it
was made from is looked at: the pages of all projects that the resolver asked for, and what built
wheels said of the sources that it chose. Where nothing of it has changed it would be made again as it is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from packaging.utils import NormalizedName, canonicalize_name

from podwheel import log
from podwheel.errors import ProjectNotFound
from podwheel.index.urls import scrubbed
from podwheel.model import Freshness, LocalDirectory, Resolution
from podwheel.resolve.documents import resolution_from_json, resolution_to_json
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from podwheel.build.workshop import Workshop
    from podwheel.index import Index
    from podwheel.index.index import Then
    from podwheel.model import File, Wanted
    from podwheel.resolve.inputs import Policy, Preferred
    from podwheel.resolve.metadata import StaticMetadata

_KIND: Final = "resolution"


@frozen(kw_only=True)
class KeptResolutions:
    """Those of a target."""

    workshop: Workshop
    static: StaticMetadata

    def question(
        self,
        wanted: Sequence[Wanted],
        constraints: Sequence[Wanted],
        policy: Policy,
        preferred: Preferred,
    ) -> str:
        """Names all that a resolution depends on, but for what the indexes say."""
        shop = self.workshop
        return digest_of(
            {
                "wanted": [_described(w) for w in wanted],
                "constraints": [_described(w) for w in constraints],
                "policy": _policy_described(policy),
                "preferred": [
                    preferred.tree.digest,
                    sorted(preferred.but),
                    Resolution(pins=preferred.seeds).digest,
                ],
                "python": shop.target.fingerprint,
                "indexes": [*shop.request.indexes.urls, "", *shop.request.indexes.find_links],
            }
        )

    def known(self, key: str) -> Resolution | None:
        """The answer that was kept, if it is fresh, or what it was made from is as it was.

        Raises:
            IndexUnreachable: What it was made from cannot be looked at.
        """
        shop = self.workshop
        kept = shop.store.read(_KIND, key)
        known = None if kept is None else resolution_from_json(kept["resolution"])
        if kept is None or known is None or shop.freshness is Freshness.OFFLINE:
            return known
        asks = shop.freshness is Freshness.REFRESH
        if not asks and time.time() - kept["time"] < shop.fresh_for:
            return known
        names = [canonicalize_name(name) for name in kept.get("pages") or ()]
        if not names:
            return None
        shop.index.prefetch(names)
        if kept != {**kept, **self._grounds(known, names)}:
            return None
        shop.store.write(_KIND, key, {**kept, "time": time.time()})
        log.get().debug("resolve.holds", packages=len(known.pins), pages=len(names))
        return known

    def keep(self, key: str, result: Resolution, asked: Collection[NormalizedName]) -> None:
        """Keep an answer, for which the resolver *asked* for these projects."""
        document = resolution_to_json(result)
        if any(isinstance(p.direct, LocalDirectory) for p in result.pins) or has_login(document):
            return  # a directory's metadata changes under us, and has no freshness; a login is not for the disk
        grounds = {}
        if all(pin.file is not None and pin.file.sha256 for pin in result.pins):
            grounds = self._grounds(result, sorted(asked))
        now = {"time": time.time(), "resolution": document}
        self.workshop.store.write(_KIND, key, now | grounds)

    def _grounds(self, resolution: Resolution, names: Sequence[NormalizedName]) -> dict[str, Any]:
        """What a resolution rests on that may change: the projects' pages, what built wheels said.

        Returns:
            Part of the document; without pages, where not all of it can be named.
        """
        index, states = self.workshop.index, {}
        for name in names:
            try:
                state = index.state(name)
            except ProjectNotFound:
                state = ""
            if state is None:
                return {"pages": {}}
            states[name] = state
        files = [pin.file for pin in resolution.pins if pin.file is not None]
        return {"pages": states, "words": [self.static.word(file.sha256) for file in files]}


class Noting:
    """The index, for a resolver; notes which projects it asks for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.asked: set[NormalizedName] = set()

    def files(self, name: NormalizedName) -> tuple[File, ...]:
        self.asked.add(name)
        return self._index.files(name)

    def prefetch(self, names: Iterable[NormalizedName], then: Then | None = None) -> None:
        self._index.prefetch(names, then)


def has_login(document: Any) -> bool:
    """Whether a URL with a login is anywhere in a JSON document."""
    if isinstance(document, str):
        ssh = document.startswith(("ssh:", "git+ssh:"))  # git@…: whom to log in as, no secret
        return not ssh and scrubbed(document) != document
    if isinstance(document, dict):
        return any(map(has_login, document.values()))
    return isinstance(document, list | tuple) and any(map(has_login, document))


def _policy_described(policy: Policy) -> list[Any]:
    return [
        [policy.formats.prefer_binary, policy.formats.default.value],
        sorted(policy.formats.no_binary),
        sorted(policy.formats.only_binary),
        [policy.prereleases, policy.no_deps, policy.require_hashes],
        None if policy.exclude_newer is None else policy.exclude_newer.isoformat(),
    ]


def _described(wanted: Wanted) -> list[Any]:
    """Everything of *wanted* that a resolution depends on."""
    return [
        str(wanted.requirement),
        repr(wanted.direct),
        sorted(wanted.extras),
        str(wanted.origin),
        [str(h) for h in wanted.hashes],
        [repr(f) for f in wanted.files],
    ]
