"""Making and finding images, with stand-ins for podman, buildah and mmdebstrap."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from targets_helpers import CONTAINERFILE, FACTS, TARGET, FakeSandbox, Tools, write_target

from podwheel import process, targets
from podwheel.errors import (
    DiskFull,
    ImageBuildFailed,
    ProbeFailed,
    TargetFileError,
    ToolMissing,
    UsageError,
)
from podwheel.store import Store
from podwheel.targets import tools as tools_module

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from podwheel.model import Image, Target

DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools(tmp_path)
    monkeypatch.setattr(process, "start", tools.start)
    monkeypatch.setattr(process, "find", tools.find)
    monkeypatch.setattr(tools_module, "_NEEDED", 1000)
    return tools


class Room:
    """A target file, a store and a sandbox, to prepare again and again."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = Store(directory / "store")
        self.sandbox = FakeSandbox(FACTS)
        write_target(directory)

    @property
    def definition(self) -> targets.TargetDefinition:
        return targets.load("./server.toml", cwd=self.directory)

    def prepare(self, *, refresh: bool = False, assume_present: bool = False) -> Target:
        return targets.prepare(
            self.definition,
            store=self.store,
            sandbox=self.sandbox,  # type: ignore[arg-type]
            refresh=refresh,
            assume_present=assume_present,
        )


@pytest.fixture
def room(tmp_path: Path, tools: Tools) -> Room:
    return Room(tmp_path)


def stages_built(tools: Tools) -> list[str]:
    return [a[9:] for call in tools.calls("buildah") for a in call if a.startswith("--target=")]


def test_from_nothing_a_base_and_two_images_are_made_and_asked(room: Room, tools: Tools) -> None:
    target = room.prepare()
    assert target.name == "server"
    assert len(tools.calls("mmdebstrap")) == 1
    assert stages_built(tools) == ["runtime", "build"]
    assert target.runtime.digest == "sha256:" + tools.images[target.runtime.reference]
    assert target.build.digest == "sha256:" + tools.images[target.build.reference]
    assert target.python.version == "3.13.5"
    job = room.sandbox.jobs[0]
    assert (job.program, job.python) == ("probe.py", "/usr/bin/python3")
    assert f"sha256:{job.image}" == target.runtime.digest
    assert not list((room.store.root / "attempts").iterdir())


def test_the_second_time_one_call_finds_both(room: Room, tools: Tools) -> None:
    first = room.prepare()
    tools.forget_calls()
    assert room.prepare() == first
    assert [call[:3] for call in tools.calls()] == [["podman", "image", "inspect"]]
    assert len(room.sandbox.jobs) == 1


