"""Targets for real: rootless podman and buildah, mmdebstrap, a registry on loopback.

Images stay in the account's storage between runs, as they do for a user; what only a test has
made is removed.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from podwheel import process, targets
from podwheel.errors import ImageBuildFailed, ProbeFailed
from podwheel.sandbox import Sandbox
from podwheel.store import Store
from podwheel.targets import base as bases
from podwheel.targets import stages
from podwheel.targets.recipe import recipe_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from podwheel.model import Image, Target

pytestmark = pytest.mark.podman

# Nothing of Debian, and no network: the base has its Python, and nothing is installed.
CONTAINERFILE = """\
ARG BASE
FROM ${BASE} AS runtime
RUN echo pristine > /etc/role
FROM runtime AS build
ARG COLOUR=none
RUN echo "build $COLOUR" > /etc/role
"""


class Room:
    """A store and a sandbox of a test's own, on the account's images."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = Store(directory / "store")
        # Of this process alone: xdist's workers run at once, and containers are named by the run.
        self.sandbox = Sandbox(run_id=f"test-targets-{os.getpid()}", work=directory / "work")
        self._made: dict[str, None] = {}

    def prepare(self, definition: targets.TargetDefinition, *, keep: bool = False) -> Target:
        if not keep:
            recipe = recipe_of(definition)
            self._made.update(dict.fromkeys((recipe.build, recipe.runtime, recipe.base)))
        return targets.prepare(definition, store=self.store, sandbox=self.sandbox)

    def define(
        self, image: str, *, containerfile: str = CONTAINERFILE, more: str = ""
    ) -> targets.TargetDefinition:
        """A target of this test's own on an image that is pinned."""
        (self.directory / "Containerfile").write_text(containerfile)
        document = f'containerfile = "Containerfile"\n{more}\n[base]\nimage = "{image}"\n'
        (self.directory / "test-targets.toml").write_text(document)
        return targets.load("./test-targets.toml", cwd=self.directory)

    def close(self) -> None:
        self.sandbox.reap()
        for name in self._made:
            process.run(["podman", "image", "rm", name])


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(tmp_path_factory.mktemp("targets"))
    yield room
    room.close()


@pytest.fixture(scope="module")
def debian(shared: Room) -> Target:
    return shared.prepare(targets.load("debian-13", cwd=shared.directory), keep=True)


@pytest.fixture(scope="module")
def pinned(debian: Target) -> str:
    """The default target's runtime image, as an image that is named by its digest."""
    done = podman("image", "inspect", "--format", "{{.Digest}}", debian.runtime.digest)
    return f"{debian.runtime.reference.partition(':')[0]}@{done.strip()}"


def podman(*arguments: str) -> str:
    done = process.run(["podman", *arguments])
    assert done.code == 0, done.error_text
    return done.text


def inside(image: Image, *command: str) -> process.Completed:
    return process.run(
        ["podman", "run", "--rm", "--network=none", "--pull=never", image.reference, *command]
    )


def working_containers(image: str) -> list[str]:
    """buildah's, on that image. Not by its filter `ancestor`, which knows one name of an image."""
    (digest,) = stages.ids((image,)).values()
    done = process.run(["buildah", "containers", "--json"])
    assert done.code == 0, done.error_text
    return [
        container["id"]
        for container in json.loads(done.text) or ()
        if f"sha256:{container['imageid']}" == digest
    ]


# --------------------------------------------------------------------------- the default target


def test_the_default_target_from_the_package_mirror(debian: Target) -> None:
    assert debian.name == "debian-13"
    python = debian.python
    assert python.series == (3, 13)
    assert python.libc == ("glibc", "2.41")
    assert python.marker_environment["python_version"] == "3.13"
    assert python.purelib == "lib/python3.13/site-packages"
    tags = {str(tag) for tag in python.tags}
    assert f"cp313-cp313-manylinux_2_41_{python.machine}" in tags
    assert f"cp313-cp313-manylinux_2_42_{python.machine}" not in tags


def test_runtime_has_a_python_and_nothing_to_build_with(debian: Target) -> None:
    assert inside(debian.runtime, "python3", "-c", "import ssl, sqlite3, venv").code == 0
    for program in ("cc", "gcc", "make", "pip", "git"):
        assert inside(debian.runtime, "sh", "-c", f"command -v {program}").code != 0
    assert inside(debian.runtime, "sh", "-c", "ls /usr/include/python3*").code != 0


