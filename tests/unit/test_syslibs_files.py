"""The distribution's index of files: exact lookups in a large sorted file, and what its packages are."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from podwheel.errors import FileIndexDamaged
from podwheel.syslibs.files import Entry, FileIndex
from podwheel.syslibs.lines import SortedLines

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = "family=debian\ninstall=apt-get install\nverified=yes\ntriplet=x86_64-linux-gnu\n"
FILES = """\
libpq-fe.h	/usr/include/postgresql/libpq-fe.h	libpq-dev
libpq.so	/usr/lib/x86_64-linux-gnu/libpq.so	libpq-dev
libpq.so.5	/usr/lib/x86_64-linux-gnu/libpq.so.5	libpq5
pg_config	/usr/bin/pg_config	libpq-dev,postgresql-common
pg_config	/usr/lib/postgresql/17/bin/pg_config	postgresql-client-17
pg_config.h	/usr/include/postgresql/pg_config.h	libpq-dev
zlib.h	/usr/include/zlib.h	zlib1g-dev
"""
PACKAGES = """\
libpq-dev@17.5-1@amd64@libdevel@postgresql-17@612@libpq5 (= 17.5-1), libssl-dev:any (>= 3) | libressl-dev,zlib1g-dev@
libpq5@17.5-1@amd64@libs@postgresql-17@1024@libc6 (>= 2.38)@libpq-virtual (= 17), libpq
odd-dev@1@all@contrib/misc@odd@1@@
server-dev-17@1@amd64@contrib/libdevel@server@1@libpq-dev@
zlib1g-dev@1:1.3@amd64@libdevel@zlib@1@libc6-dev | libc-dev, libpq-dev | other@
""".replace("@", "\t")


def index(
    place: Path, *, about: str = ABOUT, files: str = FILES, packages: str = PACKAGES
) -> FileIndex:
    for name, text in (("about", about), ("files", files), ("packages", packages)):
        (place / name).write_text(text, "utf-8")
    return FileIndex.open(place)


def test_what_it_says_of_itself(tmp_path: Path) -> None:
    found = index(tmp_path)
    assert (found.family, found.install_command) == ("debian", "apt-get install")
    assert found.verified
    assert found.triplet == "x86_64-linux-gnu"
    other = index(tmp_path, about=ABOUT.replace("yes", "no").replace("x86_64-linux-gnu", ""))
    assert not other.verified
    assert other.triplet == ""


def test_a_name_is_found_exactly(tmp_path: Path) -> None:
    found = index(tmp_path)
    assert found.named("libpq-fe.h") == (
        Entry(path="/usr/include/postgresql/libpq-fe.h", packages=("libpq-dev",)),
    )
    assert found.named("pg_config") == (
        Entry(path="/usr/bin/pg_config", packages=("libpq-dev", "postgresql-common")),
        Entry(path="/usr/lib/postgresql/17/bin/pg_config", packages=("postgresql-client-17",)),
    )
    assert [e.packages for e in found.named("libpq.so")] == [("libpq-dev",)]
    assert [e.packages for e in found.named("zlib.h")] == [("zlib1g-dev",)]
    for absent in (
        "",
        "libpq",
        "pg_confi",
        "zlib.hh",
        "a",
        "zz",
        "pg_config\t/usr",
        "zlib.h\n",
        "é",
    ):
        assert found.named(absent) == (), absent


def test_a_beginning_is_found_up_to_a_number(tmp_path: Path) -> None:
    found = index(tmp_path)
    assert [e.path.rpartition("/")[2] for e in found.starting("libpq.so")] == [
        "libpq.so",
        "libpq.so.5",
    ]
    assert len(found.starting("pg_config")) == 3
    assert len(found.starting("pg_config", most=2)) == 2
    assert len(found.starting("")) == 7
    assert found.starting("q") == found.starting("zz") == ()


def test_every_line_is_found_wherever_the_middle_falls(tmp_path: Path) -> None:
    names = sorted(f"{'x' * (n * 7 % 40)}{n}" for n in range(300))
    (tmp_path / "lines").write_text("".join(f"{name}\n" for name in names))
    lines = SortedLines(tmp_path / "lines")
    for name in names:
        assert name.encode() in lines.starting(name.encode())
    assert [line.decode() for line in lines.starting(b"")] == names
    for absent in (b"!", b"xx!", b"zz", b"x" * 50):
        assert not list(lines.starting(absent))


def test_the_order_is_that_of_sort(tmp_path: Path) -> None:
    """Upper case before lower, and a name before one that goes on with a dash: LC_ALL=C."""
    names = ["a", "a-b", "a.b", "aB", "A", "B", "b", "ab", "a_b", "é"]
    text = "".join(f"{n}\t/usr/bin/{n}\tpackage\n" for n in names)
    done = subprocess.run(
        ["sort"], input=text, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, capture_output=True,
        text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    found = index(tmp_path, files=done.stdout)
    for name in names:
        assert [e.path for e in found.named(name)] == [f"/usr/bin/{name}"]


def test_what_cannot_be_a_package_is_none(tmp_path: Path) -> None:
    files = "a\t/usr/bin/a\t-o,good,$(x),b c\nb\t/usr/bin/b\t--x\nc\tusr/bin/c\tgood\n"
    found = index(tmp_path, files=files)
    assert found.named("a") == (Entry(path="/usr/bin/a", packages=("good",)),)
    assert found.named("b") == found.named("c") == ()


def test_a_package(tmp_path: Path) -> None:
    found = index(tmp_path)
    package = found.package("libpq-dev")
    assert package is not None
    assert (package.name, package.version, package.architecture) == ("libpq-dev", "17.5-1", "amd64")
    assert (package.section, package.source, package.size) == ("libdevel", "postgresql-17", 626688)
    assert package.depends == (("libpq5",), ("libssl-dev", "libressl-dev"), ("zlib1g-dev",))
    assert package.provides == ()
    library = found.package("libpq5")
    assert library is not None
    assert library.provides == ("libpq-virtual", "libpq")
    assert found.package("libpq") is None


def test_dependents_count_alternatives_too(tmp_path: Path) -> None:
    found = index(tmp_path)
    assert found.dependents("libpq-dev") == 2
    assert found.dependents("libpq5") == 1
    assert found.dependents("libressl-dev") == 1
    assert found.dependents("odd-dev") == 0


def test_development_by_the_distributions_own_marks(tmp_path: Path) -> None:
    found = index(tmp_path)
    for name in ("libpq-dev", "odd-dev", "server-dev-17", "unknown-devel"):
        assert found.is_development(name), name
    for name in ("libpq5", "unknown", "develop", "dev"):
        assert not found.is_development(name), name


RPM = """\
glibc	2.39-1.fc40	x86_64		glibc	1		glibc = 2.39-1.fc40, libc.so.6()(64bit), libc.so.6(GLIBC_2.34)(64bit)
libpq	16.1-4.fc40	x86_64	Unspecified	libpq	1	libc.so.6(GLIBC_2.34)(64bit), rpmlib(FileDigests) <= 4.6.0-1	libpq = 16.1-4.fc40, libpq.so.5()(64bit), config(libpq) = 16.1
libpq-devel	16.1-4.fc40	x86_64	Unspecified	libpq	1	libpq = 16.1-4.fc40, libpq.so.5()(64bit), (pkgconf >= 2 or libpq), /bin/sh	libpq-devel = 16.1-4.fc40, pkgconfig(libpq) = 16.1
user	1-1	noarch		user	1	pkgconfig(libpq) >= 16, (glibc if libpq-devel)	user = 1-1
"""  # fmt: skip


def test_an_rpms_capabilities_become_packages(tmp_path: Path) -> None:
    found = index(tmp_path, about=ABOUT.replace("debian", "rpm"), packages=RPM)
    package = found.package("libpq-devel")
    assert package is not None
    assert package.depends == (("libpq",),)
    assert package.provides == ("libpq-devel", "pkgconfig(libpq)")
    user = found.package("user")
    assert user is not None
    assert user.depends == (("libpq-devel",), ("glibc",))
    assert found.dependents("libpq") == 1
    assert found.dependents("glibc") == 2
    assert found.dependents("libpq-devel") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"about": ""},
        {"about": ABOUT.replace("family=debian\n", "")},
        {"about": ABOUT.replace("debian", "other")},
        {"about": ABOUT.replace("install", "\x1b[2Jinstall")},
        {"files": ""},
        {"files": FILES[:-5]},
        {"packages": ""},
        {"packages": PACKAGES.rstrip("\n")},
    ],
)
def test_a_damaged_index_is_told(tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(FileIndexDamaged) as caught:
        index(tmp_path, **change)
    assert "podwheel target build --refresh" in " ".join(caught.value.hint)


@pytest.mark.parametrize("name", ["about", "files", "packages"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    index(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileIndexDamaged, match=name):
        FileIndex.open(tmp_path)


def test_a_damaged_line_is_told_when_it_is_met(tmp_path: Path) -> None:
    with pytest.raises(FileIndexDamaged, match="`files`"):
        index(tmp_path, files="a\t/usr/bin/a\n").named("a")
    with pytest.raises(FileIndexDamaged, match="2 fields"):
        index(tmp_path, packages="a\t1\n").package("a")
    with pytest.raises(FileIndexDamaged, match="size"):
        index(tmp_path, packages="a\t1\tall\tx\ta\t-1\t\t\n").package("a")
