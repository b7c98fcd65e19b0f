"""The RPM families' recipes with the real dnf and zypper, which Debian ships, on a repository made here.

No base of these families can be pulled where this runs. So the base is Debian with their tools and a
repository of a few RPMs; everything from there on is what a Fedora or an openSUSE would run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import frozen

from podwheel import process, targets
from podwheel.errors import ImageBuildFailed
from podwheel.sandbox import Sandbox
from podwheel.syslibs.files import FileIndex
from podwheel.targets.installed import Installed, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from podwheel.model import Image, Target
    from podwheel.store import Store

pytestmark = pytest.mark.podman

TOOLS = ("createrepo-c", "curl", "dnf", "rpm", "zypper")
BASE = "localhost/podwheel/test-rpm-base"

# A library with its development package, one package in two versions, one of another architecture.
MAKE_REPOSITORY = r"""
set -eu
mkdir /rpm /repo
cd /rpm
cat >foo.spec <<'SPEC'
Name: foo
Version: 1.2
Release: 3
Epoch: 1
Summary: A library
License: MIT
AutoReq: no
%description
A library.
%package devel
Summary: Headers
AutoReqProv: no
Provides: pkgconfig(foo) = 1.2
Requires: foo = 1:%{version}-%{release}, libfoo.so.1()(64bit)
%description devel
Headers.
%install
r=%{buildroot}
mkdir -p $r/usr/bin $r/usr/lib64/pkgconfig $r/usr/include/foo $r/usr/share/doc/foo
echo 'int foo(void) { return 42; }' >foo.c
gcc -shared -fPIC -Wl,-soname,libfoo.so.1 -o $r/usr/lib64/libfoo.so.1.0 foo.c
ln -s libfoo.so.1.0 $r/usr/lib64/libfoo.so.1
ln -s libfoo.so.1 $r/usr/lib64/libfoo.so
echo 'int foo(void);' >$r/usr/include/foo/foo.h
printf 'Name: foo\nDescription: x\nVersion: 1.2\nLibs: -lfoo\n' >$r/usr/lib64/pkgconfig/foo.pc
printf '#!/bin/sh\necho 1.2\n' >$r/usr/bin/foo-config
chmod 755 $r/usr/bin/foo-config
echo x >$r/usr/share/doc/foo/example.h
%files
/usr/lib64/libfoo.so.1*
%files devel
/usr/bin/foo-config
/usr/include/foo
/usr/lib64/libfoo.so
/usr/lib64/pkgconfig/foo.pc
/usr/share/doc/foo
SPEC
cat >simple.spec <<'SPEC'
Name: %{called}
Version: %{numbered}
Release: 1
Summary: A program
License: MIT
AutoReqProv: no
%description
A program.
%install
mkdir -p %{buildroot}/usr/bin
printf '#!/bin/sh\necho %{numbered}\n' >%{buildroot}/usr/bin/%{called}-%{numbered}
chmod 755 %{buildroot}/usr/bin/*
%files
/usr/bin/*
SPEC
build() { rpmbuild --quiet --define '_topdir /rpm' --define '_rpmdir /repo' -bb "$@"; }
build foo.spec
build --target noarch --define 'called bar' --define 'numbered 1.9' simple.spec
build --target noarch --define 'called bar' --define 'numbered 1.10' simple.spec
build --target noarch --define 'called server' --define 'numbered 1' simple.spec
build --target armv7hl --define 'called foreign' --define 'numbered 1' simple.spec
createrepo_c --quiet "$@" /repo
mkdir -p /etc/yum.repos.d /etc/zypp/repos.d
printf '[here]\nname=here\nbaseurl=file:///repo\nenabled=1\ngpgcheck=0\n' |
    tee /etc/yum.repos.d/here.repo >/etc/zypp/repos.d/here.repo
"""


def podman(*arguments: str) -> str:
    done = process.run(["podman", *arguments])
    assert done.code == 0, done.error_text
    return done.text


@pytest.fixture(scope="module")
def base(store: Store, target: Target) -> Iterator[str]:
    """Debian with the tools and a repository: an image that is named by its digest."""
    definition = targets.load(targets.DEFAULT, cwd=Path.cwd())
    tools = targets.prepare_extra(definition, target, TOOLS, store=store)
    name = f"test-rpm-{os.getpid()}"
    reference = f"{BASE}:{os.getpid()}"
    options = ("--network=none", "--pull=never", f"--name={name}")
    try:
        podman("run", *options, tools.reference, "sh", "-c", MAKE_REPOSITORY)
        podman("commit", "--quiet", name, reference)
        digest = podman("image", "inspect", "--format", "{{.Digest}}", reference).strip()
        yield f"{BASE}@{digest}"
    finally:
        process.run(["podman", "rm", "--force", name])
        process.run(["podman", "image", "rm", reference])


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
[arguments]
PYTHON_PACKAGES = "server"
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
        remove_images(f"{definition.name}-*")


def remove_images(pattern: str) -> None:
    """Those of this test, the youngest first: some stand on others."""
    names = podman(
        "image", "ls", "--format={{.Repository}}:{{.Tag}}",
        f"--filter=reference=localhost/podwheel/{pattern}",
    ).split()  # fmt: skip
    order = ("-extra:", "-server:", "-index:", "-build:", "-runtime:")
    for name in sorted(names, key=lambda n: next(i for i, s in enumerate(order) if s in n)):
        process.run(["podman", "image", "rm", name])


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
    assert names == {"foo", "server"}
    assert {p.name for p in installed(family.target.runtime, store=store)} == {"server"}


def test_a_package_that_is_not_there_is_told(family: Family, store: Store) -> None:
    with pytest.raises(ImageBuildFailed) as caught:
        targets.prepare_extra(family.definition, family.target, ["no-such"], store=store)
    assert "no-such" in caught.value.said
    assert "no package of that name" in " ".join(caught.value.hint)