def test_build_stands_on_runtime_and_compiles(debian: Target) -> None:
    layers = [
        podman("image", "inspect", "--format", "{{range .RootFS.Layers}}{{.}} {{end}}", i.digest)
        for i in (debian.runtime, debian.build)
    ]
    assert layers[1].split()[:2] == layers[0].split()
    script = r"""
    set -e; cd /tmp
    printf '#include <Python.h>\nint main() { return PY_MAJOR_VERSION - 3; }' > a.cc
    g++ $(python3-config --includes) a.cc -o a && ./a
    for program in make patch pkg-config git xz zstd bzip2; do command -v $program; done
    """
    done = inside(debian.build, "sh", "-c", script)
    assert done.code == 0, done.error_text


def test_images_hold_what_was_installed_and_nothing_of_this_machine(debian: Target) -> None:
    listed = inside(debian.build, "cat", "/usr/share/podwheel/packages").text.splitlines()
    assert listed == sorted(listed)
    assert any(re.fullmatch(r"gcc \S+ \S+", line) for line in listed)
    leftovers = inside(
        debian.build,
        "sh",
        "-c",
        "find /var/lib/apt/lists /var/cache/apt /var/cache/ldconfig -type f ! -name lock;"
        "find /var/log -type f -size +0; find / -xdev -name '*-old' -path '/var/*';"
        "find / -xdev -type f -newermt 2026-01-01 -not -path '/etc/host*' -not -path '/run/*'"
        " -not -path /etc/resolv.conf -not -path '/proc/*' -not -path '/sys/*'",
    )
    assert leftovers.text == ""


def test_byte_code_is_valid_without_the_time_of_its_source(debian: Target) -> None:
    """Else every start of a Python compiles the standard library again, on a read-only root."""
    script = "import importlib.util as u, os; print(open(u.cache_from_source(os.__file__),'rb').read()[4])"
    assert inside(debian.runtime, "python3", "-c", script).text.strip() in ("1", "3")  # PEP 552


