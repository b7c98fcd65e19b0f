"""The distribution's own index of files, made by its own tools; and servers with what wheels need."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from podwheel import process, targets
from podwheel.store import Store
from podwheel.syslibs.files import FileIndex
from podwheel.targets.installed import installed, shlibs_of, symbols_of
from podwheel.targets.resources import recipes

if TYPE_CHECKING:
    from podwheel.model import Target

pytestmark = pytest.mark.podman

# A repository as Debian lays it out, with a Release file that names the Contents as they should be.
REPOSITORY = """\
mkdir -p /repo/dists/here/main/binary-$(dpkg --print-architecture)
cd /repo/dists/here
printf 'Package: libfoo-dev\\nSource: foo (1.1)\\nVersion: 1:1.2-3\\nArchitecture: all\\nSection: libdevel\\n\
Installed-Size: 12\\nPre-Depends: dpkg\\nDepends: libfoo1 (= 1), a | b\\nProvides: foo-dev\\n\
Filename: no\\nSize: 1\\nSHA256: 0\\n\\n' >main/binary-$(dpkg --print-architecture)/Packages
printf 'usr/include/foo.h  libdevel/libfoo-dev\\nusr/share/doc/foo/x.h  libdevel/libfoo-dev\\n' |
    gzip -n >main/Contents-all.gz
{
    printf 'Suite: here\\nCodename: here\\nComponents: main\\nArchitectures: %s\\n' "$(dpkg --print-architecture)"
    printf 'Date: Sat, 01 Jan 2000 00:00:00 UTC\\nSHA256:\\n'
    for file in main/binary-*/Packages main/Contents-all.gz; do
        echo " $(sha256sum $file | cut -d' ' -f1) $(stat -c %s $file) $file"
    done
} >Release
echo 'deb [trusted=yes] copy:/repo here main' >/etc/apt/sources.list
"""
MADE = "sh /mnt/index >&2 && tar -C /usr/share/podwheel/index -c ."


def in_debian(target: Target, script: str) -> process.Completed:
    """Run a script in the pristine server with the recipe's files where a build has them; no network."""
    mount = f"{recipes() / 'debian'}:/mnt:ro"
    options = ("--rm", "--network=none", "--pull=never", "--volume", mount)
    return process.run(
        ["podman", "run", *options, target.runtime.reference, "sh", "-ec", script],
    )


def opened(archive: bytes, place: Path) -> FileIndex:
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for name in ("about", "files", "packages"):
            member = files.extractfile(f"./{name}")
            assert member is not None
            (place / name).write_bytes(member.read())
    return FileIndex.open(place)


# --------------------------------------------------------------------------- the script


@pytest.mark.parametrize(
    "layout",
    ["", "mv main/Contents-all.gz .; sed -i s,main/Contents,Contents, Release\n"],
    ids=["of the component", "of the suite"],
)
def test_the_index_of_a_small_repository(target: Target, tmp_path: Path, layout: str) -> None:
    done = in_debian(target, REPOSITORY + layout + MADE)
    assert done.code == 0, done.error_text
    found = opened(done.out, tmp_path)
    assert found.verified
    assert (found.family, found.install_command) == ("debian", "apt-get install")
    assert [e.packages for e in found.named("foo.h")] == [("libfoo-dev",)]
    assert found.named("x.h") == ()
    package = found.package("libfoo-dev")
    assert package is not None
    assert (package.version, package.architecture, package.section) == (
        "1:1.2-3",
        "all",
        "libdevel",
    )
    assert (package.source, package.size) == ("foo", 12 * 1024)
    assert set(package.depends) == {("dpkg",), ("libfoo1",), ("a", "b")}
    assert package.provides == ("foo-dev",)


