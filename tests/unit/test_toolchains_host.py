"""Rust toolchains on the host: what each is, and whether a container can use it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from toolchains_helpers import TRIPLE, program, toolchain

from podwheel import process
from podwheel.errors import HostError, UsageError
from podwheel.store import Store
from podwheel.toolchains import host, tree
from podwheel.toolchains.host import Toolchain, Unusable


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """rustup's directory of toolchains."""
    directory = tmp_path / "rustup/toolchains"
    directory.mkdir(parents=True)
    return directory


def usable(path: Path, store: Store) -> Toolchain:
    found = host.read(path, store=store)
    assert isinstance(found, Toolchain), found
    return found


def unusable(path: Path, store: Store) -> Unusable:
    found = host.read(path, store=store)
    assert isinstance(found, Unusable), found
    return found


# ------------------------------------------------------------ what it is


def test_what_a_toolchain_says_of_itself(tmp_path: Path, store: Store) -> None:
    found = usable(toolchain(tmp_path / "t", glibc="2.34"), store)
    assert (found.release, str(found.version), found.triple) == ("1.95.0", "1.95.0", TRIPLE)
    assert (found.machine, found.libc, found.glibc, found.stable) == (62, "glibc", (2, 34), True)
    assert found.names == ()  # rustup does not have it


