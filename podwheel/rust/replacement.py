"""cargo's source replacement: which source stands for which (the Cargo book, "Source Replacement").

The same tables are read from the user's own configuration, where they say from where crates are
fetched, and from that of a source, where they say whether it brings its crates along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from podwheel.rust.lock import CRATES_IO, Git, Registry, registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from podwheel.rust.lock import Source

_CRATES_IO_NAME = "crates-io"


class Unresolvable(Exception):
    """Why a chain of replacements has no end; the text is the end of a sentence."""


@frozen(kw_only=True)
class Directory:
    """A directory of unpacked crates (``directory = …``)."""

    path: str


@frozen(kw_only=True)
class LocalRegistry:
    """A directory of ``.crate`` files (``local-registry = …``)."""

    path: str


End = Registry | Git | Directory | LocalRegistry


@frozen(kw_only=True)
class Replacements:
    """``[source]`` and ``[registries]`` of one configuration."""

    sources: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    registries: Mapping[str, str] = field(factory=dict)
    """Index URLs by name."""

    def end(self, source: Source) -> End:
        """What stands for *source* after all replacements; itself where nothing does.

        Raises:
            Unresolvable: The chain is a circle, or leads to a name that nothing defines.
        """
        name = self._name(source)
        end: End = source
        seen: set[str] = set()
        while name is not None:
            if name in seen:
                raise Unresolvable(f"replaces the source {name} by itself")
            seen.add(name)
            table = self.sources.get(name)
            if table is None and name in self.registries:
                return registry(self.registries[name])
            if table is None and name != _CRATES_IO_NAME:
                raise Unresolvable(f"names a source {name} that it does not define")
            end = _location(name, table or {}) or end
            following = (table or {}).get("replace-with")
            name = following if isinstance(following, str) else None
        return end

    def names(self, one: Registry) -> tuple[str, ...]:
        """What ``[registries]`` calls that registry: a manifest may say ``registry = "NAME"``."""
        return tuple(
            sorted(n for n, url in self.registries.items() if _same(registry(url).url, one.url))
        )

    def _name(self, source: Source) -> str | None:
        for name, table in self.sources.items():
            if (place := _location(name, table)) is not None and _is(place, source):
                return name
        if isinstance(source, Registry) and source.is_crates_io:
            return _CRATES_IO_NAME
        return None


def replacements(document: Mapping[str, Any]) -> Replacements:
    """The tables of a configuration's document; what is of a wrong type counts as absent."""
    sources, named = document.get("source"), document.get("registries")
    return Replacements(
        sources={n: t for n, t in sources.items() if isinstance(t, dict)}
        if isinstance(sources, dict)
        else {},
        registries={
            name: table["index"]
            for name, table in named.items()
            if isinstance(table, dict) and isinstance(table.get("index"), str)
        }
        if isinstance(named, dict)
        else {},
    )


def _location(name: str, table: Mapping[str, Any]) -> End | None:
    place = {key: value for key, value in table.items() if isinstance(value, str)}
    if "directory" in place:
        return Directory(path=place["directory"])
    if "local-registry" in place:
        return LocalRegistry(path=place["local-registry"])
    if "git" in place:
        asked = (key for key in ("branch", "tag", "rev") if key in place)
        key = next(asked, None)
        return Git(url=place["git"], reference=(key, place[key]) if key else None, commit="")
    if "registry" in place:
        return registry(place["registry"])
    return Registry(url=CRATES_IO) if name == _CRATES_IO_NAME else None


def _is(place: End, source: Source) -> bool:
    if isinstance(place, Git) and isinstance(source, Git):
        return _same(place.url, source.url) and place.reference == source.reference
    return (
        isinstance(place, Registry)
        and isinstance(source, Registry)
        and _same(place.url, source.url)
    )


def _same(one: str, other: str) -> bool:
    """As cargo compares: a slash or ``.git`` at the end says nothing."""
    return one.rstrip("/").removesuffix(".git") == other.rstrip("/").removesuffix(".git")
