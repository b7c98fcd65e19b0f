"""What builds wanted from the network: real logs in data/logs/downloads, of steps that had none."""

from __future__ import annotations

import tomllib

import pytest
from remedies_helpers import DOWNLOADS, FAILED, LOGS, log, names

from podwheel.remedies.download import Download, Kind
from podwheel.remedies.downloads import declaration, downloads_in

JSON = "https://git.example.org/nlohmann/json/releases/download/v3.11.2/json.tar.xz"
TEST = "https://git.example.org/google/googletest.git"
CURL = (
    "https://git.example.org/lexiforest/curl-impersonate/releases/download/v2.3.1/"
    "libcurl-impersonate-v2.3.1.x86_64-linux-gnu.tar.gz"
)


def short(download: Download) -> str:
    """``archive URL → where``."""
    where = {
        "directory": download.directory,
        "file": download.file,
        "fetchcontent": download.fetchcontent,
    }
    known = "".join(f" → {key} {value}" for key, value in where.items() if value)
    return f"{download}{known}"


EXPECTED: dict[str, list[str]] = {
    "fetchcontent-url": [f"archive {JSON} → fetchcontent json"],
    "fetchcontent-url-3.25": [f"archive {JSON} → fetchcontent json"],
    "fetchcontent-git": [f"git {TEST} → fetchcontent googletest"],
    "fetchcontent-git-3.25": [f"git {TEST} → fetchcontent googletest"],
    "externalproject": [
        "archive https://files.example.org/fossils/zlib-1.2.13.tar.gz",
        "git https://git.example.org/example/libfoo.git",
    ],
    "cmake-file-download": ["file https://example.org/data/model.bin"],
    "meson-wrap": [
        "archive http://files.example.org/fossils/zlib-1.3.1.tar.gz → file subprojects/packagecache/zlib-1.3.1.tar.gz"
    ],
    "meson-wrap-git": [
        "git https://git.example.org/example/gitsub.git → directory subprojects/gitsub"
    ],
    "git-clone": ["git https://git.example.org/example/libfoo.git → directory third_party/libfoo"],
    "curl": ["file of an unknown URL"],
    "wget": ["archive https://example.org/a/foo-1.2.tar.gz"],
    "urllib": ["archive https://example.org/files/libbar-2.0.tar.bz2"],
    "urllib-late": [f"archive {CURL}"],  # told after the traceback: its output was buffered
    "requests": ["archive https://example.org/files/libbaz-2.0.zip"],
    "bazel": ["archive https://git.example.org/bazelbuild/bazel-skylib/archive/0.9.0.zip"],
    "pip-install": ["packages of python pybind11"],
    "setup-requires": ["packages of python pybind11>=2.10"],
    "npm": ["packages of npm left-pad"],
    "go-modules": ["packages of go git.example.org/spf13/pflag"],
    "cargo": ["packages of cargo itoa"],
    "conan": ["packages of conan zlib/1.3.1"],
}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_log_says_what_was_wanted(name: str) -> None:
    assert [short(d) for d in downloads_in(log(DOWNLOADS, name))] == EXPECTED[name]


def test_every_log_has_an_expectation() -> None:
    assert names(DOWNLOADS) == set(EXPECTED)


@pytest.mark.parametrize("directory", [LOGS, FAILED], ids=["system", "remedies"])
def test_other_failures_wanted_no_network(directory: object) -> None:
    assert isinstance(directory, type(LOGS))
    fetching = {"cmake-bundled", "setuptools-84-ez-setup"}
    assert {n for n in names(directory) if downloads_in(log(directory, n))} <= fetching


