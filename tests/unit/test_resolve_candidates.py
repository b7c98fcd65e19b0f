"""Files → candidates: names, tags, hashes, dates, formats, order."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from resolve_helpers import HERE, day, file, python, sha

from podwheel.errors import ResolutionError
from podwheel.model import Format
from podwheel.resolve.candidates import (
    Rules,
    Shelf,
    hash_allowed,
    parse_filename,
    python_allowed,
    python_version,
    stock,
)

RULES = Rules.of(python(), None)


def shelf(*names_or_files: object, form: Format = Format.ANY, **options: object) -> Shelf:
    rules = options.pop("rules", RULES)
    files = [file(n) if isinstance(n, str) else n for n in names_or_files]
    return stock(canonicalize_name("pkg"), files, form=form, rules=rules, **options)  # type: ignore[arg-type]


def order(found: Shelf, specifiers: str = "", *, prereleases: bool = False) -> list[str]:
    chosen = found.select(SpecifierSet(specifiers), prereleases=prereleases)
    return [choice.file.filename for choice in chosen]


def reasons(found: Shelf) -> dict[str, str]:
    return {str(v): text for v in found.versions() if (text := found.refused(v)) is not None}


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("pkg-1.0.tar.gz", "pkg", "1.0"),
        ("pkg-1.0.zip", "pkg", "1.0"),
        ("pkg-1.0.tar.bz2", "pkg", "1.0"),
        ("pkg-1.0.tgz", "pkg", "1.0"),
        ("pkg-1.0.tar.xz", "pkg", "1.0"),
        ("Pkg_Name-2.0rc1.tar.gz", "pkg-name", "2.0rc1"),
        ("pkg.name-2.0.tar.gz", "pkg-name", "2.0"),
        ("pkg-name-2.0.tar.gz", "pkg-name", "2.0"),
        ("pkg-2-1.0.tar.gz", "pkg-2", "1.0"),
        ("pkg-1.0-1.tar.gz", "pkg", "1.0.post1"),  # not version 1 of "pkg-1.0"
        ("pkg-1.0+local.2.tar.gz", "pkg", "1.0+local.2"),
        ("pkg-1.0-py3-none-any.whl", "pkg", "1.0"),
        ("pkg_name-1.0-7-py3-none-any.whl", "pkg-name", "1.0"),
    ],
)
def test_file_names_tell_the_version(filename: str, name: str, version: str) -> None:
    parsed = parse_filename(filename, canonicalize_name(name))
    assert parsed is not None
    assert parsed[0] == Version(version)
    assert (parsed[1] is not None) == filename.endswith(".whl")


@pytest.mark.parametrize(
    "filename",
    [
        "pkg-1.0-py2.7.egg",
        "pkg-1.0.win32.exe",
        "pkg-1.0.win-amd64.zip",
        "pkg-1.0.linux-x86_64.tar.gz",
        "pkg-1.0.tar.gz.asc",
        "pkg-latest.tar.gz",
        "other-1.0.tar.gz",
        "pkg-extra-1.0.tar.gz",
        "other-1.0-py3-none-any.whl",
        "pkg-1.0-cp39.whl",
        "pkg.tar.gz",
    ],
)
def test_other_files_are_no_candidates(filename: str) -> None:
    assert parse_filename(filename, canonicalize_name("pkg")) is None
    assert shelf(filename).versions() == ()


def test_newest_first_and_the_wheel_before_the_source() -> None:
    found = shelf("pkg-1.0.tar.gz", "pkg-2.0.tar.gz", "pkg-2.0-py3-none-any.whl")
    assert order(found) == ["pkg-2.0-py3-none-any.whl", "pkg-2.0.tar.gz", "pkg-1.0.tar.gz"]


def test_the_best_tag_wins_then_the_build_tag() -> None:
    found = shelf(
        "pkg-1.0-py3-none-any.whl",
        "pkg-1.0-9-py3-none-any.whl",
        f"pkg-1.0-{HERE}.whl",
        f"pkg-1.0-2-{HERE}.whl",
        f"pkg-1.0-10-{HERE}.whl",
        "pkg-1.0-cp38-abi3-manylinux_2_17_x86_64.whl",
    )
    assert order(found) == [
        f"pkg-1.0-10-{HERE}.whl",
        f"pkg-1.0-2-{HERE}.whl",
        f"pkg-1.0-{HERE}.whl",
        "pkg-1.0-9-py3-none-any.whl",
        "pkg-1.0-py3-none-any.whl",
    ]


def test_a_compressed_tag_set_counts_as_its_best_tag() -> None:
    found = shelf(
        "pkg-1.0-py2.py3-none-any.whl", "pkg-1.0-cp312.cp313-none-manylinux_2_17_x86_64.whl"
    )
    assert order(found)[0].startswith("pkg-1.0-cp312.cp313")


def test_gzip_sources_go_first() -> None:
    found = shelf("pkg-1.0.zip", "pkg-1.0.tar.bz2", "pkg-1.0.tar.gz", form=Format.SOURCE)
    assert order(found) == ["pkg-1.0.tar.gz", "pkg-1.0.zip", "pkg-1.0.tar.bz2"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (Format.SOURCE, ["pkg-3.0.tar.gz", "pkg-1.0.tar.gz"]),
        (Format.WHEEL, ["pkg-2.0-py3-none-any.whl", "pkg-1.0-py3-none-any.whl"]),
        (
            Format.PREFER_WHEEL,
            [
                "pkg-2.0-py3-none-any.whl",
                "pkg-1.0-py3-none-any.whl",
                "pkg-3.0.tar.gz",
                "pkg-1.0.tar.gz",
            ],
        ),
        (
            Format.ANY,
            [
                "pkg-3.0.tar.gz",
                "pkg-2.0-py3-none-any.whl",
                "pkg-1.0-py3-none-any.whl",
                "pkg-1.0.tar.gz",
            ],
        ),
    ],
)
def test_formats(form: Format, expected: list[str]) -> None:
    found = shelf(
        "pkg-1.0.tar.gz",
        "pkg-1.0-py3-none-any.whl",
        "pkg-2.0-py3-none-any.whl",
        "pkg-3.0.tar.gz",
        form=form,
    )
    assert order(found) == expected


def test_why_versions_are_refused() -> None:
    found = shelf(
        file("pkg-6.0.tar.gz", requires_python=">=3.14"),
        file("pkg-6.0-py3-none-any.whl", requires_python=">=3.14"),
        file("pkg-5.0-py3-none-any.whl"),
        file("pkg-4.0-cp39-cp39-win_amd64.whl"),
        form=Format.SOURCE,
    )
    assert reasons(found) == {
        "6.0": "requires Python >=3.14",
        "5.0": "only wheels, no source",
        "4.0": "only wheels, and for other platforms",
    }
    assert found.only_wheels


def test_a_source_where_wheels_are_demanded() -> None:
    found = shelf("pkg-1.0.tar.gz", form=Format.WHEEL)
    assert reasons(found) == {"1.0": "no wheel that fits, only a source"}
    assert not found.only_wheels


def test_a_project_with_one_source_does_not_have_only_wheels() -> None:
    found = shelf("pkg-2.0-py3-none-any.whl", "pkg-1.0.tar.gz", form=Format.SOURCE)
    assert not found.only_wheels
    assert order(found) == ["pkg-1.0.tar.gz"]


@pytest.mark.parametrize(
    ("requires", "allowed"),
    [
        (None, True),
        ("", True),
        (">=3.9", True),
        (">=3.14", False),
        ("<3.13", False),
        (">=3.8, !=3.13.*", False),
        ("python 3 please", True),  # invalid: ignored, as in pip
        (">='3.14'", True),
    ],
)
def test_requires_python(requires: str | None, allowed: bool) -> None:
    assert python_allowed(requires, Version("3.13.5")) is allowed


@pytest.mark.parametrize(
    ("full", "compared"), [("3.13.5", "3.13.5"), ("3.14.0rc1", "3.14.0"), ("3.13.5+", "3.13.5")]
)
def test_the_python_that_is_compared(full: str, compared: str) -> None:
    assert python_version(full) == Version(compared)
    assert str(python_version(full)) == compared


def test_exclude_newer_is_exclusive() -> None:
    rules = Rules.of(python(), day(10))
    found = shelf(
        file("pkg-1.0.tar.gz", uploaded=day(9)),
        file("pkg-2.0.tar.gz", uploaded=day(10)),
        file("pkg-3.0.tar.gz", uploaded=day(11)),
        file("pkg-4.0.tar.gz"),
        rules=rules,
    )
    assert order(found) == ["pkg-1.0.tar.gz"]
    assert reasons(found) == {
        "2.0": "uploaded 2026-01-10, excluded by --exclude-newer",
        "3.0": "uploaded 2026-01-11, excluded by --exclude-newer",
        "4.0": "no upload time, and --exclude-newer is set",
    }
    # A file that does not exist is not read for its metadata either.
    assert set(found.readable) == {Version("1.0")}


def test_exclude_newer_needs_upload_times() -> None:
    with pytest.raises(ResolutionError, match="tells no upload times") as caught:
        shelf("pkg-1.0.tar.gz", rules=Rules.of(python(), day(10)))
    assert "index.example.org" in caught.value.what


def test_exclude_newer_leaves_a_lock_and_local_files_alone() -> None:
    from attrs import evolve

    rules = Rules.of(python(), day(10))
    assert order(shelf("pkg-1.0.tar.gz", rules=rules, locked=True)) == ["pkg-1.0.tar.gz"]
    mine = evolve(file("pkg-1.0.tar.gz"), url="file:///srv/files/pkg-1.0.tar.gz")
    assert order(shelf(mine, rules=rules)) == ["pkg-1.0.tar.gz"]


def test_demanded_hashes_choose_files() -> None:
    found = shelf(
        file("pkg-2.0.tar.gz"),
        file("pkg-1.0.tar.gz"),
        file("pkg-1.0-py3-none-any.whl"),
        hashes=frozenset({sha("pkg-1.0.tar.gz")}),
    )
    assert order(found) == ["pkg-1.0.tar.gz"]
    assert reasons(found) == {"2.0": "its hash is not among those demanded with --hash"}
    assert [f.filename for f in found.readable[Version("1.0")]] == ["pkg-1.0.tar.gz"]


def test_a_hash_that_the_index_does_not_tell_is_left_to_the_download() -> None:
    found = shelf(file("pkg-1.0.tar.gz", hashes=()), hashes=frozenset({sha("something")}))
    assert order(found) == ["pkg-1.0.tar.gz"]


def test_hashes_of_another_algorithm_cannot_be_compared() -> None:
    from podwheel.model import Hash

    demanded = frozenset({Hash(algorithm="sha512", digest="ab")})
    assert hash_allowed((sha("x"),), demanded)
    assert not hash_allowed((sha("x"), Hash(algorithm="sha512", digest="cd")), demanded)


@pytest.mark.parametrize(
    ("specifiers", "prereleases", "expected"),
    [
        ("", False, "1.0"),
        ("", True, "2.0rc1"),
        (">=2.0b1", False, "2.0rc1"),
        (">1.0", False, "2.0rc1"),  # nothing else fits
        ("==2.0rc1", False, "2.0rc1"),
        ("<2", False, "1.0"),
    ],
)
def test_prereleases(specifiers: str, prereleases: bool, expected: str) -> None:
    found = shelf("pkg-1.0.tar.gz", "pkg-2.0rc1.tar.gz", "pkg-2.0b1.tar.gz")
    assert order(found, specifiers, prereleases=prereleases)[0] == f"pkg-{expected}.tar.gz"


@pytest.mark.parametrize(
    ("specifiers", "expected"),
    [
        ("", ["pkg-1.0.tar.gz"]),
        (">=2", []),
        ("==2.*", []),
        ("==2.0", ["pkg-2.0.tar.gz"]),
        ("===2.0", ["pkg-2.0.tar.gz"]),
    ],
)
def test_yanked_only_when_pinned(specifiers: str, expected: list[str]) -> None:
    found = shelf(file("pkg-2.0.tar.gz", yanked=""), "pkg-1.0.tar.gz")
    assert order(found, specifiers) == expected


def test_a_yanked_file_beside_a_standing_one_of_the_same_version() -> None:
    found = shelf(file("pkg-2.0-py3-none-any.whl", yanked="broken"), "pkg-2.0.tar.gz")
    assert order(found, "==2.0") == ["pkg-2.0.tar.gz"]


def test_the_order_of_the_index_does_not_matter() -> None:
    names = ["pkg-1.0.tar.gz", "pkg-1.0.zip", "pkg-1.0-py3-none-any.whl", "pkg-1.0.0.tar.gz"]
    assert order(shelf(*names)) == order(shelf(*reversed(names)))
