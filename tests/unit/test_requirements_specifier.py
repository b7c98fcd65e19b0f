"""One requirement's text: URLs, paths and names, and what people type instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from requirements_helpers import SHA256, ask, ask_file, write
from structlog.testing import capture_logs

from podwheel.errors import RequirementsFileError, UsageError
from podwheel.model import ArchiveUrl, Hash, LocalDirectory, VcsUrl, Wanted
from podwheel.requirements.problems import mask

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "pkg/": "",
    "pkg/sub/": "",
    "pkg/bare/file": "",
    "a-1.0.tar.gz": "",
    "odd.tgz": "",
    "B_b-2.0-py3-none-any.whl": "",
    "six": "",
    "reqs.txt": "a",
    "data.bin": "",
    "setup.py": "",
}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def one(cwd: Path, text: str) -> Wanted:
    write(cwd, FILES)
    (wanted,) = ask(cwd, requirements=(text,)).wanted
    return wanted


# ------------------------------------------------------------------ remote references


@pytest.mark.parametrize(
    ("text", "requirement", "direct"),
    [
        (
            "a @ https://example.org/a-1.0.tar.gz",
            "a",
            ArchiveUrl(url="https://example.org/a-1.0.tar.gz"),
        ),
        (
            "A[x] @ https://example.org/any.zip ; os_name == 'posix'",
            'A[x] ; os_name == "posix"',
            ArchiveUrl(url="https://example.org/any.zip"),
        ),
        (
            "a @ https://example.org/any.zip; os_name == 'posix'",
            'a ; os_name == "posix"',
            ArchiveUrl(url="https://example.org/any.zip"),
        ),
        (
            "a@https://example.org/x;y/any.zip ;os_name == 'posix'",
            'a ; os_name == "posix"',
            ArchiveUrl(url="https://example.org/x;y/any.zip"),
        ),
        (
            "b-b @ https://example.org/B_b-2.0-py3-none-any.whl",
            "b-b==2.0",
            ArchiveUrl(url="https://example.org/B_b-2.0-py3-none-any.whl"),
        ),
        (
            f"https://example.org/x.zip#egg=a[one,Two_2]&subdirectory=s/t&sha256={SHA256}",
            "a[one,two-2]",
            ArchiveUrl(
                url="https://example.org/x.zip",
                subdirectory="s/t",
                hashes=(Hash(algorithm="sha256", digest=SHA256),),
            ),
        ),
        (
            "https://example.org/B_b-2.0%2Blocal-py3-none-any.whl",
            "b-b==2.0+local",
            ArchiveUrl(url="https://example.org/B_b-2.0%2Blocal-py3-none-any.whl"),
        ),
        (
            "https://example.org/two_words-1.0.tar.gz",
            "two-words",
            ArchiveUrl(url="https://example.org/two_words-1.0.tar.gz"),
        ),
        (
            "https://example.org/archive/release-1.0.tar.gz",
            None,
            ArchiveUrl(url="https://example.org/archive/release-1.0.tar.gz"),
        ),
        (
            "https://example.org/many-1.0.tar.gz#subdirectory=one",
            None,
            ArchiveUrl(url="https://example.org/many-1.0.tar.gz", subdirectory="one"),
        ),
        ("https://example.org/x.zip", None, ArchiveUrl(url="https://example.org/x.zip")),
        (
            "https://u:p@example.org/x.zip?a=b",
            None,
            ArchiveUrl(url="https://u:p@example.org/x.zip?a=b"),
        ),
        ("git+https://example.org/o/r.git", None, VcsUrl(url="https://example.org/o/r.git")),
        (
            "git+https://example.org/o/r.git@v1%232#egg=a&subdirectory=s",
            "a",
            VcsUrl(url="https://example.org/o/r.git", ref="v1#2", subdirectory="s"),
        ),
        (
            f"a[x] @ git+ssh://git@example.org/o/r@{COMMIT}",
            "a[x]",
            VcsUrl(url="ssh://git@example.org/o/r", ref=COMMIT),
        ),
        (
            "git+https://u:p@example.org/r@feature/x ; os_name == 'posix'",
            None,
            VcsUrl(url="https://u:p@example.org/r", ref="feature/x"),
        ),
        ("git+file:///srv/r@main", None, VcsUrl(url="file:///srv/r", ref="main")),
        ("git+http://example.org/r", None, VcsUrl(url="http://example.org/r")),
    ],
)
def test_remote_references(
    tmp_path: Path, text: str, requirement: str | None, direct: ArchiveUrl | VcsUrl
) -> None:
    wanted = one(tmp_path, text)
    found = None if wanted.requirement is None else str(wanted.requirement)
    if found is not None:
        assert found.replace("; ", " ; ").replace("  ", " ") == requirement
    else:
        assert requirement is None
    assert wanted.direct == direct


def test_no_requirement_holds_a_url_because_requirements_are_printed(tmp_path: Path) -> None:
    wanted = one(tmp_path, "a @ https://u:geheim@example.org/a-1.tar.gz")
    assert wanted.requirement is not None
    assert wanted.requirement.url is None
    assert wanted.text == "a @ https://u:****@example.org/a-1.tar.gz"


def test_a_nameless_reference_keeps_its_marker(tmp_path: Path) -> None:
    wanted = one(tmp_path, "git+https://example.org/r ; os_name == 'posix'")
    assert str(wanted.marker) == 'os_name == "posix"'


# ------------------------------------------------------------------ local references


@pytest.mark.parametrize(
    ("text", "requirement", "extras", "subdirectory"),
    [
        ("./pkg", None, set(), None),
        ("pkg/", None, set(), None),
        ("./pkg[One,two]", None, {"one", "two"}, None),
        ("file:pkg", None, set(), None),
        ("file:pkg#egg=a", "a", set(), None),
        ("file:./pkg#subdirectory=sub", None, set(), "sub"),
        ("a[x] @ file:./pkg", "a[x]", set(), None),
        ("sub/../pkg", None, set(), None),
    ],
)
def test_directories(
    tmp_path: Path, text: str, requirement: str | None, extras: set[str], subdirectory: str | None
) -> None:
    wanted = one(tmp_path, text)
    assert wanted.direct == LocalDirectory(path=tmp_path / "pkg", subdirectory=subdirectory)
    assert (str(wanted.requirement) if wanted.requirement else None) == requirement
    assert wanted.extras == extras


def test_the_working_directory_itself(tmp_path: Path) -> None:
    assert one(tmp_path, ".").direct == LocalDirectory(path=tmp_path)
    assert one(tmp_path, ".[x]").extras == {"x"}


def test_absolute_file_urls(tmp_path: Path) -> None:
    for host in ("", "localhost"):
        wanted = one(tmp_path, f"file://{host}{tmp_path}/pkg[x]")
        assert wanted.direct == LocalDirectory(path=tmp_path / "pkg")
        assert wanted.extras == {"x"}


@pytest.mark.parametrize(
    ("text", "requirement", "filename"),
    [
        ("a-1.0.tar.gz", "a", "a-1.0.tar.gz"),
        ("./a-1.0.tar.gz", "a", "a-1.0.tar.gz"),
        ("./odd.tgz", None, "odd.tgz"),
        ("B_b-2.0-py3-none-any.whl", "b-b==2.0", "B_b-2.0-py3-none-any.whl"),
        ("./B_b-2.0-py3-none-any.whl[x]", "b-b[x]==2.0", "B_b-2.0-py3-none-any.whl"),
    ],
)
def test_archives(tmp_path: Path, text: str, requirement: str | None, filename: str) -> None:
    wanted = one(tmp_path, text)
    assert wanted.direct == ArchiveUrl(url=(tmp_path / filename).as_uri())
    assert (str(wanted.requirement) if wanted.requirement else None) == requirement


def test_a_project_with_a_packages_name_is_pointed_at(tmp_path: Path) -> None:
    write(tmp_path, {"example/": ""})
    with capture_logs() as logs:
        (wanted,) = ask(tmp_path, requirements=("example",)).wanted
    assert wanted.direct is None
    assert [(e["event"], e["name"]) for e in logs] == [("requirements.also_directory", "example")]


def test_a_file_with_a_packages_name_does_not_hide_the_package(tmp_path: Path) -> None:
    wanted = one(tmp_path, "six")
    assert str(wanted.requirement) == "six"
    assert wanted.direct is None


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("requests=2.0", "expected semicolon", "did you mean requests==2.0 ?"),
        ("requests = 2.0", "expected", "did you mean requests==2.0 ?"),
        ("requests=>2.0", "expected", "did you mean requests>=2.0 ?"),
        ("requests =< 2.0", "expected", "did you mean requests<=2.0 ?"),
        ("requests 2.0", "expected", "did you mean requests==2.0 ?"),
        ("requests v2.0", "expected", "did you mean requests==2.0 ?"),
        ("requests>1<2", "expected comma", "did you mean requests>1,<2 ?"),
        ("requests==latest", "expected", "did you mean requests ?"),
        ("a b c", "expected", "a requirement reads like"),
        ("==1", "expected package name", "a requirement reads like"),
        ("a ; pyversion > '3'", "marker", "a requirement reads like"),
        ("./pkg ; pyversion > '3'", "its marker cannot be read", ""),
        ("reqs.txt", "is a file of requirements", "-r reqs.txt"),
        ("./reqs.txt", "is a file of requirements", "-r ./reqs.txt"),
        ("missing.txt", "there is no such file", "-r missing.txt"),
        ("pyproject.toml", "is a project's file", "name its directory: ."),
        ("pkg/pyproject.toml", "is a project's file", "name its directory: pkg"),
        ("./data.bin", "neither a directory nor an archive", ".tar.gz"),
        ("file:data.bin", "neither a directory nor an archive", ".tar.gz"),
        ("./missing", "there is no", "working directory"),
        ("missing-1.0.tar.gz", "there is no", "working directory"),
        ("file:missing", "there is no", "working directory"),
        ("./pkg/bare", "neither pyproject.toml nor setup.py", ""),
        ("file:pkg#subdirectory=bare", "neither pyproject.toml nor setup.py", ""),
        ("file:pkg#subdirectory=../x", "leaves the project", "below its top"),
        ("file:pkg#subdirectory=/x", "leaves the project", "below its top"),
        ("file://elsewhere/x", "another host", "three slashes"),
        ("a @ ./pkg", "is no URL", "./PATH"),
        ("ftp://example.org/x.tgz", "ftp: is not spoken", "fetch"),
        ("hg+https://example.org/r", "hg is not spoken", "git"),
        ("a @ svn+https://example.org/r", "svn is not spoken", "git"),
        ("git://example.org/r", "not a way to reach", "git+https://example.org/r"),
        ("ssh://git@example.org/r", "not a way to reach", "git+ssh://"),
        ("git+ftp://example.org/r", "not a way to reach", "git+https://example.org/r"),
        ("git+git@example.org:o/r.git", "is not a git URL", "git+ssh://git@example.org/o/r.git"),
        ("git+https://example.org/r@", "nothing follows the @", "remove the @"),
        ("git+https://example.org/r@--upload-pack=x", "is no branch", ""),
        ("git+https://example.org/r@a..b", "is no branch", ""),
        ("git+https://example.org/", "names no repository", "HOST"),
        ("https://", "names no file", "HOST"),
        ("https://example.org/x.whl", "is not a wheel's file name", ""),
        ("https://example.org/x.zip#egg=no name", "no project's name", "NAME @ URL"),
        ("https://example.org/x.zip#sha256=12", "64 hexadecimal digits", "pip hash"),
    ],
)
def test_errors_of_the_command_line(tmp_path: Path, text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        one(tmp_path, text)
    assert not isinstance(caught.value, RequirementsFileError)
    assert caught.value.what.startswith("command line: ")
    assert said in caught.value.what
    assert hint in " ".join(caught.value.hint)
    assert caught.value.exit_code == 2


def test_an_error_hides_what_a_url_knows(tmp_path: Path) -> None:
    with pytest.raises(RequirementsFileError) as caught:
        ask_file(tmp_path, "git://me:geheim@example.org/r")
    assert "geheim" not in f"{caught.value.what}{caught.value.hint}"
    assert "me:****@example.org" in caught.value.what


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://u:p@h/x", "https://u:****@h/x"),
        ("https://token@h/x", "https://****@h/x"),
        ("https://u:p@ss@h/x", "https://u:****@h/x"),
        ("git+ssh://git@h/x@ref", "git+ssh://git@h/x@ref"),
        ("ssh://u:p@h/x", "ssh://u:****@h/x"),
        ("a @ https://u:p@h/x ; b https://v:q@i", "a @ https://u:****@h/x ; b https://v:****@i"),
        ("https://h/x@y", "https://h/x@y"),
        ("https://h?mail=a@b", "https://h?mail=a@b"),
        ("no url", "no url"),
    ],
)
def test_mask(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_nothing_asked_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to build"):
        ask(tmp_path)
