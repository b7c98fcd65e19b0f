"""``pylock.toml`` (PEP 751) as input."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest
import tomli_w
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock
from packaging.utils import canonicalize_name
from packaging.version import Version
from requirements_helpers import SHA256, ask, names, write

from podwheel.errors import RequirementsFileError, UsageError
from podwheel.model import ArchiveUrl, Hash, LocalDirectory, VcsUrl

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HASHES = f'hashes = {{sha256 = "{SHA256}"}}'
LOCK = f"""{HEAD}
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'"]
extras = ["speed"]
dependency-groups = ["dev", "docs"]
default-groups = ["dev"]

[[packages]]
name = "a"
version = "1.0"
marker = "python_version < '3.13'"
requires-python = ">=3.9"
[[packages.wheels]]
url = "https://u:p@example.org/a-1.0-py3-none-any.whl"
size = 5
upload-time = 2026-01-02T03:04:05Z
{HASHES}
[packages.sdist]
path = "files/a-1.0.tar.gz"
{HASHES}

[[packages]]
name = "git-one"
vcs = {{type = "git", url = "https://example.org/r.git", commit-id = "{COMMIT}", subdirectory = "s"}}

[[packages]]
name = "here"
directory = {{path = "../here", editable = true}}

[[packages]]
name = "arch"
archive = {{url = "https://example.org/arch.zip", {HASHES}, subdirectory = "x"}}

[[packages]]
name = "in-dev"
marker = "'dev' in dependency_groups"
sdist = {{name = "in_dev-2.tar.gz", url = "https://example.org/f/1", {HASHES}}}

[[packages]]
name = "in-docs"
marker = "'docs' in dependency_groups and os_name == 'posix'"
sdist = {{url = "https://example.org/in_docs-3.tar.gz", {HASHES}}}

[[packages]]
name = "in-speed"
marker = "os_name == 'nt' or 'Speed' in extras"
sdist = {{url = "https://example.org/in_speed-4.tar.gz", {HASHES}}}

[[packages]]
name = "not-docs"
marker = "'docs' not in dependency_groups"
sdist = {{url = "https://example.org/not_docs-5.tar.gz", {HASHES}}}
"""


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    write(tmp_path, {"sub/pylock.toml": LOCK, "here/": "", "sub/files/a-1.0.tar.gz": ""})
    return tmp_path


def test_packages_and_files(locked: Path) -> None:
    request = ask(locked, requirement_files=("sub/pylock.toml",))
    a = request.wanted[0]
    assert str(a.requirement) == 'a==1.0; python_version < "3.13"'
    assert str(a.origin) == f"sub/pylock.toml:{LOCK.splitlines().index('[[packages]]') + 1}"
    wheel, sdist = a.files
    assert wheel.url == "https://u:p@example.org/a-1.0-py3-none-any.whl"
    assert wheel.filename == "a-1.0-py3-none-any.whl"
    assert wheel.size == 5
    assert wheel.uploaded == datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert wheel.requires_python == ">=3.9"
    assert wheel.hashes == (Hash(algorithm="sha256", digest=SHA256),)
    assert sdist.url == (locked / "sub" / "files" / "a-1.0.tar.gz").as_uri()
    by_name = {w.name: w for w in request.wanted}
    assert by_name[canonicalize_name("git-one")].direct == VcsUrl(
        url="https://example.org/r.git", ref=COMMIT, subdirectory="s"
    )
    assert by_name[canonicalize_name("here")].direct == LocalDirectory(path=locked / "here")
    assert by_name[canonicalize_name("arch")].direct == ArchiveUrl(
        url="https://example.org/arch.zip",
        subdirectory="x",
        hashes=(Hash(algorithm="sha256", digest=SHA256),),
    )


def test_what_the_target_must_answer_is_handed_on(locked: Path) -> None:
    request = ask(locked, requirement_files=("sub/pylock.toml",))
    assert request.no_deps
    assert not request.require_hashes
    assert str(request.requires_python) == ">=3.11"
    assert [str(m) for m in request.environments] == ['sys_platform == "linux"']


@pytest.mark.parametrize(
    ("files", "groups", "expected"),
    [
        (("sub/pylock.toml",), (), {"in-dev==2": None, "in-docs==3": "never", "in-speed==4": 'os_name == "nt"', "not-docs==5": None}),
        (("sub/pylock.toml[speed]",), (), {"in-dev==2": None, "in-docs==3": "never", "in-speed==4": None, "not-docs==5": None}),
        (("sub/pylock.toml",), ("sub/pylock.toml:docs",), {"in-dev==2": None, "in-docs==3": 'os_name == "posix"', "in-speed==4": 'os_name == "nt"'}),
        ((), ("sub/pylock.toml:docs",), {"in-docs==3": 'os_name == "posix"', "in-speed==4": 'os_name == "nt"'}),
    ],
)  # fmt: skip
def test_extras_and_groups_are_decided_and_the_rest_is_left_to_the_target(
    locked: Path, files: tuple[str, ...], groups: tuple[str, ...], expected: dict[str, str | None]
) -> None:
    request = ask(locked, requirement_files=files, groups=groups)
    nt = {"os_name": "nt"}
    found = {}
    for wanted in request.wanted:
        assert wanted.requirement is not None
        if wanted.requirement.name.startswith(("in-", "not-")):
            found[wanted.text] = wanted.requirement.marker
    assert found.keys() == expected.keys()
    for text, marker in expected.items():
        left = found[text]
        for environment in (nt, {"os_name": "posix"}):
            wants = marker is None or marker.endswith(f'"{environment["os_name"]}"')
            assert (left is None or left.evaluate(environment)) is wants, (text, str(left))


def test_a_lock_that_packaging_wrote(tmp_path: Path) -> None:
    """The round trip: what a lock's writer says is what is read."""
    lock = Pylock(
        lock_version=Version("1.0"),
        created_by="test",
        packages=[
            Package(
                name=canonicalize_name("b"),
                sdist=PackageSdist(path="b-1.tar.gz", hashes={"sha256": SHA256, "md5": "0" * 32}),
                wheels=[PackageWheel(path="b-1-py3-none-any.whl", hashes={"sha256": SHA256})],
            )
        ],
    )
    write(tmp_path, {"pylock.server.toml": tomli_w.dumps(lock.to_dict())})
    request = ask(tmp_path, requirement_files=("pylock.server.toml",))
    assert names(request) == ["b==1"]
    assert [f.filename for f in request.wanted[0].files] == ["b-1-py3-none-any.whl", "b-1.tar.gz"]
    assert [str(h) for h in request.wanted[0].files[1].hashes] == [f"sha256:{SHA256}"]


