"""What a user reads when there is no resolution: every text, word for word."""

from __future__ import annotations

import textwrap

import pytest
from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from resolve_helpers import (
    World,
    archive,
    day,
    file,
    formats,
    git,
    line,
    lines,
    metadata,
    policy,
    sha,
    story,
    unusable,
)

from podwheel.errors import (
    HashesMissing,
    HashMismatch,
    MetadataUnusable,
    NoMatchingVersion,
    NoSource,
    PodwheelError,
    ProjectNotFound,
    ResolutionConflict,
    ResolutionError,
)
from podwheel.model import Metadata, Origin, Pin, Wanted
from podwheel.resolve import Policy

SOURCE = Policy()


def told(world: World, *wanted: str | Wanted, **options: object) -> tuple[type, str]:
    with pytest.raises(PodwheelError) as caught:
        world.resolve(*wanted, **options)  # type: ignore[arg-type]
    return type(caught.value), story(caught.value)


def golden(text: str) -> str:
    return textwrap.dedent(text).strip()


# --------------------------------------------------------------------------- conflicts


def test_two_packages_disagree() -> None:
    world = World(
        {
            "a": {"2.1": ["c<2"], "2.0": ["c<2"], "1.0": []},
            "b": {"1.0": ["c>=2"]},
            "c": {"2.1": [], "2.0": [], "1.0": []},
        }
    )
    wanted = (line("a>=2", 3), line("b", 4))
    assert told(world, *wanted) == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:3: a>=2
            → a 2.1, 2.0 need c<2
          requirements.txt:4: b
            → b 1.0 needs c>=2
          versions of c that could be used: 2.1, 2.0, 1.0
          hint: loosen or drop one of these lines
        """),
    )


def test_a_long_chain_and_a_reason_of_another_kind() -> None:
    world = World(
        {
            "a": {"2.1": ["c<2"], "2.0": ["c<1.9"], "1.0": ["zzz"]},
            "b": {"1.0": ["d"]},
            "d": {"1.0": ["c>=2"]},
            "c": {str(n): [] for n in range(1, 9)},
        }
    )
    assert told(world, "a", "b") == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: a
            → a 2.1 needs c<2
            → a 2.0 needs c<1.9
            → a 1.0 needs zzz
          requirements.txt:2: b
            → b 1.0 needs d
              → d 1.0 needs c>=2
          versions of c that could be used: 8, 7, 6, 5, 4 and 3 older
          nothing fits 'zzz' by itself:
            there is no project zzz
          hint: loosen or drop one of these lines
        """),
    )


def test_candidates_that_turned_out_not_to_be() -> None:
    world = World({"a": {"1.0": ["c<2"], "2.0": []}, "c": {"2.0": []}})
    world.add("a", "3.0", requires_python=">=3.14")
    world.broken["a-2.0.tar.gz"] = unusable("a-2.0.tar.gz: PKG-INFO has no name")
    world.add("c", "1.0", requires_python="<3")
    assert told(world, "a", "c>=2") == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: a
            → a 3.0 requires Python >=3.14
            → a 2.0 is no candidate: a-2.0.tar.gz: PKG-INFO has no name
            → a 1.0 needs c<2
          requirements.txt:2: c>=2
          versions of a that could be used: 1.0
          versions of c that could be used: 2.0, 1.0
          hint: loosen or drop one of these lines
        """),
    )


def test_two_lines_disagree() -> None:
    world = World({"c": {"2.0": [], "1.0": []}})
    assert told(world, "c<2", line("c>=2", 9, source="other.txt")) == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: c<2
          other.txt:9: c>=2
          versions of c that could be used: 2.0, 1.0
          hint: loosen or drop one of these lines
        """),
    )


def test_a_constraint_is_in_the_way() -> None:
    world = World({"a": {"1.0": ["c>=2"]}, "c": {"2.0": [], "1.0": []}})
    limits = lines("other", "c<2", source="constraints.txt")
    assert told(world, "a", constraints=limits) == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: a
            → a 1.0 needs c>=2
          constraints.txt:2: c<2 (a constraint)
          versions of c that could be used: 2.0, 1.0
          hint: loosen or drop one of these lines
        """),
    )


def test_an_extra_is_not_told_as_a_need_of_its_package() -> None:
    world = World({"e": {"1.0": ["pkg<2"]}, "c": {"1.0": []}})
    for version in ("1.0", "2.0"):
        world.add("pkg", version, ["c ; extra == 'x'"], extras=["x"])
    assert told(world, "pkg[x]>=2", "e") == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: pkg[x]>=2
          requirements.txt:2: e
            → e 1.0 needs pkg<2
          versions of pkg that could be used: 2.0, 1.0
          hint: loosen or drop one of these lines
        """),
    )


