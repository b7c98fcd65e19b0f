"""Crates laid out: by registries, repositories and vendored directories; sets that share them."""

from __future__ import annotations

import json
import os
import stat
import tarfile
import threading
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from index_helpers import Bench, Reply
from rust_helpers import (
    COMMIT,
    CRATES_IO,
    crate_file,
    digest,
    link,
    lock_text,
    manifest,
    registries,
    serve,
    tar,
)

from podwheel import log
from podwheel.errors import (
    CargoLockUnusable,
    CrateUnusable,
    HashMismatch,
    IndexUnreachable,
    OfflineMiss,
)
from podwheel.rust.lock import Git, Lock, read_lock
from podwheel.rust.vendor import Vendored, repositories, vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONE = crate_file("one", more='rust-version = "1.70"')
TWO = crate_file("two", "0.2.0-rc.1+x", more='edition = "2021"')
REPOSITORY = "https://git.example.org/x.git"
GIT = f"git+{REPOSITORY}?tag=v1#{COMMIT}"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    with Bench(tmp_path, monkeypatch) as made:
        serve(made.server, ONE, TWO, names=["one 1.0.0", "two 0.2.0-rc.1+x"])
        made.server.routes["/crates/two/0.2.0-rc.1%2Bx/download"] = TWO
        yield made


def no_checkout(git: Git) -> Path:
    raise AssertionError(f"{git} is not needed")


def locked(*entries: Any, where: str = "demo-1.0.tar.gz: Cargo.lock") -> Lock:
    return read_lock(lock_text(*entries), where=where)


def of_crates_io(name: str, data: bytes, version: str = "1.0.0") -> tuple[str, str, str, str]:
    return (name, version, CRATES_IO, digest(data))


def both() -> Lock:
    return locked(of_crates_io("one", ONE), of_crates_io("two", TWO, "0.2.0-rc.1+x"))


def made(
    bench: Bench, *locks: Lock, checkout: Callable[[Git], Path] = no_checkout, **options: Any
) -> Vendored:
    options.setdefault("mirrors", (("crates-io", f"sparse+{bench.server.url}/index/"),))
    return vendor(
        locks,
        registries=registries(bench, **options),
        store=bench.store,
        checkout=checkout,
        wanted_by=("demo 1.0", "requirements.txt:1"),
    )


def config(found: Vendored) -> dict[str, Any]:
    return tomllib.loads((found.directory / "config.toml").read_text())


# ------------------------------------------------------------ registries


def test_a_set_of_crates(bench: Bench) -> None:
    found = made(bench, both())
    assert found.crates == 2
    assert config(found) == {
        "net": {"offline": True},
        "source": {
            "crates-io": {"replace-with": "podwheel-crates-io"},
            "podwheel-crates-io": {"directory": "/podwheel/cargo/crates-io"},
        },
    }
    crate = found.directory / "crates-io/one-1.0.0"
    assert (crate / "src/lib.rs").read_text() == "// one\n"
    checksums = json.loads((crate / ".cargo-checksum.json").read_text())
    assert checksums == {"files": {}, "package": digest(ONE)}
    assert (found.directory / "crates-io/two-0.2.0-rc.1+x/Cargo.toml").is_file()
    assert [(w.minimum, w.by, w.firm) for w in found.wants] == [
        ("1.70", "rust-version of the crate one-1.0.0", False)
    ]


def test_everything_is_readable_by_all_and_nothing_writable(bench: Bench) -> None:
    before = os.umask(0o077)
    try:
        found = made(bench, both())
    finally:
        os.umask(before)
    modes = {
        stat.S_IMODE(path.stat().st_mode) for path in found.directory.rglob("*") if path.is_file()
    }
    assert modes == {0o444}
    folders = [found.directory, *(p for p in found.directory.rglob("*") if p.is_dir())]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o755}


def test_the_same_set_again_asks_nobody(bench: Bench) -> None:
    first = made(bench, both())
    asked = len(bench.server.seen)
    assert made(bench, both(), index=bench.offline(), mirrors=()) == first
    assert len(bench.server.seen) == asked