def test_a_path_that_is_not_there_gives_way_to_the_url(tmp_path: Path) -> None:
    package = f'[[packages]]\nname = "a"\nsdist = {{path = "x/a-1.tar.gz", url = "https://example.org/a-1.tar.gz", {HASHES}}}\n'
    write(tmp_path, {"pylock.toml": HEAD + package})
    (wanted,) = ask(tmp_path, requirement_files=("pylock.toml",)).wanted
    assert wanted.files[0].url == "https://example.org/a-1.tar.gz"
    write(tmp_path, {"x/a-1.tar.gz": ""})
    (wanted,) = ask(tmp_path, requirement_files=("pylock.toml",)).wanted
    assert wanted.files[0].url == (tmp_path / "x" / "a-1.tar.gz").as_uri()


def package(body: str) -> str:
    return f'{HEAD}[[packages]]\nname = "a"\n{body}\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = ", "is not TOML"),
        (HEAD, "is not a valid lock (PEP 751): Missing required value in 'packages'"),
        (HEAD.replace("1.0", "9.0") + "packages = []", "version 9.0 is not supported"),
        (package(f'sdist = {{url = "https://example.org/b-1.tar.gz", {HASHES}}}'), "not consistent with package name"),
        (package(f'vcs = {{type = "hg", url = "https://example.org/r", commit-id = "{COMMIT}"}}'), "its VCS is 'hg'"),
        (package('vcs = {type = "git", url = "https://example.org/r", commit-id = "--x"}'), "is no branch"),
        (package('directory = {path = "gone"}'), "there is no directory"),
        (package(f'archive = {{url = "gopher://example.org/x", {HASHES}}}'), "is no URL that can be fetched"),
        (package(f'archive = {{url = "ssh://example.org/x", {HASHES}}}'), "is no URL that can be fetched"),
        (package(f'archive = {{url = "https://example.org/x.zip", {HASHES}, subdirectory = "../x"}}'), "leaves the project"),
        (package('archive = {url = "https://example.org/x.zip", hashes = {md5 = "00"}}'), "its only hashes are md5"),
        (package('archive = {url = "https://example.org/x.zip", hashes = {sha256 = "00"}}'), "64 hexadecimal digits"),
    ],
)  # fmt: skip
def test_errors(tmp_path: Path, text: str, said: str) -> None:
    write(tmp_path, {"pylock.toml": text})
    with pytest.raises(RequirementsFileError) as caught:
        ask(tmp_path, requirement_files=("pylock.toml",))
    assert caught.value.what.startswith("pylock.toml")
    assert said in caught.value.what


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"requirement_files": ("sub/pylock.toml[fast]",)}, "has no extra 'fast'"),
        ({"groups": ("sub/pylock.toml:fast",)}, "has no group 'fast'"),
        ({"requirement_files": ("sub/pylock.toml",), "requirements": ("a",)}, "complete by itself"),
        ({"requirement_files": ("sub/pylock.toml", "r.txt")}, "complete by itself"),
        ({"requirement_files": ("sub/pylock.toml", "pylock.toml")}, "complete by itself"),
        (
            {"requirement_files": ("sub/pylock.toml",), "constraint_files": ("c.txt",)},
            "complete by itself",
        ),
        ({"requirement_files": ("pylock.toml",)}, "pylock.toml: no such file"),
        ({"constraint_files": ("sub/pylock.toml",), "requirements": ("a",)}, "cannot be included"),
    ],
)
def test_locks_stand_alone(locked: Path, arguments: dict[str, object], said: str) -> None:
    write(locked, {"r.txt": "a", "c.txt": "-r r.txt"})
    with pytest.raises(UsageError) as caught:
        ask(locked, **arguments)
    assert said in caught.value.what
