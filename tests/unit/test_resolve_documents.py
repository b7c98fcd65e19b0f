"""Resolutions and metadata as JSON, and who wants what."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from packaging.version import Version
from resolve_helpers import World, archive, day, directory, file, git, line, lines, metadata, sha

from podwheel.model import Pin, Resolution
from podwheel.resolve import paths, resolution_from_json, resolution_to_json
from podwheel.resolve.documents import metadata_from_json, metadata_to_json


def pin(name: str, **fields: Any) -> Pin:
    fields.setdefault("version", Version("1.0"))
    fields.setdefault("file", None)
    return Pin(name=name, **fields)  # type: ignore[arg-type]


EVERYTHING = Resolution(
    pins=(
        pin(
            "a",
            version=Version("1!2.0rc1.post3+local.4"),
            extras=frozenset({"fast", "x-y"}),
            file=file(
                "a-2.0.tar.gz",
                requires_python=">=3.9",
                yanked="",
                size=123,
                uploaded=day(3),
                metadata=(sha("m"),),
            ),
            dependencies=("b", "c"),
            wanted_by=("requirements.txt:3 (a→)", "c 1.0 needs a"),
            hashes=(sha("a-2.0.tar.gz"),),
        ),
        pin("b", direct=archive("https://files.example.org/b.zip", hashes=(sha("b"),))),
        pin("c", direct=git("https://git.example.org/c", "v1")),
        pin("d", direct=directory("/srv/d")),
        pin("e", file=file("e-1.0.tar.gz", metadata=(), hashes=())),
    )
)


def test_a_resolution_survives_its_document() -> None:
    text = json.dumps(resolution_to_json(EVERYTHING))
    assert resolution_from_json(json.loads(text)) == EVERYTHING


def test_a_resolution_of_the_resolver_survives() -> None:
    world = World({"a": {"1.0": ["b>=1"]}, "b": {"1.0": []}})
    resolution = world.resolve("a")
    assert resolution_from_json(resolution_to_json(resolution)) == resolution


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: None,
        lambda d: [],
        lambda d: d | {"version": 999},
        lambda d: d | {"format": "something"},
        lambda d: {k: v for k, v in d.items() if k != "pins"},
        lambda d: d | {"pins": {}} | {"pins": None},
        lambda d: d["pins"][0].pop("extras") and d,
        lambda d: d["pins"][0].update(version="not a version") or d,
        lambda d: d["pins"][0].update(name="Not_Normal") or d,
        lambda d: d["pins"][0].update(dependencies="bc") or d,
        lambda d: d["pins"][0].update(hashes=["nonsense"]) or d,
        lambda d: d["pins"][0]["file"].update(size="123") or d,
        lambda d: d["pins"][0]["file"].update(size=True) or d,
        lambda d: d["pins"][0]["file"].update(uploaded="yesterday") or d,
        lambda d: d["pins"][0]["file"].update(url=7) or d,
        lambda d: d["pins"][1]["direct"].update(kind="rsync") or d,
        lambda d: d["pins"][2].update(direct="git") or d,
    ],
)
def test_anything_else_counts_as_absent(damage: Any) -> None:
    document = copy.deepcopy(resolution_to_json(EVERYTHING))
    assert resolution_from_json(damage(document)) is None


def test_metadata_survives_its_document() -> None:
    found = metadata(
        "My.Pkg", "1.0", ["b>=1; extra == 'x'", "c"], requires_python=">=3.9", extras=["x"]
    )
    assert metadata_from_json(json.loads(json.dumps(metadata_to_json(found)))) == found
    bare = metadata("p", "2")
    assert metadata_from_json(metadata_to_json(bare)) == bare


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"requires": ["=="]},
        {"requires": "abc"},
        {"release": "x"},
        {"requires_python": "3!"},
        {"extras": ["Not_Normal"]},
        {"name": None},
    ],
)
def test_damaged_metadata_counts_as_absent(change: dict[str, Any]) -> None:
    assert metadata_from_json(metadata_to_json(metadata("p", "2")) | change) is None


# --------------------------------------------------------------------------- why


def test_every_way_to_a_package_the_shortest_first() -> None:
    world = World(
        {
            "web": {"1.0": ["http>=2", "log"]},
            "http": {"2.0": ["tls"]},
            "log": {"1.0": []},
            "tls": {"3.0": ["log"]},
            "command": {"1.0": ["http"]},
        }
    )
    world.add("kit", "1.0", ["tls ; extra == 'safe'"], extras=["safe"])
    resolution = world.resolve("web", "kit[safe]", line("tls", source="command line"))
    assert paths(resolution, "TLS") == (
        ("command line:1 (tls)",),
        ("requirements.txt:2 (kit[safe])", "kit[safe] 1.0 needs tls"),
        ("requirements.txt:1 (web)", "web 1.0 needs http>=2", "http 2.0 needs tls"),
    )
    assert paths(resolution, "web") == (("requirements.txt:1 (web)",),)
    assert paths(resolution, "nothing") == ()
    assert paths(resolution, "tls", limit=1) == (("command line:1 (tls)",),)


def test_cycles_end() -> None:
    world = World({"a": {"1.0": ["b"]}, "b": {"1.0": ["a", "c"]}, "c": {"1.0": ["b"]}})
    found = paths(world.resolve("a"), "c")
    assert found == (("requirements.txt:1 (a)", "a 1.0 needs b", "b 1.0 needs c"),)


def test_a_dense_tree_is_bounded() -> None:
    names = [f"p{n:02}" for n in range(30)]
    world = World({name: {"1.0": names[n + 1 :]} for n, name in enumerate(names)})
    found = paths(world.resolve("p00"), "p29")
    assert len(found) == 20
    assert found[0] == ("requirements.txt:1 (p00)", "p00 1.0 needs p29")
    assert len(set(found)) == 20


def test_why_works_after_the_store() -> None:
    world = World({"a": {"1.0": ["b"]}, "b": {"1.0": []}})
    resolution = world.resolve(*lines("a"))
    kept = resolution_from_json(json.loads(json.dumps(resolution_to_json(resolution))))
    assert kept is not None
    assert paths(kept, "b") == (("requirements.txt:1 (a)", "a 1.0 needs b"),)