def test_a_crate_that_sets_share_is_fetched_and_unpacked_once(bench: Bench) -> None:
    first = made(bench, both())
    second = made(bench, locked(of_crates_io("one", ONE)))
    assert first.digest != second.digest
    assert bench.server.count("/crates/one/1.0.0/download") == 1
    file = "crates-io/one-1.0.0/src/lib.rs"
    assert (first.directory / file).samefile(second.directory / file)


def test_several_locks_are_one_set(bench: Bench) -> None:
    found = made(bench, locked(of_crates_io("one", ONE)), both())
    assert found == made(bench, both())


def test_one_event_tells_of_all_that_was_fetched(bench: Bench) -> None:
    seen: list[dict[str, Any]] = []

    class Display:
        def show(self, event: dict[str, Any]) -> None:
            seen.append(event)

    log.configure(Display())
    try:
        made(bench, both())
        made(bench, locked(of_crates_io("one", ONE)))
    finally:
        log.configure(None)
    told = [event for event in seen if event["event"] == "crates.fetch"]
    assert [(event["number"], event["bytes"]) for event in told] == [(2, len(ONE) + len(TWO))]


def test_crates_are_fetched_side_by_side(bench: Bench) -> None:
    together = threading.Barrier(2, timeout=20)

    def meeting(body: bytes) -> Callable[[object], Reply]:
        def route(_request: object) -> Reply:
            together.wait()
            return Reply(body=body)

        return route

    bench.server.routes["/crates/one/1.0.0/download"] = meeting(ONE)
    bench.server.routes["/crates/two/0.2.0-rc.1%2Bx/download"] = meeting(TWO)
    assert made(bench, both()).crates == 2


def test_another_registry_has_a_source_of_its_own(bench: Bench) -> None:
    url = f"sparse+{bench.server.url}/index/"
    found = made(
        bench,
        locked(of_crates_io("one", ONE), ("two", "0.2.0-rc.1+x", url, digest(TWO))),
    )
    sources = config(found)["source"]
    name = next(n for n in sources if n.startswith("registry-"))
    assert sources[name] == {"registry": url, "replace-with": f"podwheel-{name}"}
    assert (found.directory / name / "two-0.2.0-rc.1+x").is_dir()


def test_nothing_to_fetch(bench: Bench) -> None:
    found = made(bench, locked(), index=bench.offline())
    assert config(found) == {"net": {"offline": True}}
    assert found.crates == 0


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no archive", "cannot be read as a tar archive"),
        (tar({"other-1.0.0/Cargo.toml": ""}), "is not below bad-1.0.0/"),
        (tar({"bad-1.0.0/../../x": ""}), "climbs"),
        (tar({"/bad-1.0.0/x": ""}), "absolute"),
        (tar({"bad-1.0.0/x": "", "bad-1.0.0/x/y": ""}), "there twice"),
        (tar({}, more=[link("bad-1.0.0/x", "bad-1.0.0/y", tarfile.LNKTYPE)]), "hard link"),
        (tar({}, more=[link("bad-1.0.0/x", "", tarfile.CHRTYPE)]), "device"),
        (
            tar(
                {"bad-1.0.0/a/b": ""}, more=[link("bad-1.0.0/a", "/etc"), link("bad-1.0.0/c", "a")]
            ),
            None,
        ),
        (tar({"bad-1.0.0/a/b": ""}, more=[link("bad-1.0.0/a", "c")]), "there twice"),
    ],
    ids=[
        "no archive", "elsewhere", "climbs", "absolute", "a file and a directory", "hard link",
        "device", "links", "a link and a directory",
    ],
)  # fmt: skip
def test_a_hostile_crate(bench: Bench, data: bytes, said: str | None) -> None:
    bench.server.routes["/crates/bad/1.0.0/download"] = data
    lock = locked(of_crates_io("bad", data))
    if said is None:  # a link that leads out is left out; one that stays inside is kept
        place = made(bench, lock).directory / "crates-io/bad-1.0.0"
        assert (place / "a").is_dir()
        assert not (place / "a").is_symlink()
        assert (place / "c").readlink().name == "a"
        return
    with pytest.raises(CrateUnusable, match=said) as caught:
        made(bench, lock)
    assert caught.value.wanted_by[:2] == ("bad 1.0.0", "demo-1.0.tar.gz: Cargo.lock")
    assert not list((bench.store.root / "attempts").iterdir())


