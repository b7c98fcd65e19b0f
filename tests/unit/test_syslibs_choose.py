"""From what is missing to a package: places, rivals, and when to ask instead of choosing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from podwheel.syslibs.candidates import candidates
from podwheel.syslibs.choose import choose
from podwheel.syslibs.files import FileIndex
from podwheel.syslibs.lack import Kind, Lack, Missing
from podwheel.syslibs.plan import MOST_PACKAGES, plan

if TYPE_CHECKING:
    from pathlib import Path

FILES = """\
/usr/bin/blah-config libblah-dev
/usr/bin/curl-config libcurl-a-dev,libcurl-b-dev
/usr/bin/mpicc.one libone-dev
/usr/bin/mpicc.two libtwo-dev
/usr/bin/pg_config libpq-dev,postgresql-common
/usr/bin/gfortran gfortran
/usr/bin/wand wand
/usr/include/blah.h libblah-dev
/usr/include/both.h libleft-dev,libright-dev
/usr/include/postgresql/libpq-fe.h libpq-dev
/usr/include/postgresql/17/server/libpq/libpq-fe.h postgresql-server-dev-17
/usr/include/plain.h libplain,libplain-dev
/usr/include/x86_64-linux-gnu/deep/er/down/there/once/more.h libmore-dev
/usr/include/pypy3.11/longintrepr.h pypy3-dev
/usr/include/python3.13/array/array.h python3-array-dev
/usr/lib/x86_64-linux-gnu/libblah.so libblah-dev
/usr/lib/x86_64-linux-gnu/libblah.so.5 libblah5
/usr/lib/x86_64-linux-gnu/libxml2.so libxml2-dev
/usr/lib/x86_64-linux-gnu/libstatic.a libstatic-dev
/usr/lib/x86_64-linux-gnu/cmake/Zap/ZapConfig.cmake libzap-dev
/usr/lib/x86_64-linux-gnu/pkgconfig/maria.pc libmaria-dev
/usr/lib/x86_64-linux-gnu/pkgconfig/libmaria.pc libmaria-dev
/usr/lib/x86_64-linux-gnu/pkgconfig/my.pc libmaria-dev-compat
/usr/lib/x86_64-linux-gnu/pkgconfig/libxslt.pc libxslt1-dev
"""

# Name, and what depends on it: what decides between rivals.
DEPENDS = {
    "libcurl-a-dev": 9,
    "libcurl-b-dev": 3,
    "libleft-dev": 2,
    "libright-dev": 2,
    "libone-dev": 5,
    "libtwo-dev": 1,
}


@pytest.fixture
def files(tmp_path: Path) -> FileIndex:
    return index(tmp_path)


def index(place: Path, *, verified: bool = True) -> FileIndex:
    names = {n for line in FILES.splitlines() for n in line.split()[1].split(",")}
    depends = {"libmaria-dev-compat": "libmaria-dev", "libxslt1-dev": "libxml2-dev"}
    for name, users in DEPENDS.items():
        depends |= {f"user-{n}-of-{name}": name for n in range(users)}
    rows = [
        "\t".join(
            (
                name,
                "1.0-1",
                "amd64",
                "libdevel" if name.endswith("-dev") else "misc",
                name,
                "10",
                depends.get(name, ""),
                "",
            )
        )
        for name in sorted(names | depends.keys())
    ]
    (place / "packages").write_text("".join(f"{row}\n" for row in rows))
    lines = [line.split() for line in FILES.splitlines()]
    found = sorted(f"{path.rsplit('/', 1)[1]}\t{path}\t{names}\n" for path, names in lines)
    (place / "files").write_text("".join(found))
    (place / "about").write_text(
        "family=debian\ninstall=apt-get install\n"
        f"verified={'yes' if verified else 'no'}\ntriplet=x86_64-linux-gnu\n"
    )
    return FileIndex.open(place)


def lack(kind: Kind, *names: str, sure: bool = True, too_old: str | None = None) -> Lack:
    wanted = tuple(Missing(kind=kind, name=name) for name in names)
    return Lack(any_of=wanted, sure=sure, said="said", too_old=too_old)


@pytest.mark.parametrize(
    ("kind", "name", "package"),
    [
        (Kind.HEADER, "blah.h", "libblah-dev"),
        (Kind.HEADER, "libpq-fe.h", "libpq-dev"),
        (Kind.LIBRARY, "blah", "libblah-dev"),
        (Kind.LIBRARY, "libblah.so.5", "libblah5"),
        (Kind.LIBRARY, "static", "libstatic-dev"),
        (Kind.PROGRAM, "pg_config", "libpq-dev"),
        (Kind.PKG_CONFIG, "my", "libmaria-dev-compat"),
        (Kind.CMAKE, "Zap", "libzap-dev"),
        (Kind.CMAKE, "XML2", "libxml2-dev"),
        (Kind.COMPILER, "fortran", "gfortran"),
        (Kind.FILE, "/usr/bin/wand", "wand"),
        (Kind.NAME, "libxml2", "libxml2-dev"),
        (Kind.NAME, "libxslt", "libxslt1-dev"),
        (Kind.NAME, "xslt", "libxslt1-dev"),
        (Kind.NAME, "blah", "libblah-dev"),
    ],
)
def test_each_kind_is_looked_for_in_its_own_way(
    files: FileIndex, kind: Kind, name: str, package: str
) -> None:
    (choice,) = choose([lack(kind, name)], files, installed=())
    assert choice.candidate is not None
    assert choice.candidate.package == package


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.HEADER, "nobody.h"),
        (Kind.HEADER, "lah.h"),  # no name that merely ends so
        (Kind.HEADER, "more.h"),  # nothing would look that far down
        (Kind.HEADER, "longintrepr.h"),  # of another Python
        (
            Kind.HEADER,
            "array/array.h",
        ),  # of a Python module, which the build environment has to bring
        (Kind.LIBRARY, "nobody"),
        (Kind.PROGRAM, "mpi"),  # mpicc.one is no flavour of mpi
        (Kind.COMPILER, "cobol"),
    ],
)
def test_what_nobody_has_is_unknown(files: FileIndex, kind: Kind, name: str) -> None:
    (choice,) = choose([lack(kind, name)], files, installed=())
    assert choice.unknown


def test_the_place_that_is_searched_by_itself_wins(files: FileIndex) -> None:
    found = candidates(Missing(kind=Kind.HEADER, name="libpq-fe.h"), files)
    assert [(c.package, c.rank) for c in found] == [("libpq-dev", 1)]


def test_a_development_package_wins(files: FileIndex) -> None:
    (choice,) = choose([lack(Kind.HEADER, "plain.h")], files, installed=())
    assert choice.candidate is not None
    assert choice.candidate.package == "libplain-dev"
    assert choice.rivals == ("libplain",)


def test_of_rivals_the_one_that_the_distribution_builds_upon(files: FileIndex) -> None:
    curl, mpi = choose(
        [lack(Kind.PROGRAM, "curl-config"), lack(Kind.PROGRAM, "mpicc")], files, installed=()
    )
    assert curl.candidate is not None
    assert curl.candidate.package == "libcurl-a-dev"
    assert mpi.candidate is not None
    assert mpi.candidate.package == "libone-dev"
    assert curl.rivals == ("libcurl-b-dev",)


def test_equal_rivals_are_not_chosen_between(files: FileIndex) -> None:
    (choice,) = choose([lack(Kind.HEADER, "both.h")], files, installed=())
    assert choice.ambiguous
    assert choice.rivals == ("libleft-dev", "libright-dev")


def test_what_is_wanted_anyway_settles_rivals(files: FileIndex, tmp_path: Path) -> None:
    with (tmp_path / "files").open("a") as out:
        out.write("zed.h\t/usr/include/zed.h\tlibleft-dev\n")
    both, _ = choose(
        [lack(Kind.HEADER, "both.h"), lack(Kind.HEADER, "zed.h")],
        FileIndex.open(tmp_path),
        installed=(),
    )
    assert both.candidate is not None
    assert both.candidate.package == "libleft-dev"


def test_of_several_names_the_package_that_answers_to_most(files: FileIndex) -> None:
    (choice,) = choose([lack(Kind.PKG_CONFIG, "my", "maria", "libmaria")], files, installed=())
    assert choice.candidate is not None
    assert choice.candidate.package == "libmaria-dev"


def test_what_is_installed_was_not_missing(files: FileIndex) -> None:
    assert choose([lack(Kind.HEADER, "blah.h")], files, installed={"libblah-dev"}) == ()


def test_sure_reasons_come_before_unsure_ones(files: FileIndex) -> None:
    planned = plan(
        [lack(Kind.NAME, "libxml2", sure=False), lack(Kind.HEADER, "blah.h")],
        files,
        project="example",
        installed=(),
        added=(),
    )
    assert [c.candidate.package for c in planned.add if c.candidate] == ["libblah-dev"]


def test_unsure_reasons_are_taken_from_the_end(files: FileIndex) -> None:
    names = ["wand", "blah-config", "pg_config", "gfortran", "curl-config"]
    planned = plan(
        [lack(Kind.PROGRAM, name, sure=False) for name in names],
        files,
        project="example",
        installed=(),
        added=(),
    )
    added = [c.candidate.package for c in planned.add if c.candidate]
    assert added == ["libpq-dev", "gfortran", "libcurl-a-dev"]


def test_the_number_of_packages_is_bounded(files: FileIndex) -> None:
    added = [f"p{n}" for n in range(MOST_PACKAGES)]
    planned = plan(
        [lack(Kind.HEADER, "blah.h")], files, project="example", installed=added, added=added
    )
    assert planned.add == ()
    assert planned.hints[0].startswith("its log names files of 41 packages, and at most 40 are")


@pytest.mark.parametrize(
    ("missing", "installed", "hint"),
    [
        (
            lack(Kind.HEADER, "both.h"),
            (),
            (
                "header both.h is in libleft-dev and in libright-dev: say which, under "
                '[package.example] of podwheel.toml: system-packages = ["libleft-dev"]'
            ),
        ),
        (
            lack(Kind.HEADER, "nobody.h"),
            (),
            (
                "header nobody.h: no package of the target's distribution has it "
                "(as its index of files says)"
            ),
        ),
        (
            lack(Kind.HEADER, "libpq-fe.h"),
            ("libpq-dev",),
            (
                "header libpq-fe.h: libpq-dev was installed for it, and the build did not find it in "
                '/usr/include/postgresql: perhaps environment = { CPATH = "/usr/include/postgresql" } '
                "under [package.example] of podwheel.toml"
            ),
        ),
        (
            lack(Kind.PKG_CONFIG, "my", too_old="1.0"),
            ("libmaria-dev-compat",),
            (
                "pkg-config my: the target's distribution has 1.0, which is older; a newer target may "
                "have it"
            ),
        ),
    ],
)
def test_what_cannot_be_helped_is_explained(
    files: FileIndex, missing: Lack, installed: tuple[str, ...], hint: str
) -> None:
    planned = plan([missing], files, project="example", installed=installed, added=installed)
    assert planned.add == ()
    assert planned.hints == (hint,)


def test_an_index_that_is_not_verified_says_so(tmp_path: Path) -> None:
    planned = plan(
        [lack(Kind.HEADER, "nobody.h")],
        index(tmp_path, verified=False),
        project="example",
        installed=(),
        added=(),
    )
    assert planned.hints[0].endswith("(its index of files may be out of date)")