def test_assumed_present_it_starts_no_process(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    first = room.prepare()

    def never(*_arguments: object, **_options: object) -> None:
        raise AssertionError

    monkeypatch.setattr(process, "start", never)
    assert room.prepare(assume_present=True) == first


def test_assumed_present_and_never_made_it_is_made(room: Room) -> None:
    assert room.prepare(assume_present=True).python.version == "3.13.5"


def test_an_image_that_was_removed_is_made_again(room: Room, tools: Tools) -> None:
    first = room.prepare()
    del tools.images[first.build.reference]
    tools.forget_calls()
    second = room.prepare()
    assert stages_built(tools) == ["build"]
    assert second.runtime == first.runtime
    assert second.build.digest != first.build.digest
    # The same recipe and the same packages: what was built for it stays valid.
    assert second.fingerprint == first.fingerprint


def test_a_changed_containerfile_makes_new_images_on_the_old_base(room: Room, tools: Tools) -> None:
    first = room.prepare()
    tools.forget_calls()
    write_target(room.directory, containerfile=CONTAINERFILE + "# changed\n")
    second = room.prepare()
    assert not tools.calls("mmdebstrap")
    assert second.build.reference != first.build.reference
    assert second.fingerprint != first.fingerprint
    write_target(room.directory)
    tools.forget_calls()
    assert room.prepare() == first
    assert not tools.calls("buildah")


def test_another_store_finds_the_images_and_asks_again(room: Room, tools: Tools) -> None:
    first = room.prepare()
    room.store = Store(room.directory / "other")
    tools.forget_calls()
    assert room.prepare() == first
    assert not tools.calls("buildah")
    assert len(room.sandbox.jobs) == 2


def test_a_refresh_makes_everything_again_and_forgets_what_was(room: Room, tools: Tools) -> None:
    first = room.prepare()
    tools.packages = "libc6 2.42 amd64\n"
    tools.forget_calls()
    second = room.prepare(refresh=True)
    assert len(tools.calls("mmdebstrap")) == 1
    assert stages_built(tools) == ["runtime", "build"]
    assert second.build.reference == first.build.reference
    assert second.build.digest != first.build.digest
    assert second.fingerprint != first.fingerprint
    assert tools.removed[:2] == [first.build.digest, first.runtime.digest]
    assert len(tools.removed) == 3  # and the base


def test_what_is_installed_is_part_of_the_fingerprint(tmp_path: Path, tools: Tools) -> None:
    fingerprints = []
    for text in ("gcc 14 amd64\n", "gcc 14 amd64\n", "gcc 15 amd64\n"):
        (tmp_path / str(len(fingerprints))).mkdir()
        room = Room(tmp_path / str(len(fingerprints)))
        tools.packages = text
        target = room.prepare(refresh=True)
        fingerprints.append((target.fingerprint, target.build.content))
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_the_kernel_that_was_asked_on_is_not(tmp_path: Path, room: Room) -> None:
    first = room.prepare()
    (tmp_path / "other").mkdir()
    other = Room(tmp_path / "other")
    markers = {**FACTS["markers"], "platform_release": "9.9", "platform_version": "#9"}
    other.sandbox = FakeSandbox({**FACTS, "markers": markers})
    second = other.prepare()
    assert second.python.marker_environment["platform_release"] == "9.9"
    assert second.fingerprint == first.fingerprint


def test_a_document_of_the_store_that_is_damaged_counts_as_absent(room: Room) -> None:
    first = room.prepare()
    for path in (room.store.root / "documents" / "target").rglob("*.json"):
        path.write_text('{"facts": []}')
    assert room.prepare() == first


def test_the_tools_are_told_everything(room: Room, tools: Tools) -> None:
    (room.directory / "files").mkdir()
    write_target(
        room.directory,
        TARGET.replace("[base]", '[arguments]\nCOLOUR = "red"\n[base]').replace(
            "containerfile", 'context = "files"\ncontainerfile', 1
        )
        + 'include = ["bb", "aa"]\nmirrors = ["http://mirror.example.org/debian"]\n',
    )
    target = room.prepare()
    (debian,) = tools.calls("mmdebstrap")
    assert debian[-3] == "sid"
    assert debian[-1] == "http://mirror.example.org/debian"
    assert {"--mode=unshare", "--variant=minbase", "--components=main", "--include=aa,bb"} <= {
        *debian
    }
    runtime, build = tools.calls("buildah")
    base = next(name for name in tools.images if "/base:" in name)
    for call in (runtime, build):
        assert call[-1] == str(room.directory / "files")
        assert {
            "--build-arg=COLOUR=red",
            f"--build-arg=BASE={base}",
            "--build-arg=SOURCE_DATE_EPOCH=946684800",
            "--timestamp=946684800",
            "--force-rm",
        } <= {*call}
    assert f"--build-context=runtime=container-image://{target.runtime.reference}" in build
    assert not [a for a in runtime if a.startswith("--build-context")]


def test_proxies_of_the_host_reach_the_tools_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.setenv("PIP_INDEX_URL", "http://user:secret@index.example.org")
    found = tools_module.environment(TMPDIR="/scratch")
    assert found["https_proxy"] == "http://proxy.example.org:3128"
    assert found["NO_PROXY"] == "example.org"
    assert found["TMPDIR"] == "/scratch"
    assert "PIP_INDEX_URL" not in found


def test_a_registrys_base_is_pulled_by_its_digest(room: Room, tools: Tools) -> None:
    reference = f"registry.example.org/debian@sha256:{DIGEST}"
    write_target(room.directory, TARGET.replace('suite = "sid"', f'image = "{reference}"'))
    room.prepare()
    assert ["podman", "pull", "--quiet", reference] in tools.calls()
    assert not tools.calls("mmdebstrap")
    tools.forget_calls()
    room.prepare(refresh=True)
    assert not [call for call in tools.calls() if call[1] == "pull"]
    assert stages_built(tools) == ["runtime", "build"]
    assert tools.images[reference] not in tools.removed


def test_an_archive_is_imported_if_it_is_the_one(room: Room, tools: Tools) -> None:
    archive = room.directory / "root.tar"
    archive.write_bytes(b"root")
    digest = hashlib.sha256(b"root").hexdigest()
    document = TARGET.replace('suite = "sid"', f'archive = "root.tar"\nsha256 = "{digest}"')
    write_target(room.directory, document)
    archive.write_bytes(b"changed")
    with pytest.raises(TargetFileError, match="not the one"):
        room.prepare()
    archive.unlink()
    with pytest.raises(TargetFileError, match="cannot be read"):
        room.prepare()
    assert not [call for call in tools.calls() if call[1] == "import"]
    archive.write_bytes(b"root")
    room.prepare()
    assert next(call for call in tools.calls() if call[1] == "import")[3] == str(archive)


@pytest.mark.parametrize(
    ("tool", "output", "hint"),
    [
        ("mmdebstrap", "E: Could not resolve 'mirror.example.org'", "http_proxy"),
        ("mmdebstrap", "GPG error: NO_PUBKEY 0123", "keyring"),
        ("buildah", "exec: newuidmap: not found", "podwheel doctor"),
        ("buildah", "gcc: nothing that we know", ""),
    ],
)
def test_a_failure_is_told_with_the_tools_last_words(
    room: Room, tools: Tools, tool: str, output: str, hint: str
) -> None:
    tools.fail(tool, f"first line\n{output}")
    with pytest.raises(ImageBuildFailed) as caught:
        room.prepare()
    error = caught.value
    assert tool in error.what
    assert output in error.said
    assert error.log is not None
    assert output in error.log.read_text()
    assert hint in " ".join(error.hint)
    assert bool(hint) == bool(error.hint)


def test_a_full_disk_is_told_before_and_after(
    room: Room, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools.fail("buildah", "write /layer: No space left on device")
    with pytest.raises(DiskFull):
        room.prepare()
    tools.forget_calls()
    monkeypatch.setattr(tools_module, "_NEEDED", 1 << 60)
    with pytest.raises(DiskFull, match="GB left"):
        room.prepare()
    assert not tools.calls("buildah")


@pytest.mark.parametrize("tool", ["buildah", "mmdebstrap"])
def test_a_tool_that_is_missing_is_told_before_anything_is_made(
    room: Room, tools: Tools, tool: str
) -> None:
    tools.missing = tool
    with pytest.raises(ToolMissing, match=tool):
        room.prepare()
    assert not tools.images


def test_a_python_that_does_not_answer(room: Room) -> None:
    room.sandbox = FakeSandbox(None)
    with pytest.raises(ProbeFailed, match="/usr/bin/python3"):
        room.prepare()
    room.sandbox = FakeSandbox({"ok": False, "exception": "Traceback: no sysconfig"})
    with pytest.raises(ProbeFailed) as caught:
        room.prepare()
    assert "no sysconfig" in caught.value.said
    room.sandbox = FakeSandbox({**FACTS, "version": "no"})
    with pytest.raises(ProbeFailed, match="version"):
        room.prepare()
    room.sandbox = FakeSandbox(FACTS)
    assert room.prepare().python.version == "3.13.5"


# --------------------------------------------------------------------------- system packages


def test_system_packages_are_a_layer_of_their_own(room: Room, tools: Tools) -> None:
    target = room.prepare()
    tools.forget_calls()

    def extra(*names: str) -> str:
        image = targets.prepare_extra(room.definition, target, names, store=room.store)
        return image.reference

    first = extra("libpq-dev", "g++", "libpq-dev")
    (call,) = tools.calls("buildah")
    assert "--build-arg=PACKAGES=g++ libpq-dev" in call
    assert "--target=extra" in call
    assert f"--build-context=build=container-image://{target.build.reference}" in call
    assert extra("g++", "libpq-dev") == first
    assert len(tools.calls("buildah")) == 1
    assert extra("libpq-dev") != first
    assert extra() == target.build.reference


def test_a_refreshed_target_gets_refreshed_system_packages(room: Room, tools: Tools) -> None:
    names = set()
    for version in ("1", "2"):
        tools.packages = f"libc6 {version} amd64\n"
        target = room.prepare(refresh=True)
        image = targets.prepare_extra(room.definition, target, ["libpq-dev"], store=room.store)
        names.add(image.reference)
    assert len(names) == 2


def test_what_cannot_be_a_packages_name_reaches_no_tool(room: Room, tools: Tools) -> None:
    target = room.prepare()
    tools.forget_calls()
    wrong = "", "-o", "a b", "a;b", "$(a)", "a-", "../a", "a\n", "*", "a/b", "a=", "é", "a|b", "~a"
    for name in wrong:
        with pytest.raises(UsageError):
            targets.prepare_extra(room.definition, target, ["gcc", name], store=room.store)
    assert not tools.calls()


def test_what_can_be_a_packages_name(room: Room, tools: Tools) -> None:
    names = [
        "ImageMagick-devel",
        "g++",
        "libc6:arm64",
        "libpq-dev=15.6-0+deb12u1",
        "python3.13-dev",
    ]
    targets.prepare_extra(room.definition, room.prepare(), names, store=room.store)
    assert f"--build-arg=PACKAGES={' '.join(names)}" in tools.calls("buildah")[-1]


@pytest.mark.parametrize(
    ("prepare", "stage"), [(targets.prepare_extra, "extra"), (targets.prepare_server, "server")]
)
def test_a_containerfile_without_the_stage_says_so(
    room: Room, prepare: Callable[..., Image], stage: str
) -> None:
    write_target(room.directory, containerfile=CONTAINERFILE.replace(stage, "other"))
    with pytest.raises(TargetFileError, match=f"no stage `{stage}`") as caught:
        prepare(room.definition, room.prepare(), ["libpq5"], store=room.store)
    assert "libpq5" in caught.value.what
    assert "docs/targets.md" in caught.value.hint[0]


def test_a_server_with_what_wheels_need_stands_on_the_pristine_one(
    room: Room, tools: Tools
) -> None:
    target = room.prepare()
    tools.forget_calls()

    def server(*names: str) -> Image:
        return targets.prepare_server(room.definition, target, names, store=room.store)

    first = server("libxml2", "libpq5", "libxml2")
    (call,) = tools.calls("buildah")
    assert "--build-arg=PACKAGES=libpq5 libxml2" in call
    assert "--target=server" in call
    assert f"--build-context=runtime=container-image://{target.runtime.reference}" in call
    assert first.reference.startswith("localhost/podwheel/server-server:")
    assert server("libpq5", "libxml2") == first
    assert len(tools.calls("buildah")) == 1
    assert server() == target.runtime
    with pytest.raises(UsageError):
        server("$(reboot)")


# --------------------------------------------------------------------------- list and show


def test_status_tells_what_there_is(room: Room, tools: Tools) -> None:
    before, *others = targets.status([room.definition, *targets.builtin()], store=room.store)
    assert not before.ready
    assert before.target is None
    assert [o.definition for o in others] == list(targets.builtin())
    target = room.prepare()
    tools.forget_calls()
    (after,) = targets.status([room.definition], store=room.store)
    assert after.ready
    assert after.target == target
    assert after.sizes == ((target.runtime.reference, 1000), (target.build.reference, 1000))
    assert len(tools.calls()) == 1
