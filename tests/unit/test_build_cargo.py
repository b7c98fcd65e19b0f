"""What a project with Rust code is given before its build: which toolchain, which crates, and when."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from rust_helpers import CRATES_IO, crate_file, digest, lock_text, manifest, write_sdist
from toolchains_helpers import TRIPLE, toolchain

from podwheel.build import cargo
from podwheel.build.cargo import Cargo
from podwheel.build.inputs import Input, Inputs, Placement
from podwheel.build.project import Project, Supply
from podwheel.errors import CargoLockMissing, HostError, OfflineMiss, PodwheelError, ToolchainTooOld
from podwheel.model import Source
from podwheel.remedies.remedy import NEWER, Remedy
from podwheel.settings import PackageSettings
from podwheel.store import Store
from podwheel.toolchains.distribution import Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MATURIN = '[build-system]\nrequires = ["maturin"]\nbuild-backend = "maturin"\n'
OTHER = '[build-system]\nrequires = ["setuptools"]\n'
PYTHON = SimpleNamespace(machine="x86_64", libc=("glibc", "2.41"))

DEFAULT = Candidate(
    packages=("rustc", "cargo"), releases=("1.85.1", "1.85.1"), version=Version("1.85.1")
)
NEWEST = Candidate(
    packages=("rustc-web", "cargo-web"), releases=("1.96.0", "1.96.0"), version=Version("1.96.0")
)
ASIDE = Candidate(
    packages=("rust-1.98",),
    releases=("1.98.0",),
    version=Version("1.98.0"),
    path=("/usr/lib/rust-1.98/bin",),
)


class Supplies:
    """What build.supplies does to a project, without images."""

    files = object()

    def with_packages(self, project: Project, packages: Sequence[str], reason: str) -> Project:
        have = {supply.name for supply in project.supplies}
        more = [Supply(name=n, reason=reason, found=True) for n in packages if n not in have]
        return evolve(project, supplies=(*project.supplies, *more))

    def without(self, project: Project, packages: set[str]) -> Project:
        left = tuple(one for one in project.supplies if one.name not in packages)
        return evolve(project, supplies=left)


class Registries:
    """Crates by name; what is not there is an error."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.crates: dict[str, bytes] = {}
        self.asked: list[str] = []

    def bring(self, crate: Any, *, wanted_by: Sequence[str]) -> Path:
        self.asked.append(str(crate))
        if crate.name not in self.crates:
            raise OfflineMiss(f"{crate} is not there", wanted_by=wanted_by)
        path = self.store.root / f"{crate.directory}.crate"
        path.write_bytes(self.crates[crate.name])
        return self.store.put_file(path)[1]

    def place(self, one: object) -> object:
        return one

    def names(self, one: object) -> tuple[str, ...]:
        return ()