def test_a_mirror_in_the_middle_of_a_sync_serves_a_hint(target: Target, tmp_path: Path) -> None:
    changed = "printf 'usr/bin/foo  devel/foo-bin\\n' | gzip -n >main/Contents-all.gz\n"
    done = in_debian(target, REPOSITORY + changed + MADE)
    assert done.code == 0, done.error_text
    assert "not the one that the signed" in done.error_text
    found = opened(done.out, tmp_path)
    assert not found.verified
    assert [e.packages for e in found.named("foo")] == [("foo-bin",)]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("rm main/Contents-all.gz\n", "no suite of /etc/apt/sources.list has a Contents file"),
        ("echo no >main/Contents-all.gz\n", "a Contents file cannot be read"),
        ("truncate --size=-9 main/Contents-all.gz\n", "a Contents file cannot be read"),
        ("echo changed >>Release; echo no >main/binary-*/Packages\n", ""),
    ],
)
def test_what_cannot_be_had_fails_the_stage(target: Target, damage: str, said: str) -> None:
    done = in_debian(target, REPOSITORY + damage + MADE)
    assert done.code != 0
    assert said in done.error_text
    assert not done.out


# --------------------------------------------------------------------------- Debian's own


@pytest.fixture(scope="module")
def definition() -> targets.TargetDefinition:
    return targets.load(targets.DEFAULT, cwd=Path.cwd())


@pytest.fixture(scope="module")
def files(store: Store, target: Target, definition: targets.TargetDefinition) -> FileIndex:
    directory = targets.file_index(definition, target, store=store)
    assert directory is not None
    return FileIndex.open(directory)


def test_debians_index_knows_its_files(files: FileIndex) -> None:
    assert files.family == "debian"
    headers = files.named("libpq-fe.h")
    assert [e.path for e in headers] == ["/usr/include/postgresql/libpq-fe.h"]
    assert headers[0].packages == ("libpq-dev",)
    library = f"/usr/lib/{files.triplet}/libpq.so.5"
    assert ("libpq5",) in [e.packages for e in files.named("libpq.so.5") if e.path == library]
    assert "/usr/bin/mpicc.openmpi" in [e.path for e in files.starting("mpicc.")]
    assert "libxml2-dev" in files.named("libxml-2.0.pc")[0].packages
    assert files.named("there-is-no-such-file.h") == ()


def test_debians_index_knows_its_packages(files: FileIndex) -> None:
    package = files.package("libpq-dev")
    assert package is not None
    assert package.source.startswith("postgresql-")
    assert ("libpq5",) in package.depends
    assert files.is_development("libpq-dev")
    assert not files.is_development("libpq5")
    assert files.dependents("zlib1g-dev") > 50
    assert files.dependents("libc6") > 5000


def test_another_store_copies_it_from_the_image(
    files: FileIndex, target: Target, definition: targets.TargetDefinition, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    called = []
    start = process.start

    def watched(arguments: list[str], **options: object) -> process.Child:
        called.append(str(arguments[0]))
        return start(arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(process, "start", watched)
    directory = targets.file_index(definition, target, store=Store(tmp_path / "store"))
    assert directory is not None
    assert FileIndex.open(directory).named("libpq-fe.h") == files.named("libpq-fe.h")
    assert set(called) == {"podman"}


def test_a_server_with_a_library(
    target: Target, definition: targets.TargetDefinition, store: Store
) -> None:
    server = targets.prepare_server(definition, target, ["libpq5"], store=store)
    before = {p.name for p in installed(target.runtime, store=store)}
    after = {p.name: p for p in installed(server, store=store)}
    assert "libpq5" in after.keys() - before
    assert "libpq-dev" not in after
    assert "gcc" not in after
    assert after["libpq5"].architecture != "all"
    assert "libpq.so.5 libpq5 #MINVER#" in symbols_of(server, store=store)
    assert "libpq.so.5" not in symbols_of(target.runtime, store=store)
    assert "libpq 5 libpq5" in shlibs_of(server, store=store)
    assert server.content != target.runtime.content
