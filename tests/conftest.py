"""What the tests share: one prepared store a machine, an index and a podwheel a test.

Tests marked `podman` need rootless Podman, those marked `network` a real package index or mirror.
Without Podman, or as root, they are skipped; but where CI or PODWHEEL_REQUIRE_CONTAINERS is set a
skipped one fails the run, for it has proved nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from backends import downloaded

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from local_index import LocalIndex
    from podwheel_cli import Podwheel

    from podwheel.model import Image, Target
    from podwheel.store import Store

    NewPodwheel = Callable[[LocalIndex], contextlib.AbstractContextManager[Podwheel]]

_BACKENDS = Path(__file__).with_name("backends.txt")
_PROVING = ("podman", "network")


# --------------------------------------------------------------------------- skipping


def _required() -> bool:
    return any(
        os.environ.get(n, "") not in ("", "0", "false")
        for n in ("CI", "PODWHEEL_REQUIRE_CONTAINERS")
    )


def _impossible() -> str | None:
    """Why no container test can run here."""
    if os.geteuid() == 0:
        return "podwheel does not run as root: scripts/as-builder runs the tests as the account that builds"
    if shutil.which("podman") is None:
        return "podman is not installed: scripts/prepare-host --for-tests"
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    faults = parser.getgroup("faults", "tests/podman/test_faults.py (scripts/faults)")
    faults.addoption("--kills", type=int, default=6, help="how many processes to kill")
    faults.addoption("--fills", type=int, default=1, help="how many file systems to fill")
    faults.addoption(
        "--seed", type=int, default=1, help="of the first kill; the next ones count up"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = _impossible()
    if reason is not None:
        for item in items:
            if item.get_closest_marker("podman"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    proving = [name for name in _PROVING if item.get_closest_marker(name)]
    if report.skipped and proving and _required() and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = (
            f"{why}\n\nThis test is marked {proving[0]}, and was to be skipped. CI or "
            "PODWHEEL_REQUIRE_CONTAINERS is set: a test that is skipped proves nothing, and fails."
        )
    return report


# --------------------------------------------------------------------------- made once a machine


@pytest.fixture(scope="session")
def store() -> Store:
    """The tests' prepared store: the default target described, build backends downloaded and laid out.

    PODWHEEL_TEST_STORE, else ~/.cache/podwheel-tests-2. Tests do not build in it but in a copy (`podwheel`).
    """
    from podwheel import log
    from podwheel.store import Store
    from podwheel.sweep import sweep

    log.configure(None)
    place = os.environ.get("PODWHEEL_TEST_STORE")
    prepared = Store(Path(place) if place else Path.home() / ".cache/podwheel-tests-2")
    sweep(prepared)
    return prepared


@pytest.fixture(scope="session")
def target(store: Store) -> Target:
    """The default target, with its images and its distribution's index of files at hand."""
    from podwheel.sandbox import Sandbox
    from podwheel.targets import definition, images
    from podwheel.targets.fileindex import file_index

    chosen = definition.load(definition.DEFAULT, cwd=Path.cwd())
    with store.attempt("images") as work:
        sandbox = Sandbox(run_id=f"tests-{os.getpid()}", work=work)
        try:
            made = images.prepare(chosen, store=store, sandbox=sandbox)
            file_index(chosen, made, store=store)
            return made
        finally:
            sandbox.reap()


@pytest.fixture(scope="session")
def image(target: Target) -> Image:
    """The default target's build image."""
    return target.build


@pytest.fixture(scope="session")
def backends(store: Store, target: Target) -> dict[str, bytes]:
    """The wheels that backends.txt names, and pip; downloaded and laid out in the store."""
    from podwheel.archives import read_wheel
    from podwheel.build.environment import Environments
    from podwheel.build.records import remember_wheel

    with store.lock("test backends"), store.attempt("backends") as place:
        wheels = downloaded(store, _BACKENDS)
        read = [read_wheel(p, filename=n, linked=True) for n, p in wheels.items()]
        for one in read:
            remember_wheel(store, one)
        Environments(store=store, python=target.python).make(read, into=place / "env")
        return {name: path.read_bytes() for name, path in wheels.items()}


# --------------------------------------------------------------------------- made for each test


@pytest.fixture
def index(backends: dict[str, bytes]) -> Iterator[LocalIndex]:
    """An index with every project of tests/projects and the backends."""
    from local_index import LocalIndex

    with LocalIndex(backends) as serving:
        yield serving


@pytest.fixture
def podwheel(new_podwheel: NewPodwheel, index: LocalIndex) -> Iterator[Podwheel]:
    """podwheel in a new directory, with a store in which nothing was built, and `index`."""
    with new_podwheel(index) as made:
        yield made


@pytest.fixture(scope="session")
def new_podwheel(
    store: Store,
    target: Target,
    backends: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> NewPodwheel:
    """Makes more of them, for fixtures that several tests share."""
    from podwheel_cli import Podwheel

    @contextlib.contextmanager
    def make(index: LocalIndex) -> Iterator[Podwheel]:
        with store.attempt("test") as place:
            copy = place / "store"
            _link_tree(store.root, copy)
            cwd = tmp_path_factory.mktemp("podwheel")
            yield Podwheel(cwd=cwd, store=copy, index_url=index.url)

    return make


def _link_tree(prepared: Path, copy: Path) -> None:
    """The prepared store's content under another root, by hard links: its files are never changed in place."""
    for part in ("blobs", "documents", "file-indexes", "unpacked"):
        shutil.copytree(prepared / part, copy / part, symlinks=True, copy_function=os.link)