def test_the_second_time_nothing_is_made(
    shared: Room, debian: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    start = process.start

    def watched(arguments: list[str], **options: object) -> process.Child:
        seen.append([str(a) for a in arguments[:3]])
        return start(arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "start", watched)
    definition = targets.load("debian-13", cwd=shared.directory)
    assert shared.prepare(definition, keep=True) == debian
    assert seen == [["podman", "image", "inspect"]]


def test_system_packages_of_a_wheel(room: Room, debian: Target) -> None:
    definition = targets.load("debian-13", cwd=room.directory)
    image = targets.prepare_extra(definition, debian, ["libzstd-dev"], store=room.store)
    assert inside(image, "pkg-config", "--exists", "libzstd").code == 0
    assert inside(debian.build, "pkg-config", "--exists", "libzstd").code != 0
    assert image.content != debian.build.content
    with pytest.raises(ImageBuildFailed) as caught:
        targets.prepare_extra(definition, debian, ["no-such-package-dev"], store=room.store)
    assert "Unable to locate package no-such-package-dev" in caught.value.said


@pytest.mark.network
def test_a_base_is_made_from_a_package_mirror(room: Room) -> None:
    """For real in each run, where the default target's is usually there already."""
    reference = "localhost/podwheel/test-targets-base:1"
    log = room.directory / "log"
    base = targets.MirrorBase(suite="bookworm", include=("python3-minimal",))
    bases.make(base, reference, store=room.store, log=log)
    try:
        (digest,) = stages.ids((reference,)).values()
        image = stages.describe(reference, digest, store=room.store)
        release = inside(image, "sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME; python3 -V")
        assert release.text.startswith("bookworm\nPython 3.11")
        sources = inside(image, "cat", "/etc/apt/sources.list").text
        assert "bookworm-security" in sources
        assert "bookworm-updates" in sources
    finally:
        podman("image", "rm", reference)
    assert not list((room.store.root / "attempts").iterdir())


# --------------------------------------------------------------------------- a target of one's own


def test_a_containerfile_of_ones_own_needs_nothing_of_debian(room: Room, pinned: str) -> None:
    target = room.prepare(room.define(pinned, more='[arguments]\nCOLOUR = "red"\n'))
    assert inside(target.runtime, "cat", "/etc/role").text == "pristine\n"
    assert inside(target.build, "cat", "/etc/role").text == "build red\n"
    assert target.python.series == (3, 13)


def test_a_changed_containerfile_gives_new_images_and_the_old_one_the_old(
    room: Room, pinned: str
) -> None:
    first = room.prepare(room.define(pinned))
    changed = room.prepare(room.define(pinned, containerfile=CONTAINERFILE + "# changed\n"))
    assert changed.runtime.reference != first.runtime.reference
    assert changed.build.reference != first.build.reference
    assert room.prepare(room.define(pinned)) == first


def test_files_come_from_the_context(room: Room, pinned: str) -> None:
    containerfile = CONTAINERFILE.replace("RUN echo pristine >", "COPY role")
    (room.directory / "files").mkdir()
    (room.directory / "files" / "role").write_text("copied\n")
    target = room.prepare(
        room.define(pinned, containerfile=containerfile, more='context = "files"')
    )
    assert inside(target.runtime, "cat", "/etc/role").text == "copied\n"
    with pytest.raises(ImageBuildFailed) as caught:
        room.prepare(room.define(pinned, containerfile=containerfile))
    assert "context" in " ".join(caught.value.hint)


def test_a_failing_containerfile_is_told_and_leaves_no_container(room: Room, pinned: str) -> None:
    containerfile = CONTAINERFILE.replace("echo pristine", "echo it is broken >&2; exit 7; echo")
    definition = room.define(pinned, containerfile=containerfile)
    with pytest.raises(ImageBuildFailed) as caught:
        room.prepare(definition)
    assert "it is broken" in caught.value.said
    recipe = recipe_of(definition)
    assert working_containers(recipe.base) == []
    assert stages.ids((recipe.runtime,)) == {}


def test_an_interrupt_leaves_neither_container_nor_image(room: Room, pinned: str) -> None:
    containerfile = CONTAINERFILE.replace("echo pristine", "sleep 300; echo")
    definition = room.define(pinned, containerfile=containerfile)
    recipe = recipe_of(definition)

    seen: list[str] = []

    def interrupt() -> None:
        # Not before there is something to put away.
        deadline = time.monotonic() + 60
        while not seen and time.monotonic() < deadline:
            if stages.ids((recipe.base,)):
                seen.extend(working_containers(recipe.base))
            time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    with pytest.raises(KeyboardInterrupt):
        room.prepare(definition)
    watcher.join()
    assert seen
    assert working_containers(recipe.base) == []
    assert stages.ids((recipe.runtime,)) == {}


def test_a_python_that_is_not_there(room: Room, pinned: str) -> None:
    with pytest.raises(ProbeFailed, match="/opt/nothing/python"):
        room.prepare(room.define(pinned, more='python = "/opt/nothing/python"'))


# --------------------------------------------------------------------------- a registry


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Debian's docker-registry on a free port of loopback, and the account's podman told of it."""
    configuration = tmp_path / "registry.yml"
    configuration.write_text(
        "version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path / 'registry'}}}}}\n"
        "http: {addr: '127.0.0.1:0'}\n"
    )
    log = tmp_path / "registry.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [process.find("docker-registry"), "serve", configuration], stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + 30
        while not (found := re.search(r"listening on (127\.0\.0\.1:\d+)", log.read_text())):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        insecure = tmp_path / "registries.conf"
        insecure.write_text(f'[[registry]]\nlocation = "{found[1]}"\ninsecure = true\n')
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(insecure))
        yield found[1]
    finally:
        server.terminate()
        server.wait()


def test_a_base_from_a_registry_by_its_digest(room: Room, pinned: str, registry: str) -> None:
    # Content that this account's storage has never seen: else nothing would be pulled.
    new = uuid.uuid4().hex
    made = room.prepare(room.define(pinned, more=f'[arguments]\nCOLOUR = "{new}"\n'))
    digest = room.directory / "digest"
    name = f"{registry}/team/debian"
    destination = f"docker://{name}:13"
    options = ("--quiet", "--tls-verify=false", f"--digestfile={digest}")
    podman("push", *options, made.build.digest, destination)
    podman("image", "rm", made.build.reference)
    reference = f"{name}@{digest.read_text().strip()}"
    assert process.run(["podman", "image", "exists", reference]).code != 0

    containerfile = CONTAINERFILE.replace("RUN echo pristine > /etc/role", "RUN test -s /etc/role")
    try:
        target = room.prepare(room.define(reference, containerfile=containerfile))
        assert inside(target.runtime, "cat", "/etc/role").text == f"build {new}\n"
        assert target.python == made.python
    finally:
        process.run(["podman", "image", "rm", reference])  # the name alone


def test_a_digest_that_the_registry_does_not_have(room: Room, registry: str) -> None:
    with pytest.raises(ImageBuildFailed, match="could not make the base"):
        room.prepare(room.define(f"{registry}/team/debian@sha256:{'0' * 64}"))
