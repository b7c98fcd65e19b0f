"""Reading a target's document: what it says, and what is told about a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from targets_helpers import CONTAINERFILE, TARGET, write_target

from podwheel import targets
from podwheel.errors import TargetFileError
from podwheel.targets import ArchiveBase, MirrorBase, RegistryBase
from podwheel.targets.resources import recipes

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "0123456789abcdef" * 4


def define(directory: Path, document: str) -> targets.TargetDefinition:
    write_target(directory, document)
    return targets.load("./server.toml", cwd=directory)


def with_base(lines: str) -> str:
    return f'containerfile = "Containerfile"\n[base]\n{lines}\n'


def complaint(directory: Path, document: str) -> TargetFileError:
    with pytest.raises(TargetFileError) as caught:
        define(directory, document)
    return caught.value


def test_the_built_in_targets_are_debians_and_ubuntus_with_the_newest_debian_as_default(
    tmp_path: Path,
) -> None:
    found = {d.name: d for d in targets.builtin()}
    assert list(found) == [
        "debian-11", "debian-11-py27", "debian-12", "debian-13", "ubuntu-22.04", "ubuntu-24.04",
    ]  # fmt: skip
    assert targets.DEFAULT == "debian-13"
    suites = [d.base.suite for d in found.values() if isinstance(d.base, MirrorBase)]
    assert suites == ["bullseye", "bullseye", "bookworm", "trixie", "jammy", "noble"]
    assert all(d.builtin and d.description for d in found.values())
    pythons = {d.name: d.python for d in found.values()}
    assert pythons.pop("debian-11-py27") == "/usr/bin/python2.7"
    assert set(pythons.values()) == {"/usr/bin/python3"}
    assert targets.load("debian-12", cwd=tmp_path) == found["debian-12"]


def test_no_mirror_is_written_into_the_built_in_targets() -> None:
    for path in recipes().rglob("*"):
        if path.is_file():
            assert "://" not in path.read_text(), path


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    definition = define(tmp_path, TARGET)
    assert definition == targets.TargetDefinition(
        name="server",
        description="a server",
        base=MirrorBase(suite="sid"),
        containerfile=tmp_path / "Containerfile",
        context=None,
        arguments=(),
        python="/usr/bin/python3",
        source=tmp_path / "server.toml",
        builtin=False,
    )


def test_everything_that_a_file_can_say(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "keys.gpg").write_bytes(b"key")
    definition = define(
        tmp_path,
        """\