def test_a_crate_cannot_bring_its_own_checksums(bench: Bench) -> None:
    data = tar({"bad-1.0.0/Cargo.toml": manifest("bad"), "bad-1.0.0/.cargo-checksum.json": "{}"})
    bench.server.routes["/crates/bad/1.0.0/download"] = data
    found = made(bench, locked(of_crates_io("bad", data)))
    text = (found.directory / "crates-io/bad-1.0.0/.cargo-checksum.json").read_text()
    assert json.loads(text)["package"] == digest(data)


def test_a_crate_that_cannot_be_had(bench: Bench) -> None:
    lock = locked(of_crates_io("one", ONE), ("gone", "1.0.0", CRATES_IO, "ab" * 32))
    with pytest.raises(IndexUnreachable, match="answered 404") as caught:
        made(bench, lock)
    assert caught.value.wanted_by == (
        "gone 1.0.0",
        "demo-1.0.tar.gz: Cargo.lock",
        "demo 1.0",
        "requirements.txt:1",
    )
    with pytest.raises(OfflineMiss):
        made(bench, lock, index=bench.offline())


def test_locks_that_contradict_each_other(bench: Bench) -> None:
    other = locked(("one", "1.0.0", CRATES_IO, "ab" * 32), where="other/Cargo.lock")
    with pytest.raises(CargoLockUnusable, match=r"^other/Cargo.lock has another checksum of one"):
        made(bench, both(), other)
    here = locked(("x", "1.0.0", GIT, None))
    there = locked(("x", "1.0.0", GIT.replace("0", "f"), None), where="other/Cargo.lock")
    with pytest.raises(CargoLockUnusable, match=r"^other/Cargo.lock wants git\+"):
        made(bench, here, there)


# ------------------------------------------------------------ vendored on the host


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """What ``cargo vendor`` leaves, without versions in the names."""
    place = tmp_path / "vendored/one"
    (place / "src").mkdir(parents=True)
    files = {"Cargo.toml": manifest("one"), "src/lib.rs": "// mine\n"}
    for name, text in files.items():
        (place / name).write_text(text)
    sums = {name: digest(text.encode()) for name, text in files.items()}
    (place / ".cargo-checksum.json").write_text(json.dumps({"files": sums, "package": digest(ONE)}))
    (place / "not-listed").write_text("")
    return place


def from_host(bench: Bench, host: Path) -> Vendored:
    lock = locked(of_crates_io("one", ONE))
    return made(bench, lock, mirrors=(("crates-io", host.parent.as_uri()),), index=bench.offline())


def test_a_directory_that_somebody_vendored(bench: Bench, host: Path) -> None:
    found = from_host(bench, host)
    place = found.directory / "crates-io/one-1.0.0"
    assert (place / "src/lib.rs").read_text() == "// mine\n"
    assert not (place / "not-listed").exists()
    assert json.loads((place / ".cargo-checksum.json").read_text())["package"] == digest(ONE)
    # It only claims to be that .crate file: who fetches the real one gets the real one.
    assert made(bench, locked(of_crates_io("one", ONE))).digest != found.digest


def test_a_vendored_directory_that_was_changed(bench: Bench, host: Path) -> None:
    (host / "src/lib.rs").write_text("// another\n")
    with pytest.raises(HashMismatch, match="changed after it was vendored"):
        from_host(bench, host)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("[]", CrateUnusable, "not what cargo vendor writes"),
        ('{"files": {"../../x": "ab"}, "package": "SUM"}', CrateUnusable, "cannot be read"),
        ('{"files": {"gone": "ab"}, "package": "SUM"}', CrateUnusable, "cannot be read"),
        ('{"files": {}, "package": "ab"}', HashMismatch, "not the crate"),
    ],
)
def test_a_vendored_directory_of_no_use(
    bench: Bench, host: Path, text: str, error: type[Exception], said: str
) -> None:
    (host / ".cargo-checksum.json").write_text(text.replace("SUM", digest(ONE)))
    with pytest.raises(error, match=said):
        from_host(bench, host)


def test_a_vendored_directory_without_the_crate(bench: Bench, host: Path) -> None:
    (host / "Cargo.toml").write_text(manifest("one", "2.0.0"))
    with pytest.raises(CrateUnusable, match=r"has no directory of the crate one 1\.0\.0"):
        from_host(bench, host)