# ---------------------------------------------------------------- wordings from elsewhere


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # a submodule (git 2.39)
        (
            ("Cloning into '/build/src/x-1.0/third_party/fmt'...\n"
            "fatal: unable to access 'https://git.example.org/fmt.git/': Could not resolve host: git.example.org\n"
            "fatal: clone of 'https://git.example.org/fmt.git' into submodule path '/build/src/x-1.0/third_party/fmt' failed\n"),
            ["git https://git.example.org/fmt.git → directory third_party/fmt"],
        ),
        # a script that prints its command
        (
            "+ curl -fsSL https://files.example.org/b.tar.gz -o b.tar.gz\ncurl: (6) Could not resolve host: files.example.org\n",
            ["archive https://files.example.org/b.tar.gz"],
        ),
        # of two URLs the one of the host that is named
        (
            ("Downloading https://a.example.org/a.zip\nDownloading https://b.example.org/b.zip\n"
            "wget: unable to resolve host address 'a.example.org'\n"),
            ["archive https://a.example.org/a.zip"],
        ),
        # httpx, as puccinialin uses it
        ("httpx.ConnectError: [Errno -3] Temporary failure in name resolution\n", ["file of an unknown URL"]),
        # gradle
        (
            "   > Could not GET 'https://maven.example.org/m2/org/x/y/1.0/y-1.0.pom'.\n",
            ["packages of maven y-1.0.pom"],
        ),
        # yarn 1
        ("info There appears to be trouble with your network connection. Retrying...\n", ["packages of npm"]),
        # rustup
        (
            "error: could not download file from 'https://rust.example.org/dist/channel-rust-stable.toml.sha256' to '/x': failed\n",
            ["packages of rustup"],
        ),
        # npm before 10
        (
            "npm ERR! request to https://npm.example.org/@scope%2fpkg failed, reason: getaddrinfo EAI_AGAIN npm.example.org\n",
            ["packages of npm @scope/pkg"],
        ),
    ],
)  # fmt: skip
def test_a_wording_of_another_version(text: str, expected: list[str]) -> None:
    found = [short(d) for d in downloads_in(text)]
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "See https://docs.example.org/index.html for details.\n",
        "Downloading https://files.example.org/a.tar.gz\n",
        "fatal: unable to access 'https://git.example.org/x.git/': The requested URL returned error: 403\n",
        "ERROR: Could not find a version that satisfies the requirement x>=9 (from versions: 1.0, 2.0)\n",
        "a.c:1:10: fatal error: curl/curl.h: No such file or directory\n",
    ],
)
def test_what_did_not_fail_for_lack_of_a_network(text: str) -> None:
    assert downloads_in(text) == ()


# ---------------------------------------------------------------- hostile text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("file:///etc/passwd", None),
        ("ssh://git.example.org/x", None),
        ("https://me:secret@git.example.org/x.git", "https://git.example.org/x.git"),
        ("https://git.example.org/x\\\\y", "https://git.example.org/x"),
        ("https://git.example.org/x'y", None),
        ("https://git.example.org/\x1b[31mx", "https://git.example.org/x"),
        ("https://-oProxyCommand=x", None),
    ],
)
def test_a_url_is_one_of_the_web_or_none(url: str, shown: str | None) -> None:
    found = downloads_in(f"could not get {url}; is the internet available?\n")
    assert [d.url for d in found] == ([shown] if shown else [])


def test_a_path_out_of_the_source_is_not_repeated() -> None:
    said = "fatal: unable to access 'https://git.example.org/x.git/': Could not resolve host: x\n"
    for path in ("../../x", "/etc/x", "a/../b"):
        (found,) = downloads_in(f"Cloning into '{path}'...\n{said}")
        assert found.directory is None


def test_downloads_are_few() -> None:
    text = "".join(
        f"could not get https://x.org/{n}; is the internet available?\n" for n in range(99)
    )
    assert len(downloads_in(text)) == 12


# ---------------------------------------------------------------- what to paste


def test_an_archive_for_fetchcontent() -> None:
    (download,) = downloads_in(log(DOWNLOADS, "fetchcontent-url"))
    assert declaration(download, project="My_Pkg") == (
        "[[package.my-pkg.fetch]]\n"
        f'url = "{JSON}"\n'
        f"sha256 = \"…\"  # of the file that you reviewed: curl -L '{JSON}' | sha256sum\n"
        'fetchcontent = "json"\n'
    )


def test_a_repository_by_its_commit() -> None:
    (download,) = downloads_in(log(DOWNLOADS, "git-clone"))
    text = declaration(download, project="x")
    (fetch,) = tomllib.loads(text)["package"]["x"]["fetch"]
    assert fetch == {
        "url": "git+https://git.example.org/example/libfoo.git@…",
        "directory": "third_party/libfoo",
    }


def test_packages_of_pythons_are_build_requirements() -> None:
    (download,) = downloads_in(log(DOWNLOADS, "setup-requires"))
    assert tomllib.loads(declaration(download, project="x")) == {
        "package": {"x": {"build-requires": ["pybind11>=2.10"]}}
    }


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_declaration_is_toml(name: str) -> None:
    for download in downloads_in(log(DOWNLOADS, name)):
        assert "x" in tomllib.loads(declaration(download, project="x"))["package"]


def test_a_command_to_paste_quotes_the_url() -> None:
    url = "https://example.org/$(touch%20x);reboot&.zip"
    download = Download(kind=Kind.ARCHIVE, url=url, said="")
    assert f"curl -L '{url}' | sha256sum" in declaration(download, project="x")