name = "web.front-2"
containerfile = "Containerfile"
context = "files"
python = "/opt/python/bin/python3.12"
[arguments]
SECOND = "2"
FIRST = "one and a half"
[base]
suite = "bookworm"
mirrors = ["http://mirror.example.org/debian", "deb http://mirror.example.org/security bookworm-security main"]
components = ["main", "contrib"]
include = ["libstdc++6"]
keyring = "keys.gpg"
""",
    )
    assert definition.name == "web.front-2"
    assert definition.python == "/opt/python/bin/python3.12"
    assert definition.context == tmp_path / "files"
    assert definition.arguments == (("FIRST", "one and a half"), ("SECOND", "2"))
    assert definition.base == MirrorBase(
        suite="bookworm",
        mirrors=(
            "http://mirror.example.org/debian",
            "deb http://mirror.example.org/security bookworm-security main",
        ),
        components=("main", "contrib"),
        include=("libstdc++6",),
        keyring=tmp_path / "keys.gpg",
    )


def test_the_other_kinds_of_base(tmp_path: Path) -> None:
    reference = f"registry.example.org:5000/team/debian@sha256:{DIGEST}"
    assert define(tmp_path, with_base(f'image = "{reference}"')).base == RegistryBase(
        reference=reference
    )
    archive = with_base(f'archive = "root.tar.xz"\nsha256 = "{DIGEST}"')
    assert define(tmp_path, archive).base == ArchiveBase(
        path=tmp_path / "root.tar.xz", sha256=DIGEST
    )


def test_podwheels_own_containerfile_serves_a_file_of_ones_own(tmp_path: Path) -> None:
    document = TARGET.replace('"Containerfile"', '"podwheel:debian/Containerfile"')
    assert define(tmp_path, document).containerfile == recipes() / "debian/Containerfile"
    outside = TARGET.replace('"Containerfile"', '"podwheel:../pyproject.toml"')
    assert "podwheel's own" in complaint(tmp_path, outside).what


@pytest.mark.parametrize("given", ["server.toml", "./server.toml", "{here}/server.toml"])
def test_what_is_taken_for_a_file(tmp_path: Path, given: str) -> None:
    write_target(tmp_path)
    definition = targets.load(given.format(here=tmp_path), cwd=tmp_path)
    assert definition.source == tmp_path / "server.toml"


def test_an_unknown_name_is_told_with_its_neighbours(tmp_path: Path) -> None:
    write_target(tmp_path)
    with pytest.raises(TargetFileError) as caught:
        targets.load("debian12", cwd=tmp_path)
    assert "'debian12'" in caught.value.what
    assert "did you mean debian-12" in caught.value.hint[0]
    assert "debian-11, debian-11-py27, debian-12, debian-13" in caught.value.hint[-1]
    with pytest.raises(TargetFileError) as caught:
        targets.load("server", cwd=tmp_path)
    assert "./server.toml" in caught.value.hint[0]


def test_a_tag_instead_of_a_digest_is_told_how_to_pin(tmp_path: Path) -> None:
    error = complaint(tmp_path, with_base('image = "registry.example.org/debian:13"'))
    assert "base.image" in error.what
    assert "podman pull registry.example.org/debian:13" in error.hint[0]
    assert "RepoDigests" in error.hint[1]


def test_an_archive_without_its_hash_is_told_how_to_get_it(tmp_path: Path) -> None:
    error = complaint(tmp_path, with_base('archive = "root.tar"'))
    assert "base.sha256" in error.what
    assert error.hint == (f"sha256sum {tmp_path}/root.tar",)


@pytest.mark.parametrize(
    ("document", "key", "said"),
    [
        (TARGET + "\n[argument]\n", "argument", "did you mean `arguments`"),
        (TARGET.replace("containerfile", "container-file"), "container-file", "containerfile"),
        (TARGET.replace("containerfile =", "file ="), "containerfile", "missing"),
        (TARGET.replace('"Containerfile"', '"Nothing"'), "containerfile", "there is no file"),
        (TARGET.replace('"Containerfile"', "3"), "containerfile", "must be a string"),
        ('context = "gone"\n' + TARGET, "context", "there is no directory"),
        ('name = "Server 1"\n' + TARGET, "name", "lower-case"),
        ('python = "python3"\n' + TARGET, "python", "absolute"),
        (TARGET + "\n[arguments]\nA = 1\n", "arguments.A", "must be a string"),
        (TARGET + '\n[arguments]\n"A-B" = "1"\n', "arguments.A-B", "build argument"),
        (TARGET + '\n[arguments]\nBASE = "x"\n', "arguments.BASE", "podwheel itself"),
        (TARGET + '\n[arguments]\nA = "x\\ny"\n', "arguments.A", "one line"),
        ('containerfile = "Containerfile"', "base", "missing"),
        (with_base(""), "base", "exactly one of"),
        (with_base('suite = "a"\nimage = "b"'), "base", "exactly one of"),
        (with_base('suite = "--help"'), "base.suite", "not a suite"),
        (with_base('suite = "a"\nmirror = ["x"]'), "base.mirror", "did you mean `mirrors`"),
        (with_base('suite = "a"\nmirrors = "x"'), "base.mirrors", "array of strings"),
        (with_base('suite = "a"\nmirrors = ["x"]'), "base.mirrors", "neither a URL"),
        (with_base('suite = "a"\nmirrors = ["-"]'), "base.mirrors", "neither a URL"),
        (
            with_base('suite = "a"\nmirrors = ["http://me:secret@mirror.example.org/debian"]'),
            "base.mirrors",
            "password",
        ),
        (with_base('suite = "a"\ninclude = ["--x"]'), "base.include", "cannot be one"),
        (with_base('suite = "a"\nkeyring = "k"'), "base.keyring", "there is no file"),
        (with_base('archive = "a"\nsha256 = "ab"'), "base.sha256", "wanted, not 'ab'"),
        (with_base(f'image = "a@sha256:{DIGEST}"\nsuites = "x"'), "base", "exactly|suites"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(
    tmp_path: Path, document: str, key: str, said: str
) -> None:
    error = complaint(tmp_path, document)
    everything = f"{error.what} {' '.join(error.hint)}"
    assert f"./server.toml: {key}" in error.what
    assert any(part in everything for part in said.split("|")), everything
    assert "secret" not in everything or said != "password"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TargetFileError, match=r"there is no target file \./gone\.toml"):
        targets.load("./gone.toml", cwd=tmp_path)
    assert "is not TOML" in complaint(tmp_path, "a = [").what
    (tmp_path / "server.toml").write_bytes(b"\xff")
    with pytest.raises(TargetFileError, match="cannot be read"):
        targets.load("server.toml", cwd=tmp_path)


def test_a_stage_that_is_missing_is_told(tmp_path: Path) -> None:
    from podwheel.targets.recipe import recipe_of

    write_target(tmp_path, containerfile=CONTAINERFILE.replace("AS build", "AS builder"))
    with pytest.raises(TargetFileError, match="no stage `build`"):
        recipe_of(targets.load("server.toml", cwd=tmp_path))
