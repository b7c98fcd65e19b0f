"""What the RPM families' tests stand on: a repository of a few RPMs, made with Debian's own rpm tools."""

from __future__ import annotations

import contextlib
import io
import os
import tarfile
from typing import TYPE_CHECKING

from podwheel import process

if TYPE_CHECKING:
    from collections.abc import Iterator

TOOLS = ("createrepo-c", "curl", "dnf", "rpm", "zypper")

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
%post -p <lua>
os.execute("ldconfig")
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
cat >python313.spec <<'SPEC'
Name: python313
Version: 3.13
Release: 1
Summary: Debian's Python, somewhere else
License: MIT
AutoReqProv: no
%description
Debian's Python, somewhere else.
%install
r=%{buildroot}/opt/python/cp313-cp313
mkdir -p $r/bin $r/lib $r/include
cp /usr/bin/python3.13 $r/bin
ln -s python3.13 $r/bin/python3
cp -r /usr/include/python3.13 $r/include
cp -r /usr/lib/python3.13 $r/lib
rm -rf $r/lib/python3.13/config-*
%files
/opt/python
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
build() {
    rpmbuild --quiet --define '_topdir /rpm' --define '_rpmdir /repo' --define '_binary_payload w1.gzdio' \
        --define '__os_install_post %{nil}' -bb "$@"
}
build foo.spec
build python313.spec
build --target noarch --define 'called bar' --define 'numbered 1.9' simple.spec
build --target noarch --define 'called bar' --define 'numbered 1.10' simple.spec
build --target noarch --define 'called server' --define 'numbered 1' simple.spec
build --target armv7hl --define 'called foreign' --define 'numbered 1' simple.spec
createrepo_c --quiet "$@" /repo
echo /usr/lib64 >/etc/ld.so.conf.d/lib64.conf # where these families have them
mkdir -p /etc/yum.repos.d /etc/zypp/repos.d
printf '[here]\nname=here\nbaseurl=file:///repo\nenabled=1\ngpgcheck=0\n' |
    tee /etc/yum.repos.d/here.repo >/etc/zypp/repos.d/here.repo
"""

# On the above: a Python under /opt/python, the compilers under /opt/rh and nowhere else.
MAKE_MANYLINUX = r"""
set -eu
dnf --quiet --assumeyes install python313
tools=/opt/rh/gcc-toolset-14/root/usr/bin
mkdir -p $tools
for name in gcc g++ as ld $(uname -m)-linux-gnu-gcc $(uname -m)-linux-gnu-g++; do
    ln -s "$(readlink -f /usr/bin/$name)" $tools/$name
    rm /usr/bin/$name
done
"""

# On the same: a system with microdnf alone, which takes these two options and no other --setopt. It stands
# for the real one, which Debian does not have, as its manual describes it.
MAKE_MINIMAL = r"""
set -eu
mv /usr/bin/dnf /usr/bin/dnf-4
cat >/usr/bin/microdnf <<'SH'
#!/bin/sh
for argument; do
    shift
    case $argument in
    --nodocs | --setopt=install_weak_deps=0) ;;
    --setopt=* | repoquery) echo "microdnf: $argument is unknown" >&2; exit 1 ;;
    dnf) mv /usr/bin/dnf-4 /usr/bin/dnf; exit ;;
    *) set -- "$@" "$argument" ;;
    esac
done
exec /usr/bin/dnf-4 "$@"
SH
chmod 755 /usr/bin/microdnf
"""

# A project that needs the library.
SDIST = {
    "pyproject.toml": """\
[build-system]
requires = ["setuptools>=61"]
build-backend = "setuptools.build_meta"
[project]
name = "needs-foo"
version = "1.0"
""",
    "setup.py": """\
from setuptools import Extension, setup
setup(ext_modules=[Extension("needs_foo", ["needs_foo.c"], libraries=["foo"])])
""",
    "needs_foo.c": """\
#include <Python.h>
#include <foo/foo.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "needs_foo", NULL, 0, NULL};
PyMODINIT_FUNC PyInit_needs_foo(void) { return foo() == 42 ? PyModule_Create(&module) : NULL; }
""",
}


def podman(*arguments: str) -> str:
    done = process.run(["podman", *arguments])
    assert done.code == 0, done.error_text
    return done.text


@contextlib.contextmanager
def committed(image: str, script: str, name: str) -> Iterator[str]:
    """What *script* makes of an image, without a network: an image that is named by its digest."""
    container = f"{name}-{os.getpid()}"
    repository = f"localhost/podwheel/{name}"
    reference = f"{repository}:{os.getpid()}"
    options = ("--network=none", "--pull=never", f"--name={container}")
    try:
        podman("run", *options, image, "sh", "-c", script)
        podman("commit", "--quiet", container, reference)
        digest = podman("image", "inspect", "--format", "{{.Digest}}", reference).strip()
        yield f"{repository}@{digest}"
    finally:
        process.run(["podman", "rm", "--force", container])
        process.run(["podman", "image", "rm", reference])


def sdist() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in SDIST.items():
            member = tarfile.TarInfo(f"needs_foo-1.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()