def test_a_direct_reference_disagrees_and_the_index_is_not_asked() -> None:
    fork = git("https://user:secret@git.example.org/b", "v1")
    world = World({"a": {"1.0": ["b>=2"]}})
    world.refer(fork, metadata("b", "1.0"))
    assert told(world, "a", line("b @ git+https://git.example.org/b@v1", 2, direct=fork)) == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: a
            → a 1.0 needs b>=2
          requirements.txt:2: b @ git+https://git.example.org/b@v1
          hint: loosen or drop one of these lines
        """),
    )
    assert "b" not in world.asked_files


def test_the_runtime_tree_is_mentioned() -> None:
    world = World({"m": {"1.0": ["o<2"]}, "o": {"2.0": [], "1.0": []}})
    pin = Pin(name=canonicalize_name("o"), version=Version("2.5"), file=file("o-2.5.tar.gz"))
    assert told(world, "o>=2", "m", preferred=[pin]) == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: o>=2
          requirements.txt:2: m
            → m 1.0 needs o<2
          the runtime tree has o 2.5
          versions of o that could be used: 2.0, 1.0
          hint: loosen or drop one of these lines
        """),
    )


def test_many_alternatives_are_cut_short() -> None:
    world = World(
        {
            "a": {f"{n}.0": [f"c=={n}.0"] for n in range(1, 13)},
            "b": {"1.0": ["c>=20"]},
            "c": {f"{n}.0": [] for n in range(1, 31)},
        }
    )
    kind, text = told(world, "a", "b")
    assert kind is ResolutionConflict
    assert text == golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: a
            → a 12.0 needs c==12.0
            → a 11.0 needs c==11.0
            → a 10.0 needs c==10.0
            → a 9.0 needs c==9.0
            → a 8.0 needs c==8.0
            → … and 7 more like these
          requirements.txt:2: b
            → b 1.0 needs c>=20
          versions of c that could be used: 30.0, 29.0, 28.0, 27.0, 26.0 and 25 older
          hint: loosen or drop one of these lines
    """)


def test_giving_up_names_what_conflicted() -> None:
    world = World(
        {
            "a": {f"{n}.0": [f"c=={n}.0"] for n in range(1, 13)},
            "b": {f"{n}.0": [f"c=={n + 20}.0"] for n in range(1, 13)},
            "c": {f"{n}.0": [] for n in range(1, 40)},
        }
    )
    kind, text = told(world, "a", "b", max_rounds=8)
    assert kind is ResolutionError
    assert text == golden("""
        gave up looking for versions for debian-13 (Python 3.13) after 8 rounds
          what conflicted most: c, b, a
          hint: limit some of these with constraints (-c FILE, lines like NAME>=VERSION)
    """)


# --------------------------------------------------------------------------- nothing fits


def _troubled() -> World:
    world = World()
    world.add("x", "9.0", requires_python=">=3.14")
    world.put(
        "x",
        file("x-8.0.tar.gz", requires_python=">=3.15"),
        file("x-7.0.tar.gz", yanked="bad build"),
        file("x-6.0-py3-none-any.whl"),
        file("x-5.0-cp39-cp39-win_amd64.whl"),
        file("x-4.0rc1.tar.gz"),
        file("x-3.0.tar.gz"),
    )
    world.broken["x-3.0.tar.gz"] = unusable("x-3.0.tar.gz: PKG-INFO has no name")
    return world


def test_every_version_with_its_reason() -> None:
    assert told(_troubled(), "x>=4.0", policy=SOURCE) == (
        NoMatchingVersion,
        golden("""
        no version of x fits 'x>=4.0' on debian-13 (Python 3.13)
          9.0  requires Python >=3.14
          8.0  requires Python >=3.15
          7.0  yanked: bad build
          6.0  only wheels, no source
          5.0  only wheels, and for other platforms
          wanted by requirements.txt:1 (x>=4.0)
          hint: a yanked version is taken only when pinned: x==VERSION
        """),
    )


def test_a_prerelease_that_does_not_count() -> None:
    world = _troubled()
    assert told(world, "x", policy=SOURCE) == (
        NoMatchingVersion,
        golden("""
        no version of x can be used on debian-13 (Python 3.13)
          9.0  requires Python >=3.14
          8.0  requires Python >=3.15
          7.0  yanked: bad build
          6.0  only wheels, no source
          5.0  only wheels, and for other platforms
          … and 2 older
          wanted by requirements.txt:1 (x)
          hint: --pre takes pre-releases, and so does a specifier that names one
          hint: a yanked version is taken only when pinned: x==VERSION
        """),
    )


def test_excluded_by_date() -> None:
    world = World()
    world.put("x", file("x-1.0.tar.gz", uploaded=day(20)))
    assert told(world, "x", policy=policy(exclude_newer=day(3))) == (
        NoMatchingVersion,
        golden("""
        no version of x can be used on debian-13 (Python 3.13)
          1.0  uploaded 2026-01-20, excluded by --exclude-newer
          wanted by requirements.txt:1 (x)
        """),
    )


@pytest.mark.parametrize(
    ("specifier", "near"),
    [
        ("==2.31.1", "2.32.0, 2.31.0"),
        ("==21.0", "2.31.0, 2.0"),  # beyond all of them, but a key away
        ("<2.1,>=2.0.5", "2.31.0, 2.1, 2.0"),
        ("===oops", None),
    ],
)
def test_what_there_is_near_to_a_version_that_is_not(specifier: str, near: str | None) -> None:
    releases = ["9.0", "8.0", "7.0", "6.0", "5.0", "3.1", "2.32.0", "2.31.0", "2.1", "2.0"]
    world = World({"x": {v: [] for v in releases}, "a": {"1.0": [f"x{specifier}"]}})
    kind, text = told(world, line("a", 7))
    assert kind is NoMatchingVersion
    shown = [row.strip() for row in text.splitlines()[1:]]
    assert shown[0] == "there are 9.0, 8.0, 7.0, 6.0, 5.0 and 5 older"
    assert [row for row in shown if row.startswith("near")] == (
        [f"near to it: {near}"] if near else []
    )
    assert shown[-1] == "wanted by requirements.txt:7 (a)"


def test_only_a_source_where_a_wheel_is_demanded() -> None:
    only = formats(only_binary=frozenset({"x"}))
    assert told(World({"x": {"1.0": []}}), "x", policy=only) == (
        NoMatchingVersion,
        golden("""
        no version of x can be used on debian-13 (Python 3.13)
          1.0  no wheel that fits, only a source
          wanted by requirements.txt:1 (x)
          hint: without --only-binary x podwheel builds it from source
        """),
    )


def test_a_hash_that_no_file_has() -> None:
    world = World({"x": {"1.0": []}})
    assert told(world, line("x==1.0", hashes=(sha("elsewhere"),))) == (
        HashMismatch,
        golden(f"""
        no file of x that fits 'x==1.0' has a hash that was demanded
          demanded  {sha("elsewhere")}
          x-1.0.tar.gz  {sha("x-1.0.tar.gz")}
          wanted by requirements.txt:1 (x==1.0)
          hint: if upstream published it anew, put the new hash where the old one is
          hint: otherwise it was changed on its way, or by the index: do not use it
        """),
    )


def test_of_files_with_other_hashes_the_source_is_shown_first() -> None:
    world = World({"x": {"1.0": []}})
    for number in range(9):
        world.put("x", file(f"x-1.0-{number}-py3-none-any.whl"))
    told_hash = told(world, line("x==1.0", hashes=(sha("elsewhere"),)))[1]
    assert told_hash.index("x-1.0.tar.gz") < told_hash.index("x-1.0-0-py3-none-any.whl")


def test_a_project_without_usable_files() -> None:
    world = World()
    world.put("x", file("x-1.0-py2.7.egg"))
    assert told(world, "x")[1] == golden("""
        no version of x can be used on debian-13 (Python 3.13)
          the index lists no file of x that podwheel could use
          wanted by requirements.txt:1 (x)
    """)


def test_no_source_in_the_whole_project() -> None:
    world = World({"a": {"1.0": ["w>=1"]}})
    world.add("w", "1.0", sdist=False, wheels=["py3-none-any"])
    assert told(world, "a", policy=SOURCE) == (
        NoSource,
        golden("""
        w has no source for debian-13 (Python 3.13), only wheels, and it would have to be built
          1.0  only wheels, no source
          wanted by a 1.0 needs w>=1
          wanted by requirements.txt:1 (a)
          hint: take upstream's wheel of it: --only-binary w
          hint: or build it from its repository: source = "git+https://HOST/PATH@TAG" under [package.w] of podwheel.toml
        """),
    )


def test_no_source_of_the_version_that_is_wanted() -> None:
    world = World({"w": {"1.0": []}})
    world.add("w", "2.0", sdist=False, wheels=["py3-none-any"])
    kind, text = told(world, "w>=2", policy=SOURCE)
    assert kind is NoSource
    assert "  2.0  only wheels, no source\n" in text


def test_no_source_and_the_wheel_names_its_repository() -> None:
    world = World()
    world.add("w", "1.0", sdist=False, wheels=["py3-none-win_amd64", "py3-none-any"])
    world.repositories["w-1.0-py3-none-any.whl"] = "https://git.example.org/team/w"
    assert 'source = "git+https://git.example.org/team/w@TAG"' in told(world, "w", policy=SOURCE)[1]
    assert world.asked_repository == ["w-1.0-py3-none-any.whl"], "one that fits, and once"


def test_the_repository_is_not_asked_for_unless_it_is_shown() -> None:
    world = World({"a": {"1.0": []}}, wheels=["py3-none-any"])
    world.resolve("a", policy=SOURCE)
    assert not world.asked_repository


def test_no_bytes_without_a_demanded_hash_are_read_for_a_hint() -> None:
    world = World()
    world.add("w", "1.0", sdist=False, wheels=["py3-none-any"])
    wanted = line("w==1.0", hashes=(sha("w-1.0-py3-none-any.whl"),))
    assert "git+https://HOST/PATH@TAG" in told(world, wanted, policy=SOURCE)[1]
    assert not world.asked_repository


def test_no_source_and_no_wheel_that_fits() -> None:
    world = World()
    world.add("w", "2.0", sdist=False, wheels=["cp313-cp313-win_amd64"])
    assert told(world, "w", policy=SOURCE) == (
        NoSource,
        golden("""
        w has no source for debian-13 (Python 3.13), only wheels for other platforms, and it would have to be built
          2.0  only wheels, and for other platforms
          wanted by requirements.txt:1 (w)
          hint: build it from its repository: source = "git+https://HOST/PATH@TAG" under [package.w] of podwheel.toml
        """),
    )


def test_no_source_of_what_is_wanted_but_of_an_older_version() -> None:
    world = World({"w": {"1.0": [], "1.1": []}})
    world.add("w", "2.0", sdist=False, wheels=["py3-none-any"])
    world.add("w", "2.1", sdist=False, wheels=["py3-none-win_amd64"])
    assert told(world, "w>=2", policy=SOURCE)[1].splitlines()[-3:] == [
        "  hint: take upstream's wheel of 2.0: --only-binary w",
        '  hint: or build it from its repository: source = "git+https://HOST/PATH@TAG" under [package.w] of podwheel.toml',
        "  hint: the newest version that has a source is 1.1",
    ]


def _with_source(world: World, found: Metadata | PodwheelError) -> Wanted:
    """``source`` of podwheel.toml, as the requirements room makes a constraint of it."""
    repository = git("https://git.example.org/team/w", "v1.2")
    world.refer(repository, found)
    wanted = line("w", direct=repository)
    return evolve(wanted, origin=Origin(source="podwheel.toml: package.w.source"))


def test_a_source_whose_version_does_not_fit() -> None:
    world = World({"a": {"1.0": ["w>=2"]}, "w": {"2.0": []}})
    source = _with_source(world, metadata("w", "1.2"))
    assert told(world, "a", constraints=[source]) == (
        ResolutionConflict,
        golden("""
        cannot satisfy these together for debian-13 (Python 3.13)
          requirements.txt:1: a
            → a 1.0 needs w>=2
          podwheel.toml: package.w.source: w @ git+https://git.example.org/team/w@v1.2 (a constraint)
          git+https://git.example.org/team/w@v1.2 is w 1.2
          hint: loosen or drop one of these lines
        """),
    )


def test_who_said_where_a_source_is() -> None:
    world = World()
    world.resolve("w", constraints=[_with_source(world, metadata("w", "1.2"))])
    assert list(world.chains.values()) == [
        (
            "podwheel.toml: package.w.source (w @ git+https://git.example.org/team/w@v1.2)",
            "requirements.txt:1 (w)",
        )
    ]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (metadata("other", "1.2"), "git+https://git.example.org/team/w@v1.2 is other 1.2"),
        (MetadataUnusable("w has no metadata"), "w has no metadata"),
    ],
)
def test_a_source_that_is_no_source_of_it(found: Metadata | PodwheelError, said: str) -> None:
    world = World()  # no index has it, either: it is not the index that was to serve it
    kind, text = told(world, "w", constraints=[_with_source(world, found)])
    assert kind is ResolutionConflict
    assert f"  {said}\n" in text


def test_a_name_that_does_not_exist() -> None:
    world = World({"numppy": {"1.0": []}, "g": {"1.0": ["nummpy>=3"]}})
    assert told(world, "g", "numppy") == (
        ProjectNotFound,
        golden("""
        there is no project nummpy
          wanted by g 1.0 needs nummpy>=3
          wanted by requirements.txt:1 (g)
          hint: did you mean numppy?
          hint: check the spelling
        """),
    )


def test_another_version_of_the_parent_does_without_a_missing_project() -> None:
    world = World({"a": {"2.0": ["gone"], "1.0": []}})
    assert str(world.resolve("a").pins[0]) == "a 1.0"


# --------------------------------------------------------------------------- direct references


@pytest.mark.parametrize(
    ("requires", "found", "kind", "what"),
    [
        (
            "b @ https://files.example.org/b.zip",
            metadata("q", "1.0"),
            MetadataUnusable,
            "https://files.example.org/b.zip is q 1.0, not b",
        ),
        (
            "b @ https://files.example.org/b.zip",
            unusable("b.zip: no PKG-INFO"),
            MetadataUnusable,
            "b.zip: no PKG-INFO",
        ),
        (
            "b @ https://files.example.org/b-1.0-cp39-cp39-win32.whl",
            None,
            NoMatchingVersion,
            "b-1.0-cp39-cp39-win32.whl is a wheel for another system than the target",
        ),
        (
            "b @ hg+https://hg.example.org/b",
            None,
            MetadataUnusable,
            "hg+https://hg.example.org/b: hg is not spoken, only git",
        ),
    ],
)
def test_direct_references_of_dependencies(
    requires: str, found: object, kind: type, what: str
) -> None:
    world = World({"a": {"1.0": [requires]}})
    world.refer(archive("https://files.example.org/b.zip"), found)  # type: ignore[arg-type]
    with pytest.raises(PodwheelError) as caught:
        world.resolve("a")
    assert type(caught.value) is kind
    assert caught.value.what == what
    assert caught.value.wanted_by[-1] == "requirements.txt:1 (a)"


def test_a_line_that_names_another_package() -> None:
    here = git("https://git.example.org/b", "v1")
    world = World()
    world.refer(here, metadata("bb", "1.0"))
    assert told(world, line("b @ git+https://git.example.org/b@v1", 2, direct=here)) == (
        MetadataUnusable,
        golden("""
        git+https://git.example.org/b@v1 is bb, not b
          wanted by requirements.txt:2 (b @ git+https://git.example.org/b@v1)
        """),
    )


# --------------------------------------------------------------------------- hashes


def test_lines_that_cannot_be_checked() -> None:
    wanted = (
        "a",
        "b==1.0",
        line("c>=1", 3, hashes=(sha("c"),)),
        line("d==1.0", 4, hashes=(sha("d"),)),
        line("./e", 5, direct=git("https://git.example.org/e")),
        line(
            "f @ https://files.example.org/f.zip",
            6,
            direct=archive("https://files.example.org/f.zip"),
        ),
    )
    assert told(World(), *wanted) == (
        HashesMissing,
        golden("""
        hashes are required, and these lines cannot be checked
          requirements.txt:1: a: not pinned with ==, and no --hash
          requirements.txt:2: b==1.0: no --hash
          requirements.txt:3: c>=1: not pinned with ==
          requirements.txt:5: ./e: a repository has no hash that could be checked
          requirements.txt:6: f @ https://files.example.org/f.zip: no --hash, and no #sha256=… in its URL
          hint: add NAME==VERSION and --hash=sha256:… to each; `pip-compile --generate-hashes` or `uv export` write such a file
        """),
    )


def test_dependencies_that_are_not_listed() -> None:
    world = World({"a": {"1.0": ["b", "c"]}, "b": {"2.0": []}})
    world.put("c", file("c-1.0.tar.gz", hashes=()))
    assert told(world, line("a==1.0", 3, hashes=(sha("a-1.0.tar.gz"),))) == (
        HashesMissing,
        golden(f"""
        hashes are required, and these dependencies are not listed with == and a hash
          b==2.0 --hash={sha("b-2.0.tar.gz")}
            wanted by a 1.0 needs b
          c==1.0 --hash=sha256:…
            wanted by a 1.0 needs c
          hint: add these lines, after a look at them; `pip-compile --generate-hashes` or `uv export` write such a file
        """),
    )
