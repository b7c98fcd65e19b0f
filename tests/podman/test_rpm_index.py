"""The RPM families' recipes with the real dnf and zypper, which Debian ships, on a repository made here.

No base of these families can be pulled where this runs. So the base is Debian with their tools and a
repository of a few RPMs, a Python among them; everything from there on is what a Fedora or an openSUSE
would run, to a wheel that is built with one RPM and proven with another.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import frozen
from local_index import LocalIndex
from rpm_repository import (
    MAKE_MANYLINUX,
    MAKE_MINIMAL,
    MAKE_REPOSITORY,
    TOOLS,
    committed,
    podman,
    sdist,
)
from system_packages import record_of

from podwheel import process, targets
from podwheel.errors import ImageBuildFailed
from podwheel.sandbox import Sandbox
from podwheel.syslibs.files import FileIndex
from podwheel.targets.installed import Installed, installed
from podwheel.targets.recipe import recipe_of
from podwheel.targets.resources import recipes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import NewPodwheel

    from podwheel.model import Image, Target
    from podwheel.store import Store

pytestmark = pytest.mark.podman


@pytest.fixture(scope="module")
def base(store: Store, target: Target) -> Iterator[str]:
    """Debian with the tools and a repository."""
    definition = targets.load(targets.DEFAULT, cwd=Path.cwd())
    tools = targets.prepare_extra(definition, target, TOOLS, store=store)
    with committed(tools.reference, MAKE_REPOSITORY, "test-rpm-base") as made:
        yield made


@frozen(kw_only=True)
class Family:
    """One family's target, and its index."""

    name: str
    definition: targets.TargetDefinition
    target: Target
    files: FileIndex


@pytest.fixture(scope="module", params=["redhat", "suse"])
def family(
    request: pytest.FixtureRequest,
    base: str,
    store: Store,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Family]:
    directory = tmp_path_factory.mktemp(request.param)
    # Of this process alone: another of xdist's workers would remove these images when it ends.
    name = f"test-{request.param}-{os.getpid()}"
    (directory / f"{name}.toml").write_text(f"""\
containerfile = "podwheel:{request.param}/Containerfile"
context = "podwheel:{request.param}"
python = "/opt/python/cp313-cp313/bin/python3"
[arguments]
PYTHON_PACKAGES = "server python313"
BUILD_PACKAGES = "bar"
[base]
image = "{base}"
""")
    definition = targets.load(f"./{name}.toml", cwd=directory)
    sandbox = Sandbox(run_id=f"test-rpm-{os.getpid()}", work=directory / "work")
    try:
        target = targets.prepare(definition, store=store, sandbox=sandbox)
        index = targets.file_index(definition, target, store=store)
        assert index is not None
        yield Family(
            name=request.param, definition=definition, target=target, files=FileIndex.open(index)
        )
    finally:
        sandbox.reap()
        remove_images(definition)


def remove_images(definition: targets.TargetDefinition) -> None:
    """A target's, the youngest first: some stand on others."""
    names = podman(
        "image", "ls", "--format={{.Repository}}:{{.Tag}}",
        f"--filter=reference=localhost/podwheel/{definition.name}-*",
    ).split()  # fmt: skip
    order = ("-extra:", "-server:", "-index:", "-build:", "-runtime:")
    for name in sorted(names, key=lambda n: next(i for i, s in enumerate(order) if s in n)):
        process.run(["podman", "image", "rm", name])
    process.run(["podman", "image", "rm", recipe_of(definition).base])


def inside(image: Image, *command: str) -> process.Completed:
    return process.run(
        ["podman", "run", "--rm", "--network=none", "--pull=never", image.reference, *command]
    )


# --------------------------------------------------------------------------- what the index says


def test_files_and_the_packages_that_have_them(family: Family) -> None:
    files = family.files
    assert files.family == "rpm"
    assert files.install_command == {"redhat": "dnf install", "suse": "zypper install"}[family.name]
    assert files.verified
    assert files.triplet == ""
    expected = {
        "foo.h": ("/usr/include/foo/foo.h", "foo-devel"),
        "foo.pc": ("/usr/lib64/pkgconfig/foo.pc", "foo-devel"),
        "foo-config": ("/usr/bin/foo-config", "foo-devel"),
        "libfoo.so": ("/usr/lib64/libfoo.so", "foo-devel"),
        "libfoo.so.1": ("/usr/lib64/libfoo.so.1", "foo"),
    }
    for name, (path, package) in expected.items():
        assert [(e.path, e.packages) for e in files.named(name)] == [(path, (package,))]
    assert files.named("example.h") == ()


def test_only_the_newest_version_and_this_architecture(family: Family) -> None:
    files = family.files
    assert [e.path for e in files.starting("bar-")] == ["/usr/bin/bar-1.10"]
    package = files.package("bar")
    assert package is not None
    assert (package.version, package.architecture) == ("1.10-1", "noarch")
    assert files.package("foreign") is None
    assert files.starting("foreign") == ()


def test_what_a_package_needs(family: Family) -> None:
    files = family.files
    package = files.package("foo-devel")
    assert package is not None
    assert (package.version, package.source) == ("1:1.2-3", "foo")
    assert package.depends == (("foo",),)
    assert "pkgconfig(foo)" in package.provides
    library = files.package("foo")
    assert library is not None
    assert "libfoo.so.1()(64bit)" in library.provides
    assert library.size > 1024
    assert files.dependents("foo") == 1
    assert files.is_development("foo-devel")
    assert not files.is_development("foo")