# ------------------------------------------------------------ repositories

CHECKOUT = {
    "src/Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n'
    '[workspace.package]\nversion = "2.0.0"\nrust-version = "1.80"\n'
    '[workspace.dependencies]\nserde = "1"\nnear = { path = "crates/near" }\n',
    "src/common.rs": "// shared",
    "src/.git/config": "[core]",
    "src/crates/x/Cargo.toml": '[package]\nname = "x"\nversion.workspace = true\n'
    "rust-version.workspace = true\n"
    "[dependencies]\nserde.workspace = true\nnear.workspace = true\n",
    "src/crates/near/Cargo.toml": manifest("near", "0.1.0", "# left as it is"),
    "src/tests/x/Cargo.toml": manifest("x", "2.0.0", "# a fixture"),
}


@pytest.fixture
def checkout(tmp_path: Path) -> Callable[[Git], Path]:
    def bring(git: Git) -> Path:
        assert (git.url, git.reference, git.commit) == (REPOSITORY, ("tag", "v1"), COMMIT)
        path = tmp_path / "checkout.tar"
        links = [link("src/crates/x/shared.rs", "../../common.rs"), link("src/out", "/etc/passwd")]
        path.write_bytes(tar(CHECKOUT, more=links, mode="w"))
        return path

    return bring


def test_crates_of_a_repository(bench: Bench, checkout: Callable[[Git], Path]) -> None:
    lock = locked(("x", "2.0.0", GIT, None), ("near", "0.1.0", GIT, None))
    assert [git.commit for git in repositories([lock], store=bench.store)] == [COMMIT]
    found = made(bench, lock, checkout=checkout, index=bench.offline())
    sources = config(found)["source"]
    name = next(n for n in sources if n.startswith("git-"))
    assert sources[name] == {
        "git": REPOSITORY,
        "tag": "v1",
        "replace-with": f"podwheel-{name}",
    }
    base = found.directory / name
    assert tomllib.loads((base / "x-2.0.0/Cargo.toml").read_text()) == {
        "package": {"name": "x", "version": "2.0.0", "rust-version": "1.80"},
        "dependencies": {"serde": {"version": "1"}, "near": {"path": "../../crates/near"}},
    }
    assert "# left as it is" in (base / "near-0.1.0/Cargo.toml").read_text()
    assert json.loads((base / "x-2.0.0/.cargo-checksum.json").read_text())["package"] is None
    # The rest of the repository is there too, but not git's own files, and no way out of it.
    assert (base / "x-2.0.0/shared.rs").read_text() == "// shared"
    assert not (base / ".repository/.git").exists()
    assert not (base / ".repository/out").is_symlink()
    assert [want.minimum for want in found.wants] == ["1.80"]

    # Laid out once: the same crates in another set need no checkout.
    assert repositories([lock], store=bench.store) == ()
    more = locked(*[(c.name, c.version, GIT, None) for c in lock.crates], of_crates_io("one", ONE))
    assert made(bench, more).crates == 3


def test_a_repository_without_the_crate(bench: Bench, checkout: Callable[[Git], Path]) -> None:
    with pytest.raises(
        CrateUnusable, match=r"git\+https://git.example.org.* has no crate x 9\.0\.0"
    ):
        made(bench, locked(("x", "9.0.0", GIT, None)), checkout=checkout)


def test_a_checkout_that_is_none(bench: Bench, tmp_path: Path) -> None:
    def bring(_git: Git) -> Path:
        (tmp_path / "x.tar").write_bytes(tar({"a/x": "", "b/x": ""}))
        return tmp_path / "x.tar"

    with pytest.raises(CrateUnusable, match="is not below a/"):
        made(bench, locked(("x", "1.0.0", GIT, None)), checkout=bring)


def test_a_manifest_of_a_repository_that_is_a_link_is_not_followed(
    bench: Bench, tmp_path: Path
) -> None:
    def bring(_git: Git) -> Path:
        files = {"src/real.toml": manifest("x")}
        links = [link("src/Cargo.toml", "real.toml")]
        (tmp_path / "x.tar").write_bytes(tar(files, more=links))
        return tmp_path / "x.tar"

    with pytest.raises(CrateUnusable, match="has no crate"):
        made(bench, locked(("x", "1.0.0", GIT, None)), checkout=bring)