class Bench:
    """A `Cargo` in a store of its own, and the projects that it is given."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.store = Store(place / "store")
        self.registries = Registries(self.store)
        self.inputs = Inputs()
        self.rust = SimpleNamespace(
            places=(place / "toolchains",), named=None, source="--rust", cwd=place
        )
        self.looking = True
        self.target = SimpleNamespace(name="debian-13", python=PYTHON)

    @property
    def cargo(self) -> Cargo:
        workshop: Any = SimpleNamespace(
            store=self.store,
            rust=self.rust,
            system=SimpleNamespace(looking=self.looking),
            target=self.target,
            registries=self.registries,
        )
        supplies: Any = Supplies()
        sources: Any = None
        return Cargo(workshop=workshop, sources=sources, supplies=supplies, inputs=self.inputs)

    def project(
        self,
        files: dict[str, bytes | str],
        *,
        packages: Sequence[str] = (),
        lock: Path | None = None,
        variables: tuple[tuple[str, str], ...] = (),
    ) -> Project:
        path = write_sdist(self.place / "demo-1.0.tar.gz", files)
        sha256 = digest(path.read_bytes())
        nothing: Any = None
        return Project(
            name=canonicalize_name("demo"),
            version=Version("1.0"),
            source=Source(
                identity=f"sha256:{sha256}",
                archive=path,
                sha256=sha256,
                filename=path.name,
                url="https://files.example.org/demo-1.0.tar.gz",
            ),
            build_system=nothing,
            settings=PackageSettings(cargo_lock=lock),
            settings_file="podwheel.toml",
            config_settings=(),
            variables=variables,
            patches=(),
            image=nothing,
            supplies=tuple(Supply(name=name, reason="podwheel.toml") for name in packages),
            wanted_by=("requirements.txt:1 (demo)",),
            local=False,
        )

    def equipped(self, project: Project) -> Project:
        return finished(self.cargo.equipped(project))


def finished(steps: Any) -> Project:
    """Run a generator that needs to wait for nothing."""
    with pytest.raises(StopIteration) as ended:
        next(steps)
    found: Project = ended.value.value
    return found


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(cargo, "of_distribution", lambda *_: (DEFAULT, NEWEST, ASIDE))
    return Bench(tmp_path)


def files(more: str = "", *, pyproject: str = MATURIN) -> dict[str, bytes | str]:
    """A source whose crates are all its own."""
    return {"pyproject.toml": pyproject, "Cargo.toml": manifest("demo", more=more)}


def with_crate(bench: Bench, *, pyproject: str = MATURIN) -> dict[str, bytes | str]:
    data = crate_file("one")
    bench.registries.crates["one"] = data
    text = manifest("demo", more='[dependencies]\none = "1"')
    lock = lock_text(("one", "1.0.0", CRATES_IO, digest(data)), ("demo", "1.0.0", None, None))
    return {"pyproject.toml": pyproject, "Cargo.toml": text, "Cargo.lock": lock}


def packages(project: Project) -> list[str]:
    return [supply.name for supply in project.supplies]


# ------------------------------------------------------------ which toolchain


def test_a_source_without_rust_is_left_alone_and_not_read_again(bench: Bench) -> None:
    project = bench.project({"pyproject.toml": OTHER})
    assert bench.equipped(project) is project
    project.source.archive.unlink()
    assert bench.equipped(project) is project


@pytest.mark.parametrize(
    ("minimum", "expected"),
    [("", ["rustc", "cargo"]), ("1.85", ["rustc", "cargo"]), ("1.97", ["rust-1.98"])],
)
def test_the_distributions_default_then_its_newest(
    bench: Bench, minimum: str, expected: list[str]
) -> None:
    said = f'rust-version = "{minimum}"' if minimum else ""
    assert packages(bench.equipped(bench.project(files(said)))) == expected


def test_the_reason_says_who_wanted_it(bench: Bench) -> None:
    (one,) = bench.equipped(bench.project(files('rust-version = "1.97"'))).supplies
    assert one.reason == "rust 1.98.0 (1.97: rust-version of Cargo.toml)"
    assert one.found


def test_one_that_is_written_down_is_taken_alone(bench: Bench) -> None:
    project = bench.project(files(), packages=["libfoo-dev", "rustc-web", "cargo-web"])
    assert bench.equipped(project).supplies == project.supplies


def test_half_of_one_that_is_written_down_is_made_whole(bench: Bench) -> None:
    project = bench.project(files(), packages=["cargo-web"])
    assert packages(bench.equipped(project)) == ["cargo-web", "rustc-web"]


def test_one_that_was_found_and_is_too_old_makes_room_where_podwheel_looks(bench: Bench) -> None:
    project = bench.project(files('rust-version = "1.90"'), packages=["rustc", "cargo", "tool"])
    found = evolve(project, supplies=tuple(evolve(one, found=True) for one in project.supplies))
    assert packages(bench.equipped(found)) == ["tool", "rust-1.98"]
    bench.looking = False
    with pytest.raises(ToolchainTooOld, match=r"demo 1\.0 wants rust 1\.90 or newer"):
        bench.equipped(found)


def test_one_that_the_user_wrote_down_stays(bench: Bench) -> None:
    project = bench.project(files('rust-version = "1.90"'), packages=["rustc", "cargo"])
    with pytest.raises(ToolchainTooOld, match=r"demo 1\.0 wants rust 1\.90 or newer"):
        bench.equipped(project)


def test_without_looking_only_what_is_written_down_counts(bench: Bench) -> None:
    bench.looking = False
    with pytest.raises(ToolchainTooOld, match="there is none"):
        bench.equipped(bench.project(files()))
    written = bench.project(files(), packages=["rustc", "cargo"])
    assert packages(bench.equipped(written)) == ["rustc", "cargo"]


def test_nothing_is_new_enough(bench: Bench) -> None:
    with pytest.raises(ToolchainTooOld) as error:
        bench.equipped(bench.project(files('rust-version = "9.99"')))
    assert error.value.wanted_by == ("9.99: rust-version of Cargo.toml",)


# ------------------------------------------------------------ a toolchain of the host's


def test_the_hosts_is_mounted_and_named_by_its_hash(bench: Bench) -> None:
    bench.looking = False
    toolchain(bench.place / f"toolchains/1.95.0-{TRIPLE}")
    project = bench.equipped(bench.project(files('rust-version = "1.90"')))
    (one, _) = project.inputs
    assert (one.kind, one.name, one.target) == (
        "toolchain",
        "rust 1.95.0",
        "/podwheel/toolchains/rust",
    )
    assert one.reason == "1.90: rust-version of Cargo.toml"
    assert len(one.digest) == 64
    assert packages(project) == []
    mount = bench.inputs.mounts(project)[0]
    assert (mount.source.name, mount.target) == (f"1.95.0-{TRIPLE}", one.target)


def test_one_that_is_named_wins(bench: Bench) -> None:
    toolchain(bench.place / "mine", "1.70.0")
    bench.rust.named = str(bench.place / "mine")
    project = bench.equipped(bench.project(files(), packages=["rustc", "cargo"]))
    assert [one.name for one in project.inputs] == ["rust 1.70.0", "0 crates"]
    assert packages(project) == ["rustc", "cargo"], "the user wrote them down"


def test_beside_the_hosts_no_other_is_kept_that_was_found_before(bench: Bench) -> None:
    toolchain(bench.place / "mine", "1.70.0")
    bench.rust.named = str(bench.place / "mine")
    project = bench.project(files(), packages=["rustc", "cargo", "tool"])
    found = evolve(project, supplies=tuple(evolve(one, found=True) for one in project.supplies))
    assert packages(bench.equipped(found)) == ["tool"]


# ------------------------------------------------------------ PATH


def path_of(project: Project) -> str | None:
    return dict(project.variables).get("PATH")


def test_path_is_not_touched_where_programs_are_in_their_place(bench: Bench) -> None:
    assert path_of(bench.equipped(bench.project(files()))) is None


def test_a_toolchain_that_stands_aside_comes_first_in_path(bench: Bench) -> None:
    said = files('rust-version = "1.97"')
    plain = path_of(bench.equipped(bench.project(said)))
    assert plain is not None
    assert plain.split(":")[0] == "/usr/lib/rust-1.98/bin"
    assert "/usr/bin" in plain.split(":")
    users = bench.project(said, variables=(("A", "1"), ("PATH", "/opt/bin:/usr/bin")))
    assert bench.equipped(users).variables == (
        ("A", "1"),
        ("PATH", "/usr/lib/rust-1.98/bin:/opt/bin:/usr/bin"),
    )


# ------------------------------------------------------------ a newer one, once the build has failed


def remedy(rust: str) -> Remedy:
    return Remedy(name="rust", rust=rust, reason="error[E0658]")


def test_newer_than_the_one_that_failed(bench: Bench) -> None:
    failed = bench.equipped(bench.project(files()))
    project, told = bench.cargo.newer(failed, remedy(NEWER))
    assert told.rust == "1.86"
    assert packages(project) == ["rust-1.98"]  # of those that serve the newest
    with pytest.raises(ToolchainTooOld) as error:
        bench.cargo.newer(project, remedy("1.99"))
    assert error.value.wanted_by == ("1.99: error[E0658]",)


def test_the_old_ones_place_leaves_path(bench: Bench) -> None:
    toolchain(bench.place / "toolchains/mine", "1.99.0")
    failed = bench.equipped(bench.project(files('rust-version = "1.97"')))
    project, _ = bench.cargo.newer(failed, remedy("1.99"))
    assert packages(project) == []
    path = path_of(project)
    assert path is not None
    assert path.split(":")[0] == "/podwheel/toolchains/rust/bin"
    assert "/usr/lib/rust-1.98/bin" not in path


def test_a_newer_one_of_the_hosts_takes_the_others_place(bench: Bench) -> None:
    bench.looking = False
    for release in ("1.90.0", "1.99.0"):
        toolchain(bench.place / "toolchains" / release, release)
    failed = bench.equipped(bench.project(files()))
    assert [one.name for one in failed.inputs] == ["rust 1.90.0", "0 crates"]
    project, _ = bench.cargo.newer(failed, remedy("1.95"))
    assert [one.name for one in project.inputs] == ["0 crates", "rust 1.99.0"]
    path = path_of(project)
    assert path is not None
    assert path.count("/podwheel/toolchains/rust/bin") == 1


# ------------------------------------------------------------ crates and locks


def test_crates_are_an_input_that_cargo_finds(bench: Bench) -> None:
    project = bench.equipped(bench.project(with_crate(bench)))
    (crates,) = project.inputs
    assert (crates.kind, crates.name, crates.reason) == ("crates", "1 crate", "Cargo.lock")
    (place,) = crates.places
    assert place.to_json() == {
        "from": "/podwheel/cargo/config.toml",
        "to": "home/.cargo/config.toml",
        "base": "build",
        "unpack": False,
    }
    (mount,) = bench.inputs.mounts(project)
    assert (mount.source / "crates-io/one-1.0.0/Cargo.toml").is_file()


def test_twice_changes_nothing(bench: Bench) -> None:
    project = bench.equipped(bench.project(with_crate(bench)))
    assert bench.equipped(project) is project


def test_a_lock_of_the_users_own_goes_where_it_is_missing(bench: Bench, tmp_path: Path) -> None:
    own = tmp_path / "own.lock"
    known = with_crate(bench)
    own.write_text(str(known.pop("Cargo.lock")))
    with pytest.raises(CargoLockMissing) as error:
        bench.equipped(bench.project(known))
    assert error.value.wanted_by == ("requirements.txt:1 (demo)",)
    project = bench.equipped(bench.project(known, lock=own))
    lock, crates = project.inputs
    assert (lock.kind, lock.name, lock.digest) == ("lock", "Cargo.lock", digest(own.read_bytes()))
    assert lock.reason == "cargo-lock under [package.demo] of podwheel.toml"
    assert [(p.to, p.base) for p in lock.places] == [("Cargo.lock", "top")]
    assert crates.name == "1 crate"
    assert bench.inputs.mounts(project)[0].source.read_bytes() == own.read_bytes()


def test_a_crate_that_cannot_be_had_ends_a_build_that_needs_it(bench: Bench) -> None:
    project = bench.project(with_crate(bench))
    bench.registries.crates.clear()
    with pytest.raises(OfflineMiss) as error:
        bench.equipped(project)
    assert error.value.wanted_by[0] == "one 1.0.0"
    assert error.value.wanted_by[-1] == "requirements.txt:1 (demo)"


# ------------------------------------------------------------ where cargo is not certain


def test_rust_code_that_may_never_be_compiled_brings_nothing(bench: Bench) -> None:
    project = bench.project(with_crate(bench, pyproject=OTHER))
    assert bench.equipped(project) is project
    assert bench.registries.asked == []


def test_it_gets_its_crates_with_a_toolchain_that_is_written_down(bench: Bench) -> None:
    project = bench.project(with_crate(bench, pyproject=OTHER), packages=["rustc", "cargo"])
    assert [one.kind for one in bench.equipped(project).inputs] == ["crates"]


def test_what_cannot_be_had_is_told_and_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, str]] = []
    logger = SimpleNamespace(warning=lambda event, **keys: told.append({"event": event, **keys}))
    monkeypatch.setattr(cargo.log, "get", lambda: logger)
    known = with_crate(bench, pyproject=OTHER)
    del known["Cargo.lock"]
    project = bench.project(known, packages=["rustc", "cargo"])
    assert bench.equipped(project) is project
    (event,) = told
    assert (event["event"], event["project"]) == ("cargo.without", "demo 1.0")
    assert "demo-1.0.tar.gz has Rust code and no Cargo.lock" in event["reason"]


# ------------------------------------------------------------ inputs


def an_input(digest: str = "d", target: str = "/podwheel/a", **more: Any) -> Input:
    return Input(kind="fetch", name="a", digest=digest, target=target, **more)


def brought(place: Path, calls: list[Path]) -> Callable[[], Path]:
    def bring() -> Path:
        calls.append(place)
        return place

    return bring


def test_an_input_is_brought_once_and_only_when_it_is_mounted(bench: Bench) -> None:
    calls: list[Path] = []
    inputs = Inputs()
    one = inputs.offer(an_input(), brought(Path("/first"), calls))
    inputs.offer(an_input(target="/podwheel/b"), brought(Path("/second"), calls))
    assert calls == []
    project = evolve(bench.project(files()), inputs=(one, evolve(one, target="/podwheel/b")))
    mounts = inputs.mounts(project)
    assert inputs.mounts(project) == mounts
    assert [(m.source, m.target) for m in mounts] == [
        (Path("/first"), "/podwheel/a"),
        (Path("/first"), "/podwheel/b"),
    ]
    assert calls == [Path("/first")]


def test_an_input_that_cannot_be_had_says_so_where_it_is_mounted(bench: Bench) -> None:
    def bring() -> Path:
        raise HostError("it is gone")

    inputs = Inputs()
    one = inputs.offer(an_input(), bring)
    with pytest.raises(PodwheelError, match="it is gone"):
        inputs.mounts(evolve(bench.project(files()), inputs=(one,)))


def test_an_identity_is_the_content_and_where_it_is_found() -> None:
    place = Placement(source="/podwheel/a", to="lib")
    one = an_input(places=(place,))
    others = [
        evolve(one, digest="e"),
        evolve(one, target="/podwheel/b"),
        evolve(one, kind="lock"),
        evolve(one, places=()),
        evolve(one, places=(evolve(place, to="other"),)),
        evolve(one, places=(evolve(place, base="top"),)),
        evolve(one, places=(evolve(place, unpack=True),)),
    ]
    assert len({other.identity for other in (one, *others)}) == len(others) + 1
    # What is said to people is no part of it.
    assert evolve(one, name="b", reason="somebody").identity == one.identity
