"""Which toolchain a build gets, what is told where none serves, and how it comes into a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from attrs import frozen
from packaging.version import Version
from toolchains_helpers import toolchain

from podwheel.errors import ToolchainTooOld
from podwheel.store import Store
from podwheel.toolchains import host
from podwheel.toolchains.choose import Choice, choose
from podwheel.toolchains.distribution import Candidate
from podwheel.toolchains.host import Toolchain, Unusable
from podwheel.toolchains.provision import provision
from podwheel.toolchains.tree import Tree
from podwheel.toolchains.want import Want

if TYPE_CHECKING:
    from podwheel.model import Target


@frozen(kw_only=True)
class Python:
    machine: str = "x86_64"
    libc: tuple[str, str] = ("glibc", "2.31")


@frozen(kw_only=True)
class System:
    """What `choose` asks of a target."""

    name: str = "debian-11"
    python: Python = Python()


def packaged(version: str, *packages: str) -> Candidate:
    names = packages or ("rustc", "cargo")
    return Candidate(
        packages=names, releases=(f"{version}-1",) * len(names), version=Version(version)
    )


def on_host(
    release: str,
    *names: str,
    glibc: tuple[int, int] = (2, 17),
    triple: str = "x86_64-unknown-linux-gnu",
    machine: int = 62,
) -> Toolchain:
    path = Path("/t") / release
    return Toolchain(
        path=path, release=release, triple=triple, names=names, machine=machine, glibc=glibc,
        tree=Tree(root=path, items=(), faults=()),
    )  # fmt: skip


def want(
    minimum: str | None = None,
    *,
    channel: str | None = None,
    firm: bool = True,
    by: str = "Cargo.toml",
) -> Want:
    return Want(tool="rust", minimum=minimum, channel=channel, by=by, firm=firm)


def chosen(*wants: Want, **there: Any) -> Choice:
    there.setdefault("target", System())
    return choose("rust", wants, project="demo", **there)


def refused(*wants: Want, **there: Any) -> ToolchainTooOld:
    with pytest.raises(ToolchainTooOld) as caught:
        chosen(*wants, **there)
    return caught.value


DEFAULT, WEB, BETWEEN = (
    packaged("1.85.1"),
    packaged("1.96.0", "rustc-web", "cargo-web"),
    packaged("1.90"),
)
DEBIAN = (DEFAULT, BETWEEN, WEB)
OLD, NEW, NEWEST = on_host("1.97.0"), on_host("1.98.1"), on_host("1.99.0")
NIGHTLY = on_host("1.97.0-nightly", "nightly", "nightly-2026-05-20")
HOST = (NEWEST, NIGHTLY, NEW, OLD)


@pytest.mark.parametrize(
    ("wants", "taken"),
    [
        ([], DEFAULT),
        ([want("1.70"), want("1.85.1", firm=False)], DEFAULT),
        # Not the default: the newest of the rest.
        ([want("1.86")], WEB),
        ([want("1.70"), want("1.86", firm=False)], WEB),
        # The distribution has none: the oldest of the host's that does, a stable one first.
        ([want("1.97")], OLD),
        ([want("1.98")], NEW),
        ([want("1.70"), want("1.98.2", firm=False)], NEWEST),
        # Nothing has all: firm ones first, then what comes closest.
        ([want("1.97"), want("2.0", firm=False)], NEWEST),
        ([want("1.70"), want("1.80", firm=False), want("2.0", firm=False)], NEWEST),
        # What nothing has is no reason to leave the default.
        ([want("1.70"), want(channel="nightly-2020-01-01", firm=False)], DEFAULT),
        # Channels.
        ([want(channel="nightly")], NIGHTLY),
        ([want("1.70"), want(channel="nightly-2026-05-20")], NIGHTLY),
        ([want(channel="nightly-2026-05-20-x86_64-unknown-linux-gnu")], NIGHTLY),
        ([want(channel="stable")], DEFAULT),
        ([want("1.97"), want(channel="stable")], OLD),
        # A number is a least version.
        ([want(channel="1.85.0")], DEFAULT),
        ([want(channel="1.86")], WEB),
        ([want("1.60", channel="1.97.0")], OLD),
        # Somebody else's, and text that is no version.
        ([Want(tool="cmake", minimum="9", by="x")], DEFAULT),
        ([want("new")], DEFAULT),
    ],
)  # fmt: skip
def test_the_best_of_what_there_is(wants: list[Want], taken: Candidate | Toolchain) -> None:
    assert chosen(*wants, distribution=DEBIAN, host=HOST).taken is taken


def test_a_nightly_serves_where_nothing_stable_does() -> None:
    assert chosen(want("1.97"), distribution=DEBIAN, host=[NIGHTLY]).taken is NIGHTLY


def test_what_is_left_unfulfilled_is_told() -> None:
    soft = want("2.0", firm=False)
    choice = chosen(want("1.70"), soft, distribution=DEBIAN)
    assert (choice.taken, choice.unmet, len(choice.wants)) == (WEB, (soft,), 2)


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (on_host("1.99.0", glibc=(2, 34)), "needs glibc 2.34, the target has 2.31"),
        (on_host("1.99.0", triple="x86_64-unknown-linux-musl"),
         "for another C library (musl; the target has glibc)"),
        (on_host("1.99.0", triple="aarch64-unknown-linux-gnu", machine=183),
         "for another machine (aarch64-unknown-linux-gnu; the target is x86_64)"),
        (on_host("1.90.0"), "too old"),
    ],
)  # fmt: skip
def test_why_one_of_the_hosts_does_not_serve(one: Toolchain, why: str) -> None:
    error = refused(want("1.97"), distribution=[DEFAULT], host=[one])
    assert error.said.splitlines() == [
        "1.85.1 of the distribution (rustc 1.85.1-1, cargo 1.85.1-1): too old",
        f"{one}: {why}",
    ]


def test_glibc_is_compared_as_numbers() -> None:
    one = on_host("1.99.0", glibc=(2, 9))
    assert chosen(want("1.97"), host=[one]).taken is one


def test_the_error_says_what_is_wanted_and_by_whom_and_what_to_do() -> None:
    closed = Unusable(
        path=Path("/t/x"), why="bin/rustc cannot be read by others", hint="chmod -R o+rX /t/x"
    )
    error = refused(
        want("1.97", by="rust-version of Cargo.toml"),
        want("1.98", by="crates/core/Cargo.toml"),
        want("3.0", firm=False),
        distribution=[DEFAULT],
        host=[closed],
    )
    assert error.exit_code == 6
    assert error.what == "demo wants rust 1.98 or newer, and for debian-11 none of these serves"
    assert error.wanted_by == ("1.97: rust-version of Cargo.toml", "1.98: crates/core/Cargo.toml")
    assert error.said.splitlines()[-1] == "/t/x: bin/rustc cannot be read by others"
    assert error.hint[:2] == (
        "chmod -R o+rX /t/x",
        "rustup toolchain install --profile minimal 1.98",
    )
    assert '[toolchain] rust = "PATH"' in error.hint[2]
    assert error.hint[-1].endswith("--only-binary demo")


def test_a_nightly_that_is_not_there() -> None:
    dated = want(channel="nightly-2026-09-01", by="rust-toolchain.toml")
    error = refused(dated, distribution=DEBIAN, host=HOST)
    assert error.what.startswith("demo wants rust nightly-2026-09-01, and for debian-11")
    assert f"{NIGHTLY}: not nightly-2026-09-01" in error.said
    assert error.hint[0] == "rustup toolchain install --profile minimal nightly-2026-09-01"
    assert any("--rust NAME" in hint for hint in error.hint)


def test_no_toolchain_at_all() -> None:
    error = refused()
    assert error.what == "demo wants rust, and for debian-11 there is none"
    assert error.hint[0].endswith(" stable")


def test_another_tool_has_no_hints_of_rusts() -> None:
    go = Want(tool="go", minimum="1.25", by="go.mod")
    with pytest.raises(ToolchainTooOld) as caught:
        choose(
            "go", [go], project="demo", target=cast("Target", System()),
            distribution=[packaged("1.24", "golang-go")],
        )  # fmt: skip
    assert not any("rust" in hint for hint in caught.value.hint)


def test_what_strangers_wrote_cannot_move_the_terminal() -> None:
    error = refused(want(channel="night\x1b[2Jly\n", by="a\x1b]0;x\x07b"), distribution=DEBIAN)
    assert all(text.isprintable() for text in (error.what, *error.wanted_by, *error.hint))
    assert "\x1b" not in error.said


# ------------------------------------------------------------ one that somebody named


def test_a_named_one_wins() -> None:
    soft = want("2.0", firm=False)
    choice = chosen(want("1.70"), soft, configured=OLD, distribution=DEBIAN, host=HOST)
    assert (choice.taken, choice.unmet) == (OLD, (soft,))


def test_a_named_one_wins_over_a_wish_for_a_nightly() -> None:
    wish = want(channel="nightly")
    choice = chosen(wish, configured=OLD)
    assert (choice.taken, choice.unmet) == (OLD, (wish,))


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (OLD, "too old"),
        (on_host("1.99.0", glibc=(2, 40)), "needs glibc 2.40, the target has 2.31"),
        (
            Unusable(path=Path("/t/x"), why="it is no toolchain", hint="do this"),
            "it is no toolchain",
        ),
    ],
)
def test_a_named_one_that_does_not_serve_is_an_error(one: Toolchain | Unusable, why: str) -> None:
    error = refused(want("1.98"), configured=one, distribution=[packaged("1.99")], host=HOST)
    assert error.what == f"demo cannot be built with the rust that was named, {one}: {why}"
    assert error.wanted_by == ("1.98: Cargo.toml",)
    assert error.hint[0] == (one.hint if isinstance(one, Unusable) else error.hint[-1])


# ------------------------------------------------------------ into a step


def test_the_distributions_in_a_step(tmp_path: Path) -> None:
    candidate = Candidate(
        packages=("rustc-1.80", "cargo-1.80"), releases=("1.80.1-1", "1.80.1-2"), version=Version("1.80.1"),
        path=("/usr/lib/rust-1.80/bin",),
    )  # fmt: skip
    found = provision(chosen(want("1.70"), distribution=[candidate]), store=Store(tmp_path))
    assert (found.packages, found.mounts) == (("rustc-1.80", "cargo-1.80"), ())
    assert found.path == ("/usr/lib/rust-1.80/bin",)


def test_the_hosts_in_a_step(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    path = toolchain(tmp_path / "t", "1.97.0-nightly")
    one = host.read(path, store=store)
    found = provision(chosen(want(channel="nightly"), host=[one]), store=store)
    assert found.packages == ()
    (mount,) = found.mounts
    assert (mount.source, mount.target) == (path, "/podwheel/toolchains/rust")
    assert found.path == ("/podwheel/toolchains/rust/bin",)
    (path / "lib/more").write_text("")
    changed = provision(chosen(host=[host.read(path, store=store)]), store=store)
    assert changed.sha256 != found.sha256
