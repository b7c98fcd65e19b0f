"""Which versions of a tool a distribution has; the lines are those of real ones, shortened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from toolchains_helpers import index

from podwheel.toolchains.distribution import Candidate, of_distribution, upstream_version

if TYPE_CHECKING:
    from pathlib import Path

LIB = "/usr/lib/x86_64-linux-gnu"

DEBIAN_13 = (
    f"""
    /usr/bin/rustc rustc,rustc-web,rustup
    /usr/bin/cargo cargo,cargo-web,rustup
    /usr/share/cargo/bin/cargo cargo,cargo-web
    /usr/share/dh-rust/bin/cargo dh-rust
    {LIB}/librustc_driver-2ac4.so libstd-rust-1.85
    {LIB}/librustc_driver-ea0e.so libstd-rust-web-1.85
    /usr/bin/go gccgo-go,golang-go
    /usr/lib/go-1.24/bin/go golang-1.24-go
    /usr/bin/node nodejs
    /usr/lib/shiny-server/bin/node shiny-server
    /usr/bin/ninja ninja-build
    """,
    """
    cargo 1.85.1+dfsg1-1+deb13u1 rustc libc6 (>= 2.39), rustc (= 1.85.1+dfsg1-1+deb13u1), gcc | clang
    cargo-web 1.96.0+dfsg1-1~deb13u1+b1 rustc-web rustc-web (= 1.96.0+dfsg1-1~deb13u1+b1)
    dh-rust 0.0.11 dh-rust cargo, debhelper
    gccgo-go 2:1.24~2 golang-defaults g++-14, gccgo-14
    golang-1.24-go 1.24.4-1 golang-1.24
    golang-go 2:1.24~2 golang-defaults golang-1.24-go
    dh-golang 1 dh-golang golang-go
    libstd-rust-1.85 1.85.1+dfsg1-1+deb13u1 rustc libc6
    libstd-rust-dev 1.85.1+dfsg1-1+deb13u1 rustc libstd-rust-1.85
    libstd-rust-web-1.85 1.85.0+dfsg1-1~deb13u1 rustc-web libc6
    libstd-rust-web-1.96 1.96.0+dfsg1-1~deb13u1+b1 rustc-web libc6
    libstd-rust-web-dev 1.96.0+dfsg1-1~deb13u1+b1 rustc-web libstd-rust-web-1.96
    ninja-build 1.12.1-1 ninja-build
    nodejs 20.19.2+dfsg-1+deb13u3 nodejs
    rustc 1.85.1+dfsg1-1+deb13u1 rustc libc6, libstd-rust-dev (= 1.85.1+dfsg1-1+deb13u1), gcc
    rustc-web 1.96.0+dfsg1-1~deb13u1+b1 rustc-web libstd-rust-web-dev (= 1.96.0+dfsg1-1~deb13u1+b1)
    rustup 1.27.1-3+b1 rustup libc6
    shiny-server 1.5.20.1002-4 node-shiny-server nodejs
    """,
)
DEBIAN_11 = (
    f"""
    /usr/bin/rustc rustc,rustc-mozilla
    /usr/bin/cargo cargo,cargo-mozilla
    {LIB}/librustc_driver-4c2e.so libstd-rust-1.48
    {LIB}/librustc_driver-a6ef.so libstd-rust-mozilla-1.63
    """,
    """
    cargo 0.47.0-3+b1 cargo rustc (>= 1.24), gcc
    cargo-mozilla 0.66.0+ds1-1~deb11u1 cargo-mozilla rustc-mozilla
    libstd-rust-1.48 1.48.0+dfsg1-2 rustc
    libstd-rust-mozilla-1.63 1.63.0+dfsg1-2~deb11u1 rustc-mozilla
    rustc 1.48.0+dfsg1-2 rustc libstd-rust-dev
    rustc-mozilla 1.63.0+dfsg1-2~deb11u1 rustc-mozilla libstd-rust-mozilla-dev
    """,
)
UBUNTU = (
    """
    /usr/bin/rustc rustc,rustup
    /usr/bin/cargo cargo,rustup
    /usr/lib/rust-1.75/bin/rustc rustc-1.75
    /usr/lib/rust-1.75/bin/cargo cargo-1.75
    /usr/lib/rust-1.80/bin/rustc rustc-1.80
    /usr/lib/rust-1.80/bin/cargo cargo-1.80
    /usr/lib/rust-1.75/lib/librustc_driver-1.so libstd-rust-1.75
    /usr/lib/rust-1.80/lib/librustc_driver-2.so libstd-rust-1.80
    """,
    """
    cargo 1.75.0ubuntu1 rust-defaults cargo-1.75
    cargo-1.75 1.75.0+dfsg0ubuntu1-0ubuntu7 rustc-1.75 rustc-1.75
    cargo-1.80 1.80.1+dfsg0ubuntu1-0ubuntu0.24.04 rustc-1.80 rustc-1.80
    dh-cargo 31 dh-cargo rustc, cargo
    libstd-rust-1.75 1.75.0+dfsg0ubuntu1-0ubuntu7 rustc-1.75
    libstd-rust-1.80 1.80.1+dfsg0ubuntu1-0ubuntu0.24.04 rustc-1.80
    rustc 1.75.0ubuntu1 rust-defaults rustc-1.75
    rustc-1.75 1.75.0+dfsg0ubuntu1-0ubuntu7 rustc-1.75 libstd-rust-1.75
    rustc-1.80 1.80.1+dfsg0ubuntu1-0ubuntu0.24.04 rustc-1.80 libstd-rust-1.80
    rustup 1.26.0-4 rustup libc6
    """,
)
RPM = (
    """
    /usr/bin/rustc rust
    /usr/bin/cargo cargo
    /usr/bin/rustup-init rustup
    /usr/lib64/librustc_driver-3.so rust
    """,
    """
    cargo 1.88.0-1.el9 rust
    rust 1.88.0-1.el9 rust
    rustup 1.27.1-1.el9 rustup
    """,
)


def found(tool: str, lines: tuple[str, str], tmp_path: Path, **more: Any) -> list[tuple[Any, ...]]:
    files = index(tmp_path / "index", files=lines[0], packages=lines[1], **more)
    return [(c.packages, str(c.version), c.path) for c in of_distribution(tool, files)]


def test_debian_13s_default_and_the_browsers(tmp_path: Path) -> None:
    # rustup, whose rustc downloads one, is none of them. The lists of files are older than rustc-web.
    assert found("rust", DEBIAN_13, tmp_path) == [
        (("rustc", "cargo"), "1.85.1", ()),
        (("rustc-web", "cargo-web"), "1.96.0", ()),
    ]


def test_cargos_own_numbers(tmp_path: Path) -> None:
    assert found("rust", DEBIAN_11, tmp_path) == [
        (("rustc", "cargo"), "1.48.0", ()),
        (("rustc-mozilla", "cargo-mozilla"), "1.63.0", ()),
    ]


def test_versions_in_directories_of_their_own(tmp_path: Path) -> None:
    assert found("rust", UBUNTU, tmp_path) == [
        (("rustc", "cargo"), "1.75.0", ()),
        (("rustc-1.75", "cargo-1.75"), "1.75.0", ("/usr/lib/rust-1.75/bin",)),
        (("rustc-1.80", "cargo-1.80"), "1.80.1", ("/usr/lib/rust-1.80/bin",)),
    ]


def test_an_rpm_family(tmp_path: Path) -> None:
    assert found("rust", RPM, tmp_path, family="rpm") == [(("rust", "cargo"), "1.88.0", ())]


def test_one_program(tmp_path: Path) -> None:
    assert found("go", DEBIAN_13, tmp_path) == [
        (("golang-go",), "1.24", ()),  # what other packages need
        (("gccgo-go",), "1.24", ()),
        (("golang-1.24-go",), "1.24.4", ("/usr/lib/go-1.24/bin",)),
    ]
    assert found("node", DEBIAN_13, tmp_path) == [(("nodejs",), "20.19.2", ())]
    assert found("ninja", DEBIAN_13, tmp_path) == [(("ninja-build",), "1.12.1", ())]
    assert found("swig", DEBIAN_13, tmp_path) == []


def test_a_compiler_without_cargo_is_no_toolchain(tmp_path: Path) -> None:
    files = "/usr/bin/rustc rustc\n/usr/lib64/librustc_driver-1.so rustc\n/usr/bin/cargo other\n"
    packages = "rustc 1.90.0-1 rustc\nother 3-1 other\n"
    assert found("rust", (files, packages), tmp_path) == []


def test_one_package_with_all(tmp_path: Path) -> None:
    files = "/usr/bin/rustc rust\n/usr/bin/cargo rust\n/usr/lib/librustc_driver-1.so rust\n"
    assert found("rust", (files, "rust 1:1.91.0-1 rust\n"), tmp_path) == [(("rust",), "1.91.0", ())]


def test_where_a_shell_looks_comes_first(tmp_path: Path) -> None:
    files = "/usr/lib/golang-1.25/bin/go golang\n/usr/bin/go golang\n"
    assert found("go", (files, "golang 1.25.1-1 golang\n"), tmp_path) == [
        (("golang",), "1.25.1", ())
    ]


def test_a_cargo_of_the_same_source_in_another_version_is_none_of_its(tmp_path: Path) -> None:
    files = (
        "/usr/bin/rustc rust\n/usr/bin/cargo cargo-old,cargo\n/usr/lib/librustc_driver-1.so rust\n"
    )
    packages = "rust 1.91.0-1 rust\ncargo 1.91.0-1 rust\ncargo-old 1.80.0-1 rust\n"
    assert found("rust", (files, packages), tmp_path) == [(("rust", "cargo"), "1.91.0", ())]


def test_a_package_that_is_listed_and_not_there(tmp_path: Path) -> None:
    assert found("ninja", ("/usr/bin/ninja gone\n", "other 1 other\n"), tmp_path) == []


def test_what_a_candidate_is_called(tmp_path: Path) -> None:
    files = index(tmp_path, files=RPM[0], packages=RPM[1], family="rpm")
    (candidate,) = of_distribution("rust", files)
    assert isinstance(candidate, Candidate)
    assert str(candidate) == "1.88.0 of the distribution (rust 1.88.0-1.el9, cargo 1.88.0-1.el9)"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.85.1+dfsg1-1+deb13u1", "1.85.1"),
        ("1:1.96.0+dfsg1-1~deb13u1+b1", "1.96.0"),
        ("2:1.24~2", "1.24"),
        ("1.75.0ubuntu1", "1.75.0"),
        ("0:3.26.5-2.el9", "3.26.5"),
        ("4.1.0~rc2-1", "4.1.0rc2"),
        ("4.1.0~beta.2+dfsg-1", "4.1.0b2"),
        ("2.0+really1.9-1", "1.9"),
        ("20250101-1", "20250101"),
        ("git123", None),
        ("", None),
    ],
)
def test_upstreams_version(text: str, version: str | None) -> None:
    found = upstream_version(text)
    assert (None if found is None else str(found)) == version