def test_what_does_not_compile_does_not_count_for_glibc(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    (path / "bin/rust-analyzer").write_bytes(program(glibc="2.99"))
    assert usable(path, store).glibc == (2, 17)
    (path / f"lib/rustlib/{TRIPLE}/bin").mkdir()
    (path / f"lib/rustlib/{TRIPLE}/bin/rust-lld").write_bytes(program(glibc="2.35"))
    assert usable(path, store).glibc == (2, 35)


def test_a_nightly_is_known_by_its_date_and_compares_as_its_number(
    place: Path, store: Store
) -> None:
    toolchain(place / f"nightly-{TRIPLE}", "1.97.0-nightly", date="2026-05-20")
    (found,) = host.installed([place], store=store)
    assert isinstance(found, Toolchain)
    assert (str(found.version), found.stable) == ("1.97.0", False)
    assert all(
        map(found.answers_to, ("nightly", "nightly-2026-05-20", f"nightly-2026-05-20-{TRIPLE}"))
    )
    assert not any(map(found.answers_to, ("nightly-2026-05-21", "stable", "beta", "1.97.0")))


def test_several_names_for_one(place: Path, store: Store) -> None:
    toolchain(place / f"stable-{TRIPLE}")
    (place / f"1.95.0-{TRIPLE}").symlink_to(place / f"stable-{TRIPLE}")
    (place / "a-file").write_text("")
    (found,) = host.installed([place, place / "absent"], store=store)
    assert found.path == place / f"stable-{TRIPLE}"
    assert found.answers_to("1.95.0")
    assert found.answers_to("stable")


def test_where_rustup_keeps_them() -> None:
    assert host.directories({"HOME": "/h", "RUSTUP_HOME": "/r"}) == (
        Path("/r/toolchains"),
        Path("/h/.rustup/toolchains"),
    )
    assert host.directories({"RUSTUP_HOME": "/h/.rustup", "HOME": "/h"}) == (
        Path("/h/.rustup/toolchains"),
    )
    assert host.directories({}) == ()


# ------------------------------------------------------------ without rustup's notes


def answering(
    monkeypatch: pytest.MonkeyPatch, *, code: int = 0, out: str = "", err: str = ""
) -> None:
    def run(arguments: list[Path], *, timeout: float) -> process.Completed:
        assert [str(a) for a in arguments][1:] == ["-vV"]
        return process.Completed(code=code, out=out.encode(), err=err.encode())

    monkeypatch.setattr(process, "run", run)


def test_a_toolchain_without_notes_is_asked(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = f"rustc 1.96.0 (x)\nbinary: rustc\nhost: {TRIPLE}\nrelease: 1.96.0-beta.3\nLLVM version: 22\n"
    answering(monkeypatch, out=said)
    path = toolchain(tmp_path / "t", manifest=False)
    found = usable(path, store)
    assert (found.release, found.triple) == ("1.96.0-beta.3", TRIPLE)
    assert found.answers_to("beta")
    answering(monkeypatch, code=1)
    assert usable(path, store) == found  # from the store


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"code": 127, "err": "a\nrustc: error while loading\n"}, "rustc: error while loading"),
        ({"out": "release: 1.96.0\n"}, "no version"),
        ({"out": "release: new\nhost: x-y\n"}, "no version"),
    ],
)
def test_an_answer_that_is_none(
    answer: dict[str, object],
    why: str,
    tmp_path: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering(monkeypatch, **answer)  # type: ignore[arg-type]
    found = unusable(toolchain(tmp_path / "t", manifest=False), store)
    assert found.why == f"bin/rustc -vV says: {why}"


def test_damaged_notes_are_none(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, out=f"host: {TRIPLE}\nrelease: 1.90.0\n")
    path = toolchain(tmp_path / "t")
    (path / "lib/rustlib/multirust-channel-manifest.toml").write_text("pkg = 3\n")
    assert usable(path, store).release == "1.90.0"


# ------------------------------------------------------------ what cannot be used


@pytest.mark.parametrize("missing", ["bin/rustc", "bin/cargo"])
def test_a_directory_that_is_no_toolchain(missing: str, tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    (path / missing).unlink()
    assert unusable(path, store).why == f"it is no toolchain: {missing} is not there"
    assert not unusable(path, store).hint
    (path / "install.sh").write_text("")  # the standalone archive, unpacked
    assert "install.sh --prefix" in unusable(path, store).hint


def test_the_system_itself_is_no_toolchain(store: Store) -> None:
    assert "the host's own system" in unusable(Path("/usr"), store).why


def test_no_standard_library(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    (path / f"lib/rustlib/{TRIPLE}/lib/libstd-0.so").unlink()
    assert f"no standard library for {TRIPLE}" in unusable(path, store).why


def test_a_script_is_no_compiler(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    (path / "bin/rustc").write_text("#!/bin/sh\nexec rustc\n")
    (path / "bin/rustc").chmod(0o755)
    assert "a script" in unusable(path, store).why


def test_a_damaged_library(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    (path / "lib/librustc_driver-0.so").write_bytes(program()[:100])
    assert "librustc_driver-0.so is a damaged ELF file" in unusable(path, store).why


@pytest.mark.parametrize(
    ("where", "mode", "why"),
    [
        ("bin/cargo", 0o750, "bin/cargo cannot be read by others"),
        ("bin/cargo", 0o754, "bin/cargo cannot be read by others"),  # to be executed
        ("lib/libLLVM-22-rust.so", 0o640, "lib/libLLVM-22-rust.so cannot be read by others"),
        ("lib", 0o750, "lib is a directory that others cannot search"),
        ("", 0o700, ". is a directory that others cannot search"),
    ],
)
def test_what_others_cannot_read(
    where: str, mode: int, why: str, tmp_path: Path, store: Store
) -> None:
    path = toolchain(tmp_path / "t")
    (path / where).chmod(mode)
    found = unusable(path, store)
    assert (found.why, found.hint) == (why, f"chmod -R o+rX {path}")


def test_directories_above_do_not_matter(tmp_path: Path, store: Store) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    assert usable(toolchain(tmp_path / "home/t"), store)


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("gone", "is a broken link (to gone)"),
        ("../../outside", "is a link out of the toolchain (to ../../outside)"),
        ("/etc/hostname", "is a link to /etc/hostname, which is not there in a container"),
    ],
)
def test_links_that_lead_to_nothing_there(
    link: str, why: str, tmp_path: Path, store: Store
) -> None:
    (tmp_path / "outside").write_text("")
    path = toolchain(tmp_path / "t")
    (path / "lib/libz.so").symlink_to(link)
    assert unusable(path, store).why == f"lib/libz.so {why}"


def test_links_within_are_fine(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    (path / "lib/tools").symlink_to("../bin")
    (path / "bin/rustc").unlink()
    (path / "bin/rustc").symlink_to("rustc-1.95")
    (path / "bin/rustc-1.95").write_bytes(program(glibc="2.33"))
    (path / "bin/rustc-1.95").chmod(0o755)
    assert usable(path, store).glibc == (2, 33)


def test_only_the_first_faults_are_told(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    for number in range(5):
        (path / f"lib/{number}").symlink_to("gone")
    why = unusable(path, store).why
    assert why.count("broken link") == 3
    assert why.endswith("; 2 more")


def test_a_fifo(tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    os.mkfifo(path / "lib/pipe")
    assert unusable(path, store).why == "lib/pipe is neither a file nor a directory"


# ------------------------------------------------------------ by name


def by_name(text: str, place: Path, store: Store) -> Toolchain | Unusable:
    return host.named(text, source="--rust", places=[place], cwd=place, store=store)


def test_a_name_of_its_own_before_the_nightly_of_the_day(place: Path, store: Store) -> None:
    dated = f"nightly-2026-05-20-{TRIPLE}"
    for name in (f"nightly-{TRIPLE}", dated):
        toolchain(place / name, "1.97.0-nightly", date="2026-05-20")
    assert by_name("nightly-2026-05-20", place, store).path.name == dated
    assert by_name("nightly", place, store).path.name == f"nightly-{TRIPLE}"
    assert by_name(dated, place, store).path.name == dated


def test_a_path(place: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    toolchain(place / "one")
    monkeypatch.setenv("HOME", str(place))
    for text in ("./one", str(place / "one"), "~/one"):
        assert by_name(text, place, store).path == place / "one"
    assert "no toolchain" in str(getattr(by_name("./absent", place, store), "why", ""))


def test_one_that_cannot_be_used_is_found_by_its_name(place: Path, store: Store) -> None:
    toolchain(place / f"stable-{TRIPLE}").chmod(0o700)
    assert isinstance(by_name("stable", place, store), Unusable)


def test_a_name_that_rustup_does_not_have(place: Path, store: Store) -> None:
    toolchain(place / f"stable-{TRIPLE}")
    with pytest.raises(UsageError) as caught:
        by_name("1.99", place, store)
    assert caught.value.what == (
        "--rust names the toolchain '1.99', which rustup does not have; it has stable"
    )
    assert caught.value.hint[0] == "rustup toolchain install --profile minimal 1.99"


# ------------------------------------------------------------ its hash


def sha256(path: Path, store: Store) -> str:
    return tree.sha256_of(tree.scan(path), store=store)


def test_the_hash_is_of_what_it_holds_and_not_of_where_it_is(tmp_path: Path, store: Store) -> None:
    one, two = toolchain(tmp_path / "one"), toolchain(tmp_path / "two")
    (two / "share/doc/rust").mkdir(parents=True)
    (two / "share/doc/rust/index.html").write_text("much")
    (two / "bin/cargo").chmod(0o555)
    assert sha256(one, store) == sha256(two, store)


@pytest.mark.parametrize("change", ["content", "mode", "name", "more", "link"])
def test_every_change_changes_the_hash(change: str, tmp_path: Path, store: Store) -> None:
    path = toolchain(tmp_path / "t")
    before = sha256(path, store)
    driver = path / "lib/librustc_driver-0.so"
    if change == "content":  # of the same length, and with its old time
        status = driver.stat()
        data = driver.read_bytes()
        driver.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        os.utime(driver, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "mode":
        driver.chmod(0o755)
    elif change == "name":
        driver.rename(path / "lib/librustc_driver-1.so")
    elif change == "more":
        (path / "lib/more").write_text("")
    else:
        (path / "lib/more").symlink_to("librustc_driver-0.so")
    assert sha256(path, store) != before


def test_what_is_known_is_not_read_again(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toolchain(tmp_path / "t")
    before = sha256(path, store)

    def read(path: Path) -> str:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(tree, "_sha256", read)
    assert sha256(path, store) == before


def test_a_toolchain_that_is_being_changed_has_no_hash(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toolchain(tmp_path / "t")
    read = tree._sha256

    def update(file: Path) -> str:
        (path / "lib/more").write_text("")
        return read(file)

    monkeypatch.setattr(tree, "_sha256", update)
    with pytest.raises(HostError, match="was changed while it was read"):
        sha256(path, store)
    monkeypatch.undo()
    assert sha256(path, store)
