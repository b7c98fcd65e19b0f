"""What a workspace's members inherit, and which rustc manifests ask for."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from podwheel.rust import wants
from podwheel.rust.manifest import inherits_anything, join, resolve_inheritance

WORKSPACE = tomllib.loads("""
[package]
version = "2.0.0"
edition = "2021"
readme = "docs/README.md"
authors = ["a"]
[dependencies]
plain = "1.2"
off = { version = "1", default-features = false, features = ["a"] }
near = { path = "crates/near", version = "2" }
[lints.rust]
unused = "deny"
""")


def resolved(text: str, *, up: str = "../..") -> dict[str, Any]:
    return resolve_inheritance(tomllib.loads(text), WORKSPACE, up=up)


def test_fields_of_the_package() -> None:
    made = resolved("""
        [package]
        name = "x"
        version.workspace = true
        edition = { workspace = true }
        readme.workspace = true
        authors.workspace = true
        license.workspace = true
        workspace = "../.."
    """)
    assert made == {
        "package": {
            "name": "x",
            "version": "2.0.0",
            "edition": "2021",
            "readme": "../../docs/README.md",
            "authors": ["a"],
        }
    }


@pytest.mark.parametrize("table", ["dependencies", "build-dependencies", "dev-dependencies"])
def test_dependencies(table: str) -> None:
    made = resolved(f"""
        [{table}]
        own = "3"
        plain.workspace = true
        off = {{ workspace = true, features = ["b"], optional = true }}
        near = {{ workspace = true }}
    """)
    assert made[table] == {
        "own": "3",
        "plain": {"version": "1.2"},
        "off": {
            "version": "1",
            "default-features": False,
            "features": ["a", "b"],
            "optional": True,
        },
        "near": {"path": "../../crates/near", "version": "2"},
    }


def test_dependencies_of_one_platform() -> None:
    made = resolved("[target.'cfg(unix)'.dependencies]\nplain.workspace = true\n")
    assert made == {"target": {"cfg(unix)": {"dependencies": {"plain": {"version": "1.2"}}}}}


@pytest.mark.parametrize(
    ("edition", "dependency", "own", "left"),
    [
        ("2021", "off", "true", True),
        ("2021", "off", "false", False),
        ("2021", "plain", "false", None),  # a member could not switch them off, before 2024
        ("2024", "plain", "false", False),
        ("2024", "off", "true", True),
    ],
)
def test_default_features(edition: str, dependency: str, own: str, left: bool | None) -> None:
    made = resolved(f"""
        package = {{ name = "x", edition = "{edition}" }}
        [dependencies]
        {dependency} = {{ workspace = true, default-features = {own} }}
    """)
    assert made["dependencies"][dependency].get("default-features") is left


def test_lints_and_the_workspace_itself() -> None:
    made = resolved("[lints]\nworkspace = true\n[workspace]\nmembers = ['x']\n")
    assert made == {"lints": {"rust": {"unused": "deny"}}}


@pytest.mark.parametrize(
    ("text", "inherits"),
    [
        ('[package]\nname = "x"\nversion.workspace = true', True),
        ('[package]\nname = "x"\nworkspace = ".."', True),
        ("[lints]\nworkspace = true", True),
        ("[dependencies]\na.workspace = true", True),
        ("[target.'cfg(unix)'.build-dependencies]\na.workspace = true", True),
        ('[package]\nname = "x"\n[dependencies]\na = { workspace = false }\nb = "1"', False),
        ("[workspace]\nmembers = []", False),
    ],
)
def test_whether_anything_is_inherited(text: str, inherits: bool) -> None:
    assert inherits_anything(tomllib.loads(text)) is inherits


def test_paths_stay_in_the_source() -> None:
    assert join(("a", "b"), "../c/./d") == ("a", "c", "d")
    assert join(("a",), "..") == ()
    assert join(("a",), "../../x") is None
    assert join(("a",), "/etc") is None


@pytest.mark.parametrize(
    ("text", "minimum", "channel"),
    [
        ('[toolchain]\nchannel = "1.94"', "1.94", None),
        ('[toolchain]\nchannel = "1.94.0-x86_64-unknown-linux-gnu"', "1.94.0", None),
        ("1.70.0\n", "1.70.0", None),
        ("nightly-2026-09-01", None, "nightly-2026-09-01"),
        ('[toolchain]\nchannel = "beta"', None, "beta"),
    ],
)
def test_a_toolchain_file(text: str, minimum: str | None, channel: str | None) -> None:
    want = wants.of_toolchain(text, by="rust-toolchain")
    assert want is not None
    assert (want.minimum, want.channel, want.by) == (minimum, channel, "rust-toolchain")
    assert not want.firm  # only rustup reads the file


@pytest.mark.parametrize(
    "text",
    [
        "stable",
        '[toolchain]\nchannel = "stable"',
        '[toolchain]\npath = "/opt"',
        "a b",
        "",
        "toolchain = 1",
        "../x",
    ],
)
def test_a_toolchain_file_that_wants_nothing(text: str) -> None:
    assert wants.of_toolchain(text, by="rust-toolchain") is None


def test_the_strongest_wishes() -> None:
    def version(text: str, *, firm: bool) -> wants.Want | None:
        return wants.of_version(text, by=text, firm=firm)

    firm = [version("1.9", firm=True), None, version("1.70.1", firm=True)]
    loose = [version("1.70", firm=False)]
    nightly = wants.of_toolchain("nightly", by="x")
    kept = wants.strongest([*firm, *loose, nightly])
    assert [(w.minimum, w.channel, w.firm) for w in kept] == [
        ("1.70.1", None, True),
        (None, "nightly", False),
    ]
    larger = wants.strongest([*firm, version("1.80", firm=False)])
    assert [(w.minimum, w.firm) for w in larger] == [("1.70.1", True), ("1.80", False)]