# --------------------------------------------------------------------------- installing what it names


def test_the_package_for_a_header_is_installed_in_the_build_image(
    family: Family, store: Store
) -> None:
    (entry,) = family.files.named("foo.h")
    image = targets.prepare_extra(family.definition, family.target, entry.packages, store=store)
    assert inside(image, "test", "-f", entry.path).code == 0
    assert inside(family.target.build, "test", "-e", entry.path).code != 0
    assert inside(image, "foo-config").text == "1.2\n"
    listed = installed(image, store=store)
    assert [p for p in listed if p.name.startswith("foo")] == [
        Installed(name="foo", version="1:1.2-3", architecture="x86_64"),
        Installed(name="foo-devel", version="1:1.2-3", architecture="x86_64"),
    ]
    assert Installed(name="bar", version="1.10-1", architecture="noarch") in listed


def test_the_package_for_a_library_is_installed_on_the_server(family: Family, store: Store) -> None:
    (entry,) = family.files.named("libfoo.so.1")
    image = targets.prepare_server(family.definition, family.target, entry.packages, store=store)
    assert inside(image, "test", "-e", entry.path).code == 0
    names = {p.name for p in installed(image, store=store)}
    assert names == {"foo", "python313", "server"}
    there = {p.name for p in installed(family.target.runtime, store=store)}
    assert there == {"python313", "server"}


def test_a_package_that_is_not_there_is_told(family: Family, store: Store) -> None:
    with pytest.raises(ImageBuildFailed) as caught:
        targets.prepare_extra(family.definition, family.target, ["no-such"], store=store)
    assert "no-such" in caught.value.said
    assert "no package of that name" in " ".join(caught.value.hint)


# --------------------------------------------------------------------------- from end to end


def test_a_wheel_is_built_with_one_package_and_proven_with_another(
    family: Family, new_podwheel: NewPodwheel, backends: dict[str, bytes]
) -> None:
    with LocalIndex(backends) as index, new_podwheel(index) as podwheel:
        index.add("needs_foo-1.0.tar.gz", sdist())
        done = podwheel("build", "needs-foo", "--target", family.definition.source, timeout=300)
        assert "1 wheel (1 built from source, " in done.out
        assert "), installed and imported: wheelhouse\n" in done.out
        install = {"redhat": "dnf install", "suse": "zypper install"}[family.name]
        assert f"the server needs: {install} foo\n" in done.out
        record = record_of(podwheel)
        assert record["target"]["name"] == family.definition.name
        supplied = [p for step in record["steps"] for p in step["system_packages"]]
        assert [(p["name"], p["version"], p["reason"]) for p in supplied] == [
            ("foo-devel", "1:1.2-3", "header foo/foo.h")
        ]


# --------------------------------------------------------------------------- microdnf


def test_a_minimal_system_has_microdnf_alone(base: str) -> None:
    script = (
        f"{MAKE_MINIMAL}exec 3>&1 >&2; sh /mnt/install foo; cat /usr/share/podwheel/packages >&3;"
        "sh /mnt/index; cd /usr/share/podwheel/index; cat about >&3; grep ^foo.h files >&3"
    )
    said = podman(
        "run", "--rm", "--network=none", "--pull=never",
        f"--volume={recipes() / 'redhat'}:/mnt:ro", base, "sh", "-c", script,
    ).splitlines()  # fmt: skip
    assert "foo 1:1.2-3 x86_64" in said
    assert "install=microdnf install" in said
    assert "foo.h\t/usr/include/foo/foo.h\tfoo-devel" in said


# --------------------------------------------------------------------------- manylinux


def test_a_manylinux_image_loses_its_toolchain_where_wheels_are_proven(
    base: str, new_podwheel: NewPodwheel, backends: dict[str, bytes]
) -> None:
    name = f"test-manylinux-{os.getpid()}"
    with (
        committed(base, MAKE_MANYLINUX, "test-manylinux-base") as made,
        LocalIndex(backends) as index,
        new_podwheel(index) as podwheel,
    ):
        document = podwheel.write(
            f"{name}.toml",
            f"""\
containerfile = "podwheel:manylinux/Containerfile"
context = "podwheel:manylinux"
python = "/opt/python/cp313-cp313/bin/python3"
[base]
image = "{made}"
""",
        )
        try:
            done = podwheel("build", "c-extension", "--target", document, timeout=300)
            assert "1 wheel (1 built from source, " in done.out
            assert "), installed and imported: wheelhouse\n" in done.out
            shown = json.loads(podwheel("target", "show", document).out)
            script = "command -v gcc cc as ld g++ || ls /usr/include /opt/rh || test -x /opt/python/*/bin/python3"
            for image, finds in (("build", "/usr/local/bin/gcc\n"), ("runtime", "")):
                reference = shown["images"][image]
                seen = process.run(
                    ["podman", "run", "--rm", "--network=none", reference, "sh", "-c", script]
                )
                assert seen.code == 0
                assert seen.text.startswith(finds)
                assert bool(seen.text) is bool(finds)
        finally:
            remove_images(targets.load(str(document), cwd=podwheel.cwd))
