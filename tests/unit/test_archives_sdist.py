"""read_sdist, the build system, static metadata, and packing a local tree."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from archives_helpers import entry, make_tar, make_wheel
from packaging.requirements import Requirement

from podwheel.archives import tars
from podwheel.archives.metadata import parse_metadata
from podwheel.archives.sdist import (
    Sdist,
    pack_directory,
    read_build_system,
    read_sdist,
    static_metadata,
)
from podwheel.archives.zips import Limits
from podwheel.errors import BackendUnusable, MetadataUnusable, SourceUnusable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES = {
    "demo-1.0/PKG-INFO": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
    "demo-1.0/pyproject.toml": b"[build-system]\nrequires = []\n",
    "demo-1.0/setup.py": b"import sys; sys.exit('executed!')\n",
    "demo-1.0/demo/PKG-INFO": b"not this one",
}
NAME = "demo-1.0.tar.gz"


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def refused(path: Path, message: str, **arguments: object) -> None:
    with pytest.raises(SourceUnusable, match=message):
        read_sdist(path, filename=NAME, **arguments)  # type: ignore[arg-type]


# ------------------------------------------------------------------ what is fine


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar(tmp_path: Path, mode: str) -> None:
    sdist = read_sdist(make_tar(tmp_path / "ab12", FILES, mode=mode), filename=NAME)
    assert sdist.top == "demo-1.0"
    assert sdist.pyproject == "[build-system]\nrequires = []\n"
    assert sdist.pkg_info == "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
    assert (sdist.has_setup_py, sdist.has_setup_cfg) == (True, False)


@pytest.mark.parametrize("chunk", [1, 511, 512, 513, 1000])
def test_a_tar_whose_members_are_spread_over_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(tars, "CHUNK", chunk)
    text = "".join(f"x{number} = {number}\n" for number in range(500))
    files = {**FILES, "demo-1.0/pyproject.toml": text.encode(), "demo-1.0/PKG-INFO": text.encode()}
    for mode in ("w", "w:gz", "w:xz"):
        sdist = read_sdist(make_tar(tmp_path / mode, files, mode=mode), filename=NAME)
        assert (sdist.pyproject, sdist.pkg_info) == (text, text)


def test_whether_there_may_be_rust_in_it(tmp_path: Path) -> None:
    crate = {**FILES, "demo-1.0/native/Cargo.toml": b"[package]\n"}
    assert read_sdist(make_tar(tmp_path / "crate", crate), filename=NAME).has_crates
    other = {**FILES, "demo-1.0/docs/Cargo.toml.in": b"", "demo-1.0/Cargo.lock": b""}
    assert not read_sdist(make_tar(tmp_path / "other", other), filename=NAME).has_crates


def test_how_much_of_it_a_compiler_reads(tmp_path: Path) -> None:
    files = {**FILES, "demo-1.0/src/a.c": b"12345", "demo-1.0/b.F90": b"123", "demo-1.0/c.h": b"1"}
    files["demo-1.0/slow.cpp"] = b"12"
    assert read_sdist(make_tar(tmp_path / "tar", files), filename=NAME).compiled == 18
    with zipfile.ZipFile(tmp_path / "zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(entry(name), data)
    assert read_sdist(tmp_path / "zip", filename="demo-1.0.zip").compiled == 18
    assert read_sdist(make_tar(tmp_path / "pure", FILES), filename=NAME).compiled == 0


def test_a_zip_with_the_comment_of_git_archive(tmp_path: Path) -> None:
    path = tmp_path / "demo-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry("demo-1.0/", kind=stat.S_IFDIR, mode=0o755), b"")
        for name, data in FILES.items():
            archive.writestr(entry(name), data)
        archive.writestr(entry("demo-1.0/link", kind=stat.S_IFLNK), b"demo/PKG-INFO")
        archive.comment = b"0123456789abcdef"
    sdist = read_sdist(path, filename=path.name)
    assert (sdist.top, sdist.has_setup_py) == ("demo-1.0", True)
    assert sdist.pyproject is not None


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_several_compressed_streams_are_one(tmp_path: Path, pack: object) -> None:
    plain = make_tar(tmp_path / "plain", FILES, mode="w").read_bytes()
    path = tmp_path / NAME
    path.write_bytes(pack(plain[:700]) + pack(plain[700:]) + b"\0" * 512)  # type: ignore[operator]
    assert read_sdist(path, filename=NAME).pyproject is not None


def test_leading_dots_and_a_global_header(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with tarfile.open(path, "w:gz", pax_headers={"comment": "0123"}) as archive:
        archive.addfile(special("./", tarfile.DIRTYPE))
        for name, data in FILES.items():
            info = tarfile.TarInfo(f"./{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert read_sdist(path, filename=NAME).top == "demo-1.0"


def test_no_single_top_directory(tmp_path: Path) -> None:
    path = make_tar(tmp_path / NAME, {"pyproject.toml": b"x = 1", "demo/x.py": b""})
    sdist = read_sdist(path, filename=NAME)
    assert (sdist.top, sdist.pyproject) == ("", "x = 1")


def test_subdirectory(tmp_path: Path) -> None:
    path = make_tar(
        tmp_path / NAME, {"r/pyproject.toml": b"outer", "r/py/demo/pyproject.toml": b"inner"}
    )
    assert read_sdist(path, filename=NAME, subdirectory="py/demo").pyproject == "inner"
    assert read_sdist(path, filename=NAME).pyproject == "outer"


@pytest.mark.parametrize(
    ("at", "target"), [("a/l", "../setup.py"), ("l", "."), ("l", "a/b"), ("a/b/l", "../../x/y")]
)
def test_links_inside(tmp_path: Path, at: str, target: str) -> None:
    link = special(f"demo-1.0/{at}", tarfile.SYMTYPE, target)
    hard = special("demo-1.0/hard", tarfile.LNKTYPE, "demo-1.0/setup.py")
    assert read_sdist(make_tar(tmp_path / NAME, FILES, more=[link, hard]), filename=NAME)


# ------------------------------------------------------------------ what is not


@pytest.mark.parametrize(
    ("member", "message"),
    [
        (special("../x", tarfile.REGTYPE), "climbs"),
        (special("/etc/x", tarfile.REGTYPE), "absolute"),
        (special("demo-1.0/" + "x" * 300, tarfile.REGTYPE), "longer than 255"),
        (special("demo-1.0/x", tarfile.CHRTYPE), "is a device"),
        (special("demo-1.0/x", tarfile.FIFOTYPE), "is a device"),
        (special("demo-1.0/x", tarfile.SYMTYPE, "/etc/passwd"), "leads out of the tree"),
        (special("demo-1.0/x", tarfile.SYMTYPE, "../../x"), "leads out of the tree"),
        (special("demo-1.0/x", tarfile.SYMTYPE, ".."), "leads out of the tree"),
        (special("demo-1.0/x", tarfile.SYMTYPE, "demo/../../../x"), "leads out of the tree"),
        (special("demo-1.0/x", tarfile.SYMTYPE, "d/.."), "leads out of the tree"),
        (special("demo-1.0/x", tarfile.LNKTYPE, "../x"), "climbs"),
        (special("demo-1.0/x", tarfile.LNKTYPE, "other/x"), "leads out of the tree"),
        (special("demo-1.0/setup.py", tarfile.REGTYPE), "setup.py is there twice"),
    ],
)
def test_hostile_members(tmp_path: Path, member: tarfile.TarInfo, message: str) -> None:
    refused(make_tar(tmp_path / NAME, FILES, more=[member]), message)


def test_written_through_a_link(tmp_path: Path) -> None:
    link = special("demo-1.0/d", tarfile.SYMTYPE, "demo")
    through = special("demo-1.0/d/x", tarfile.REGTYPE)
    refused(make_tar(tmp_path / NAME, FILES, more=[link, through]), "through a symbolic link")


def test_zip_with_a_link_that_leads_out(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry("demo-1.0/l", kind=stat.S_IFLNK), b"../../etc")
    refused(path, "leads out")


def test_zip_with_a_device(tmp_path: Path) -> None:
    path = tmp_path / NAME
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry("demo-1.0/null", kind=stat.S_IFCHR), b"")
    refused(path, "is a device")


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(size=10), "the limit is 10"),
        (Limits(members=3), "more than 3 members"),
        (Limits(unpacked=1000), "unpacks to more than 1000"),
    ],
)
def test_limits(tmp_path: Path, limits: Limits, message: str) -> None:
    refused(make_tar(tmp_path / NAME, FILES), message, limits=limits)


@pytest.mark.parametrize("name", ["pyproject.toml", "PKG-INFO"])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_text_limit(tmp_path: Path, name: str, kind: str) -> None:
    files = {f"demo-1.0/{name}": b"#" * ((1 << 20) + 1)}
    path = tmp_path / NAME
    if kind == "tar":
        make_tar(path, files)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(entry(f"demo-1.0/{name}"), files[f"demo-1.0/{name}"])
    refused(path, "1048577 bytes|more than 1048576 bytes")


def test_a_header_of_gigabytes(tmp_path: Path) -> None:
    """tarfile would allocate what an extended header claims to be long."""
    info = special("x", tarfile.XHDTYPE)
    info.size = 3 << 30
    path = tmp_path / NAME
    path.write_bytes(info.tobuf() + b"\0" * 4096)
    refused(path, "header has 3221225472 bytes")


def test_a_chain_of_headers(tmp_path: Path) -> None:
    header = special("x", tarfile.GNUTYPE_LONGNAME)
    header.size = 1
    path = tmp_path / NAME
    path.write_bytes((header.tobuf(tarfile.GNU_FORMAT) + b"y".ljust(512, b"\0")) * 5000)
    refused(path, "cannot be read as a tar archive")


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_truncated(tmp_path: Path, pack: object) -> None:
    files = {"demo-1.0/noise": os.urandom(50_000), "demo-1.0/setup.py": b""}
    plain = make_tar(tmp_path / "plain", files, mode="w").read_bytes()
    packed = pack(plain)  # type: ignore[operator]
    path = tmp_path / NAME
    path.write_bytes(packed[: len(packed) // 2])
    refused(path, "cannot be read as a tar archive")


@pytest.mark.parametrize("data", [b"", b"<html>404</html>" * 100, b"\x1f\x8bnonsense", b"PK\3\4"])
def test_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / NAME).write_bytes(data)
    refused(tmp_path / NAME, "is not a usable source archive")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to(make_tar(tmp_path / "real", FILES))
    refused(tmp_path / NAME, "symbolic link")


# ------------------------------------------------------------------ the build system


def test_no_pyproject_is_legacy_setuptools() -> None:
    system = read_build_system(None, filename=NAME)
    assert system.backend == "setuptools.build_meta:__legacy__"
    assert [str(r) for r in system.requires] == ["setuptools>=40.8.0"]
    assert system.legacy
    assert read_build_system("[tool.x]\n", filename=NAME) == system


def test_requires_without_a_backend() -> None:
    system = read_build_system('[build-system]\nrequires = ["Cython<3"]', filename=NAME)
    assert [str(r) for r in system.requires] == ["Cython<3", "setuptools>=40.8.0"]
    assert system.legacy
    given = '[build-system]\nrequires = ["Setuptools"]'
    assert [str(r) for r in read_build_system(given, filename=NAME).requires] == ["Setuptools"]


def test_an_in_tree_backend() -> None:
    system = read_build_system(
        '[build-system]\nrequires = []\nbuild-backend = "b.x:y.z"\nbackend-path = ["_b", "."]',
        filename=NAME,
    )
    assert (system.backend, system.backend_path, system.legacy) == ("b.x:y.z", ("_b", "."), False)
    assert system.requires == ()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[build-system", "not valid TOML"),
        ("x = " + "[" * 100_000, "not valid TOML"),
        ("build-system = 1", "not a table"),
        ("[build-system]\nbuild-backend = 'x'", "no `requires`"),
        ("[build-system]\nrequires = 'x'", "not a list of strings"),
        ("[build-system]\nrequires = [1]", "not a list of strings"),
        ("[build-system]\nrequires = ['x (']", r"invalid requirement, 'x \('"),
        ("[build-system]\nrequires = []\nbuild-backend = 1", "not an object's path: 1"),
        ("[build-system]\nrequires = []\nbuild-backend = 'a b'", "not an object's path"),
        ("[build-system]\nrequires = []\nbackend-path = ['x']", "no `build-backend`"),
        (
            "[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = 'x'",
            "list of strings",
        ),
        ("[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['../x']", "leaves"),
        ("[build-system]\nrequires = []\nbuild-backend = 'x'\nbackend-path = ['/x']", "leaves"),
    ],
)
def test_unusable_build_systems(table: str, message: str) -> None:
    with pytest.raises(BackendUnusable, match=message):
        read_build_system(table, filename=NAME)


# ------------------------------------------------------------------ static metadata


def sdist(pkg_info: str | None = None, pyproject: str | None = None, filename: str = NAME) -> Sdist:
    return Sdist(
        filename=filename,
        top="demo-1.0",
        pyproject=pyproject,
        pkg_info=pkg_info,
        has_setup_py=False,
        has_setup_cfg=False,
    )


PROMISE = "Metadata-Version: 2.2\nName: demo\nVersion: 1.0\nRequires-Dist: six\n"


def test_pep_643() -> None:
    found = static_metadata(sdist(PROMISE + "Dynamic: License-File\n"))
    assert found is not None
    assert [str(r) for r in found.requires] == ["six"]


@pytest.mark.parametrize(
    "pkg_info",
    [
        PROMISE.replace("2.2", "2.1"),
        PROMISE.replace("2.2", "two"),
        PROMISE + "Dynamic: Requires-Dist\n",
        PROMISE + "Dynamic: License\nDynamic: requires-python\n",
        PROMISE + "Dynamic: Provides-Extra\n",
        None,
    ],
)
def test_only_the_backend_knows(pkg_info: str | None) -> None:
    assert static_metadata(sdist(pkg_info)) is None


PROJECT = """
[project]
name = "Demo"
version = "1.0"
requires-python = ">=3.9"
dependencies = ["six>=1", "tomli; python_version < '3.11'"]
[project.optional-dependencies]
Test_All = ["pytest; os_name == 'posix' or os_name == 'nt'", "x @ https://files.example.org/x.zip"]
"""


def test_pep_621() -> None:
    found = static_metadata(sdist(pyproject=PROJECT))
    assert found is not None
    assert str(found.requires_python) == ">=3.9"
    assert found.extras == {"test-all"}
    assert found.requires == tuple(
        map(
            Requirement,
            (
                "six>=1",
                'tomli; python_version < "3.11"',
                'pytest; (os_name == "posix" or os_name == "nt") and extra == "test-all"',
                'x @ https://files.example.org/x.zip ; extra == "test-all"',
            ),
        )
    )


def test_the_version_may_be_from_pkg_info() -> None:
    dynamic = PROJECT.replace('version = "1.0"', 'dynamic = ["version"]')
    found = static_metadata(sdist("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n", dynamic))
    assert found is not None
    assert str(found.version) == "1.0"
    assert static_metadata(sdist(None, dynamic)) is None


@pytest.mark.parametrize(
    "pyproject",
    [
        PROJECT.replace('version = "1.0"', 'version = "1.0"\ndynamic = ["dependencies"]'),
        PROJECT.replace('version = "1.0"', 'version = "1.0"\ndynamic = ["optional-dependencies"]'),
        PROJECT.replace('version = "1.0"', 'version = "1.0"\ndynamic = "version"'),
        PROJECT.replace('"1.0"', '"one"'),
        "[tool.poetry]\nname = 'demo'\n",
        "not toml",
        "project = 1",
    ],
)
def test_pyprojects_that_promise_nothing(pyproject: str) -> None:
    assert static_metadata(sdist(pyproject=pyproject)) is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (sdist(PROMISE.replace("six", "six (")), r"Requires-Dist: six \("),
        (sdist(PROMISE, filename="other-1.0.tar.gz"), "has the metadata of demo 1.0"),
        (sdist(PROMISE, filename="demo-2.0.tar.gz"), "has the metadata of demo 1.0"),
        (sdist(pyproject=PROJECT.replace("six>=1", "six >")), "invalid requirement, 'six >'"),
        (sdist(pyproject=PROJECT.replace(">=3.9", "three")), "`requires-python` is invalid"),
        (sdist(pyproject=PROJECT.split("[project.op")[0] + "optional-dependencies = 1"), "a table"),
    ],
)
def test_broken_promises(source: Sdist, message: str) -> None:
    with pytest.raises(MetadataUnusable, match=message):
        static_metadata(source)


def test_archives_with_names_of_their_own_promise_no_version() -> None:
    assert static_metadata(sdist(PROMISE, filename="main.zip")) is not None


def test_metadata_that_is_not_utf8() -> None:
    data = b"Name: demo\nVersion: 1.0\nRequires-Dist: caf\xe9\n"
    with pytest.raises(MetadataUnusable, match="not UTF-8"):
        parse_metadata(data, where="x")


# ------------------------------------------------------------------ packing a directory


def packed(root: Path, **arguments: object) -> bytes:
    out = io.BytesIO()
    pack_directory(root, out, epoch=1_600_000_000, **arguments)  # type: ignore[arg-type]
    return out.getvalue()


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


def plant(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_packing_is_canonical(tmp_path: Path) -> None:
    one = plant(tmp_path / "one", {"b.py": "b", "a/run": "x", "pyproject.toml": ""})
    two = plant(tmp_path / "two", {"pyproject.toml": "", "a/run": "x", "b.py": "b"})
    (one / "a/run").chmod(0o700)
    (two / "a/run").chmod(0o755)
    (two / "b.py").chmod(0o600)
    os.utime(two / "b.py", (1, 1))
    assert packed(one) == packed(two)
    with tarfile.open(fileobj=io.BytesIO(packed(one))) as archive:
        infos = archive.getmembers()
    assert [(i.name, oct(i.mode)) for i in infos] == [
        ("source", "0o755"),
        ("source/a", "0o755"),
        ("source/a/run", "0o755"),
        ("source/b.py", "0o644"),
        ("source/pyproject.toml", "0o644"),
    ]
    assert {(i.uid, i.gid, i.uname, i.gname, i.mtime) for i in infos} == {
        (0, 0, "", "", 1_600_000_000)
    }
    assert os.fsencode(tmp_path.name) not in gzip.decompress(packed(one))


def test_what_is_packed_can_be_read(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", {"pyproject.toml": "x = 1", "py/setup.py": ""})
    path = tmp_path / "packed"
    path.write_bytes(packed(root))
    found = read_sdist(path, filename="tree.tar.gz")
    assert (found.top, found.pyproject) == ("source", "x = 1")
    assert read_sdist(path, filename="tree.tar.gz", subdirectory="py").has_setup_py


def test_what_is_left_out(tmp_path: Path) -> None:
    tag = "Signature: 8a477f597d28d172789f06886806bc55\n"
    root = plant(
        tmp_path / "tree",
        {
            "setup.py": "",
            ".git/HEAD": "ref",
            "build/x": "",
            "x.pyc": "",
            "pkg/__pycache__/x.py": "",
            "env/pyvenv.cfg": "",
            "env/lib/x": "",
            ".cache/CACHEDIR.TAG": tag,
            ".cache/x": "",
            "tagged/CACHEDIR.TAG": "no signature",
            "node_modules/x": "",
            ".tox/x": "",
            ".nox/x": "",
            "wheelhouse/podwheel.json": "",
            "wheelhouse/pylock.toml": "",
            "wheelhouse/SHA256SUMS": "",
            "wheelhouse/simple/index.html": "",
        },
    )
    os.mkfifo(root / "fifo")
    assert names(packed(root))[1:] == [
        f"source/{n}"
        for n in (
            ".git",
            ".git/HEAD",
            "build",
            "build/x",
            "pkg",
            "setup.py",
            "tagged",
            "tagged/CACHEDIR.TAG",
        )
    ]


def test_links_inside_stay_links(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", {"a/x": "x"})
    (root / "b").symlink_to("a")
    (root / "a/y").symlink_to("../a/x")
    with tarfile.open(fileobj=io.BytesIO(packed(root))) as archive:
        assert archive.getmember("source/b").linkname == "a"
        assert archive.getmember("source/a/y").linkname == "../a/x"
        assert "source/b/x" not in archive.getnames()


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "a/../../secret"])
def test_links_out_are_refused(tmp_path: Path, target: str) -> None:
    root = plant(tmp_path / "tree", {"a/x": ""})
    plant(tmp_path, {"secret": "secret"})
    (root / "l").symlink_to(target)
    with pytest.raises(SourceUnusable, match="link out of the source tree") as caught:
        packed(root)
    assert "put a copy" in caught.value.hint[0]


def test_a_name_swapped_for_a_link_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = plant(tmp_path / "tree", {"x": "good"})
    plant(tmp_path, {"secret": "secret"})
    real = os.stat

    def swapping(name: object, **arguments: object) -> os.stat_result:
        found = real(name, **arguments)  # type: ignore[arg-type]
        if name == "x":
            (root / "x").unlink()
            (root / "x").symlink_to("../secret")
        return found

    monkeypatch.setattr(os, "stat", swapping)
    with pytest.raises(SourceUnusable, match="cannot be packed"):
        packed(root)


@pytest.mark.parametrize("subdirectory", ["nothing", "x", "../tree"])
def test_subdirectories_that_are_none(tmp_path: Path, subdirectory: str) -> None:
    root = plant(tmp_path / "tree", {"x": ""})
    with pytest.raises(SourceUnusable, match=r"not a directory|not inside"):
        packed(root, subdirectory=subdirectory)


def test_no_directory(tmp_path: Path) -> None:
    with pytest.raises(SourceUnusable, match="is not a directory"):
        packed(make_wheel(tmp_path))
