"""podwheel.toml and ``[tool.podwheel]``; docs/configuration.md's examples are read too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from requirements_helpers import SHA256, ask, ask_file, write

from podwheel.errors import SettingsError
from podwheel.model import ArchiveUrl, Direct, LocalDirectory, VcsUrl
from podwheel.requirements import load_settings
from podwheel.requirements.settings import misspelt
from podwheel.settings import Fetch, PackageSettings, Settings

DOCS = Path(__file__).parents[2] / "docs"


def load(cwd: Path, text: str) -> Settings:
    write(cwd, {"podwheel.toml": text})
    return load_settings(None, cwd=cwd)


def test_everything(tmp_path: Path) -> None:
    write(tmp_path, {"fixes/one.patch": "", "locks/Cargo.lock": ""})
    settings = load(
        tmp_path,
        """
target = "debian-12"
cpu = "x86-64-v2"
cflags = ["-O2", "-g"]
ldflags = "-Wl,-O1 '-Wl,-rpath,a b'"
ccache = true
debug-info = true
environment = {B = "2", A = "1"}

[package.NumPy]
environment = {NPY = "1"}
config-settings = {one = "1", more = ["a", "b"]}
build-requires = ["cython<3"]
build-constraints = ["setuptools<60"]
system-packages = ["libopenblas-dev", "libfoo:arm64"]
patches = ["fixes/one.patch"]
cargo-lock = "locks/Cargo.lock"
import-modules = ["numpy", "numpy.linalg"]
test = "python -c 'import numpy'"
debug-info = false

[package."zope.interface"]
import-modules = []
test = ["python", "-m", "zope"]
""",
    )
    assert settings == Settings(
        path=tmp_path / "podwheel.toml",
        targets=("debian-12",),
        cpu="x86-64-v2",
        cflags=("-O2", "-g"),
        ldflags=("-Wl,-O1", "-Wl,-rpath,a b"),
        ccache=True,
        debug_info=True,
        environment=(("A", "1"), ("B", "2")),
        packages=settings.packages,
    )
    assert [name for name, _ in settings.packages] == ["numpy", "zope-interface"]
    assert settings.of("numpy") == PackageSettings(
        environment=(("NPY", "1"),),
        config_settings=(("more", ("a", "b")), ("one", "1")),
        build_requires=("cython<3",),
        build_constraints=("setuptools<60",),
        system_packages=("libopenblas-dev", "libfoo:arm64"),
        patches=(tmp_path / "fixes" / "one.patch",),
        cargo_lock=tmp_path / "locks" / "Cargo.lock",
        import_modules=("numpy", "numpy.linalg"),
        test=("python", "-c", "import numpy"),
        debug_info=False,
    )
    assert settings.of("Zope_Interface").import_modules == ()
    assert settings.of("other").import_modules is None


def test_crates_toolchain_and_seeds(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        f"""
[toolchain]
rust = "1.85.0"

[cargo.mirrors]
crates-io = "sparse+https://crates.example.org/index/"
"https://git.example.org/registry" = "file:///srv/crates"

[[seed]]
name = "Flit_Core"
version = "4.2.0"
sha256 = "{SHA256.upper()}"
[[seed]]
name = "setuptools"
version = "84.2.1"
sha256 = "sha256:{SHA256}"
""",
    )
    assert settings.rust == "1.85.0"
    assert settings.cargo_mirrors == (
        ("crates-io", "sparse+https://crates.example.org/index/"),
        ("https://git.example.org/registry", "file:///srv/crates"),
    )
    assert [(s.name, str(s.version), s.sha256) for s in settings.seeds] == [
        ("flit-core", "4.2.0", SHA256),
        ("setuptools", "84.2.1", SHA256),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stable", "stable"),
        ("tools/rust", "{file}/tools/rust"),
        ("../rust", "{parent}/rust"),
        ("/opt/rust", "/opt/rust"),
        ("~/rust", "{home}/rust"),
        (".", "{file}"),
    ],
)
def test_a_rust_toolchain_by_path_or_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """A path starts where the file is, not where the command is typed."""
    monkeypatch.setenv("HOME", "/home/somebody")
    write(tmp_path, {"conf/podwheel.toml": f'[toolchain]\nrust = "{text}"'})
    settings = load_settings(Path("conf/podwheel.toml"), cwd=tmp_path)
    place = {"file": tmp_path / "conf", "parent": tmp_path, "home": "/home/somebody"}
    assert settings.rust == expected.format(**place)


# ------------------------------------------------------------------ a source

COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git+https://git.example.org/a@v1.2", VcsUrl(url="https://git.example.org/a", ref="v1.2")),
        ("a @ git+https://git.example.org/a", VcsUrl(url="https://git.example.org/a")),
        ("git+https://git.example.org/a#egg=a&subdirectory=b", VcsUrl(url="https://git.example.org/a", subdirectory="b")),
        ("https://files.example.org/a-1.0.tar.gz", ArchiveUrl(url="https://files.example.org/a-1.0.tar.gz")),
    ],
)  # fmt: skip
def test_a_source(tmp_path: Path, text: str, expected: Direct) -> None:
    assert load(tmp_path, f'[package.a]\nsource = "{text}"').of("a").source == expected


def test_a_source_beside_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"conf/podwheel.toml": '[package.a]\nsource = "./fork"', "conf/fork/": ""})
    settings = load_settings(Path("conf/podwheel.toml"), cwd=tmp_path)
    assert settings.of("a").source == LocalDirectory(path=tmp_path / "conf" / "fork")


def test_a_source_is_a_constraint_of_everything(tmp_path: Path) -> None:
    write(tmp_path, {"c.txt": "b<2"})
    settings = load(
        tmp_path, '[package.a]\nsource = "git+https://git.example.org/a@v1"\n[package.b]'
    )
    request = ask(tmp_path, requirements=("x",), constraint_files=("c.txt",), settings=settings)
    limits = [(str(limit.origin), limit.name) for limit in request.constraints]
    assert limits == [("c.txt:1", "b"), ("podwheel.toml: package.a.source", "a")]
    assert request.constraints[1].direct == VcsUrl(url="https://git.example.org/a", ref="v1")
    assert request.build_constraints == request.constraints[1:]


def test_a_lock_that_names_a_repository_itself_is_believed(tmp_path: Path) -> None:
    lock = f"""
lock-version = "1.0"
created-by = "x"
[[packages]]
name = "a"
vcs = {{type = "git", url = "https://git.example.org/a", commit-id = "{COMMIT}"}}
[[packages]]
name = "b"
version = "1"
wheels = [{{url = "https://files.example.org/b-1-py3-none-any.whl", hashes = {{sha256 = "{SHA256}"}}}}]
"""
    write(tmp_path, {"pylock.toml": lock})
    settings = load(
        tmp_path,
        '[package.a]\nsource = "git+https://git.example.org/a@v1"\n'
        '[package.b]\nsource = "git+https://git.example.org/b@v1"',
    )
    request = ask(tmp_path, requirement_files=("pylock.toml",), settings=settings)
    assert [limit.name for limit in request.constraints] == ["b"]
    assert [limit.name for limit in request.build_constraints] == ["a", "b"]


# ------------------------------------------------------------------ declared downloads


def fetches(cwd: Path, *tables: str) -> tuple[Fetch, ...]:
    text = "\n".join(f"[[package.a.fetch]]\n{table}" for table in tables)
    return load(cwd, text).of("a").fetches


def test_downloads(tmp_path: Path) -> None:
    found = fetches(
        tmp_path,
        f'url = "https://files.example.org/x.tgz"\nsha256 = "{SHA256}"\nfile = "vendor/x.tgz"',
        f'url = "file:vendor/y.zip"\nsha256 = "{SHA256}"\nvariable = "Y_DIR"\nunpack = true',
        f'url = "git+https://git.example.org/z@{COMMIT}"\nfetchcontent = "Z"\ndirectory = "third_party/z"',
    )
    assert found == (
        Fetch(url="https://files.example.org/x.tgz", sha256=SHA256, file="vendor/x.tgz"),
        Fetch(
            url=(tmp_path / "vendor/y.zip").as_uri(), sha256=SHA256, variable="Y_DIR", unpack=True
        ),
        Fetch(
            url="https://git.example.org/z",
            git=VcsUrl(url="https://git.example.org/z", ref=COMMIT),
            directory="third_party/z",
            unpack=True,
            fetchcontent="Z",
        ),
    )


_ANY = f'url = "https://files.example.org/x"\nsha256 = "{SHA256}"'
_GIT = f'url = "git+https://git.example.org/z@{COMMIT}"'


@pytest.mark.parametrize(
    ("table", "where", "said", "hint"),
    [
        (f'{_ANY}\nplace = "x"', "unknown key package.a.fetch 2: place", "", "known here: url"),
        (f'sha256 = "{SHA256}"', "package.a.fetch 2: url", "is missing", 'url = "'),
        ('url = "ftp://files.example.org/x"', "package.a.fetch 2: url", "only http, https, file and git+", ""),
        ('url = "vendor/x"', "package.a.fetch 2: url", "only http, https, file and git+", 'url = "file:vendor/x"'),
        ('url = "file://elsewhere.example.org/x"', "package.a.fetch 2: url", "another host", "three slashes"),
        ('url = "https://files.example.org/x"\nfile = "x"', "package.a.fetch 2: sha256", "is missing", 'sha256 = "'),
        ('url = "https://files.example.org/x"\nsha256 = "ab"', "package.a.fetch 2: sha256", "64 hex digits", ""),
        (_ANY, "package.a.fetch 2", "does not say where it is expected", "one of file, directory, variable"),
        (f'{_ANY}\nfile = "/etc/x"', "package.a.fetch 2: file", "is not in the source", "a relative path"),
        (f'{_ANY}\ndirectory = "a/../../x"', "package.a.fetch 2: directory", "is not in the source", ""),
        (f'{_ANY}\nvariable = "A-B"', "package.a.fetch 2: variable", "is no variable's name", ""),
        (f'{_ANY}\nvariable = "A"\nunpack = "yes"', "package.a.fetch 2: unpack", "is a string, not a boolean", "unpack = true"),
        (f'{_ANY}\nfetchcontent = "a b"', "package.a.fetch 2: fetchcontent", "is no CMake name", ""),
        ('url = "git+https://git.example.org/z@v1"\nfile = "x"', "package.a.fetch 2: url", "no commit of 40", "a tag can be moved"),
        ('url = "git+svn://git.example.org/z"', "package.a.fetch 2: url", "is not a way to reach", "git+https://"),
        (f'{_GIT}\nsha256 = "{SHA256}"', "package.a.fetch 2: sha256", "a commit is a hash already", ""),
        (f'{_GIT}\nfile = "x"', "package.a.fetch 2: file", "a repository is no file", "directory ="),
    ],
)  # fmt: skip
def test_errors_of_downloads_name_the_package_and_the_number(
    tmp_path: Path, table: str, where: str, said: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        fetches(tmp_path, f'{_ANY}\nfile = "first"', table)
    assert caught.value.what.startswith(f"{tmp_path / 'podwheel.toml'}: {where}")
    assert said in caught.value.what
    assert hint in " ".join(caught.value.hint)


# ------------------------------------------------------------------ tables that nothing hears


@pytest.mark.parametrize(
    ("met", "expected"),
    [
        ({"numpy", "six"}, (("nmpy", "numpy"),)),
        ({"nmpy", "numpy"}, ()),
        ({"six"}, ()),
        ({"psycopg"}, ()),  # psycopg2 has a table for other runs, and psycopg has its own
    ],
)
def test_a_table_that_is_misspelt(
    tmp_path: Path, met: set[str], expected: tuple[tuple[str, str], ...]
) -> None:
    settings = load(tmp_path, "[package.nmpy]\n[package.psycopg2]\n[package.psycopg]")
    assert misspelt(settings, {canonicalize_name(name) for name in met}) == expected


# ------------------------------------------------------------------ which file


def test_none(tmp_path: Path) -> None:
    assert load_settings(None, cwd=tmp_path) == Settings()
    write(tmp_path, {"pyproject.toml": "[tool.other]\n"})
    assert load_settings(None, cwd=tmp_path) == Settings()


def test_the_projects_table(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[tool.podwheel]\ntarget = "one"\n'})
    settings = load_settings(None, cwd=tmp_path)
    assert (settings.targets, settings.path) == (("one",), tmp_path / "pyproject.toml")


def test_a_named_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "podwheel.toml": 'target = "one"',
            "conf/other.toml": 'target = "two"\n[package.a]\npatches=["a.patch"]',
            "conf/a.patch": "",
            "conf/pyproject.toml": '[tool.podwheel]\ntarget = "three"',
        },
    )
    named = load_settings(Path("conf/other.toml"), cwd=tmp_path)
    assert named.targets == ("two",)
    assert named.of("a").patches == (tmp_path / "conf" / "a.patch",)
    assert load_settings(tmp_path / "conf" / "pyproject.toml", cwd=tmp_path).targets == ("three",)


def test_settings_in_both_files_are_refused_because_one_would_go_unheard(tmp_path: Path) -> None:
    write(tmp_path, {"podwheel.toml": "", "pyproject.toml": "[tool.podwheel]\n"})
    with pytest.raises(SettingsError) as caught:
        load_settings(None, cwd=tmp_path)
    assert "both podwheel.toml and [tool.podwheel]" in caught.value.what
    assert load_settings(Path("podwheel.toml"), cwd=tmp_path).path == tmp_path / "podwheel.toml"


def test_a_pyproject_without_our_table_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path, {"podwheel.toml": 'target = "one"', "pyproject.toml": "[project]\n"})
    assert load_settings(None, cwd=tmp_path).targets == ("one",)


# ------------------------------------------------------------------ errors

_SEED = f"[[seed]]\nname = 'a_b'\nversion = '1'\nsha256 = '{SHA256}'\n"


@pytest.mark.parametrize(
    ("text", "key", "said", "hint"),
    [
        ("targt = 'x'", "unknown key targt", "", "did you mean target ?"),
        ("build_requires = []", "unknown key build_requires", "", "known here: target"),
        ("[package.a]\nbuild_requires = []", "package.a.build_requires", "unknown key", "build-requires"),
        ("[package.a.b]\ntest = 'x'", "unknown key package.a.b", "", '[package."a.b"]'),
        ("[package.'a.b']\nx = 1", 'package."a.b".x', "unknown key", "known here: environment"),
        ("a =", "", "is not TOML", ""),
        ("target = 1", "target", "is a number, not a string", "target ="),
        ("target = ''", "target", "is an empty string", ""),
        ("cpu = '-march=native'", "cpu", "no value of -march", "x86-64-v2"),
        ("cflags = 1", "cflags", "is a number, not a list", "cflags = ["),
        ("cflags = [1]", "cflags", "holds a number", ""),
        ("cflags = '\"'", "cflags", "cannot be split", ""),
        ("environment = []", "environment", "is a list, not a table", ""),
        ("environment = {A = 1}", "environment.A", "is a number, not a string", 'A = "1"'),
        ("environment = {A = true}", "environment.A", "is a boolean", ""),
        ("environment = {'A=B' = 'x'}", 'environment."A=B"', "is no variable's name", ""),
        ('environment = {A = "\\u0000"}', "environment.A", "NUL", ""),
        ("package = 1", "package", "is a number, not a table", ""),
        ("package = {a = 1}", "package.a", "is a number, not a table", "[package.a]"),
        ("[package.'a b']", 'package."a b"', "is no package's name", ""),
        ("[package.A_b]\n[package.a-B]", "package.a-B", "the same package as package.A_b", "[package.a-b]"),
        ("[package.a]\nconfig-settings = {x = 1}", "package.a.config-settings.x", "is a number", ""),
        ("[package.a]\nbuild-requires = ['x=1']", "package.a.build-requires", "'x=1': Expected", ""),
        ("[package.a]\nbuild-constraints = ['x[y]']", "package.a.build-constraints", "extras", ""),
        ("[package.a]\nsystem-packages = ['-y']", "package.a.system-packages", "'-y' is no package", ""),
        ("[package.a]\nsystem-packages = 'x'", "package.a.system-packages", "is a string, not a list", ""),
        ("[package.a]\npatches = ['gone']", "package.a.patches", "there is no file", "relative to"),
        ("[package.a]\nimport-modules = ['a-b']", "package.a.import-modules", "no module's name", ""),
        ("[package.a]\ntest = 1", "package.a.test", "is a number, not a list", ""),
        ("[package.a]\ntest = ['']", "package.a.test", "holds an empty string", ""),
        ("toolchain = 'stable'", "toolchain", "is a string, not a table", ""),
        ("[toolchain]\ngo = '1'", "unknown key toolchain.go", "", "known here: rust"),
        ("[toolchain]\nrust = 1.85", "toolchain.rust", "is a number, not a string", 'rust = "'),
        ("[toolchain]\nrust = '~nobody-of-that-name/x'", "toolchain.rust", "~nobody-of-that-name", ""),
        ("[cargo]\nmirror = {}", "unknown key cargo.mirror", "", "did you mean mirrors ?"),
        ("[cargo.mirrors]\ncrates-io = 'x'", "cargo.mirrors.crates-io", "is no registry's URL", "sparse+"),
        ("[cargo.mirrors]\ncrates-io = 1", "cargo.mirrors.crates-io", "is no registry's URL", ""),
        ("[cargo.mirrors]\n'crates.io' = 'https://m.example.org'", 'cargo.mirrors."crates.io"', "names no registry", "crates-io ="),
        ("[seed]\nname = 'a'", "seed", "is no list of tables", "[[seed]]"),
        ("[[seed]]\nversion = '1'", "seed 1: name", "is missing", 'name = "'),
        ("[[seed]]\nname = 'a b'", "seed 1: name", "is no package's name", ""),
        ("[[seed]]\nname = 'a'\nversion = 'x'", "seed 1: version", "'x'", ""),
        ("[[seed]]\nname = 'a'\nversion = '1'", "seed 1: sha256", "is missing", ""),
        (f"{_SEED}[[seed]]\nname = 'b'\nhash = 'x'", "unknown key seed 2: hash", "", ""),
        (f"{_SEED}{_SEED.replace('a_b', 'A.b')}", "seed 2: name", "a-b is a seed already", ""),
        ("[package.a]\nsource = 'a'", "package.a.source", "'a' is no URL and no path", "git+https://"),
        ("[package.a]\nsource = './gone'", "package.a.source", "gone", ""),
        ("[package.a]\nsource = 'git+https://x.example.org/y@'", "package.a.source", "nothing follows the @", ""),
        ("[package.a]\nsource = 'b @ git+https://x.example.org/y'", "package.a.source", "is b, not a", ""),
        ("[package.a]\nsource = 'a[x] @ git+https://x.example.org/y'", "package.a.source", "more than a source", "extras"),
        ("[package.a]\nsource = 'https://x.example.org/a-1.0-py3-none-any.whl'", "package.a.source", "is a wheel", "a @ URL"),
        ("[package.a]\nsource = 'git+https://u:secret@x.example.org/a@'", "package.a.source", "u:****@", ""),
        ("[package.a]\ncargo-lock = 'gone'", "package.a.cargo-lock", "there is no file", "relative to"),
        ("[package.a]\nfetch = {url = 'x'}", "package.a.fetch", "is no list of tables", "[[package.a.fetch]]"),
    ],
)  # fmt: skip
def test_errors_name_the_file_and_the_key(
    tmp_path: Path, text: str, key: str, said: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert str(tmp_path / "podwheel.toml") in caught.value.what
    assert key in caught.value.what
    assert "secret" not in f"{caught.value.what} {caught.value.hint}"
    assert said in caught.value.what
    assert hint in " ".join(caught.value.hint)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("gone.toml", None, "gone.toml: no such file"),
        ("pyproject.toml", "", "has no [tool.podwheel] table"),
        ("pyproject.toml", "tool = {podwheel = 1}", "tool.podwheel is a number"),
        ("x.toml", b"a = '\xff'", "is not utf-8"),
    ],
)
def test_a_named_file_that_cannot_be_used(
    tmp_path: Path, name: str, text: str | bytes | None, said: str
) -> None:
    if text is not None:
        write(tmp_path, {name: text})
    with pytest.raises(SettingsError) as caught:
        load_settings(Path(name), cwd=tmp_path)
    assert said in caught.value.what


# ------------------------------------------------------------------ with requirements


def test_a_config_setting_with_two_values_is_refused(tmp_path: Path) -> None:
    settings = load(tmp_path, "[package.a]\nconfig-settings = {x = '1', y = ['1', '2']}")
    same = "A -C x=1 -C y=1 -C y=2 -C z=3"
    assert ask_file(tmp_path, same, settings=settings).wanted[0].config_settings[-1] == ("z", "3")
    with pytest.raises(SettingsError) as caught:
        ask_file(tmp_path, "\nA -C x=2", settings=settings)
    assert "requirements.txt:2" in caught.value.what
    assert "[package.a] config-settings sets 'x'" in caught.value.what


# ------------------------------------------------------------------ the documentation


def _examples(name: str, language: str) -> list[str]:
    text = (DOCS / name).read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("example", _examples("configuration.md", "toml"))
def test_the_examples_of_the_reference_work(tmp_path: Path, example: str) -> None:
    beside = ("patches/no-network.patch", "patches/gcc-14.patch", "locks/example/Cargo.lock")
    write(tmp_path, dict.fromkeys(beside, ""))
    name = "pyproject.toml" if "[tool.podwheel" in example else "podwheel.toml"
    write(tmp_path, {name: example})
    assert load_settings(None, cwd=tmp_path) != Settings()


def test_the_reference_names_every_key() -> None:
    from podwheel.requirements import fetches, settings

    text = (DOCS / "configuration.md").read_text()
    for key in (*settings._TOP, *settings._PACKAGE, *settings._SEED, *fetches.KEYS):
        assert f"`{key}`" in text or f"[{key}." in text or f"[{key}]" in text, key


@pytest.mark.parametrize("example", _examples("requirements.md", "requirements"))
def test_the_examples_of_the_requirements_page_work(tmp_path: Path, example: str) -> None:
    write(
        tmp_path,
        {
            "common.txt": "a",
            "constraints.txt": "a<2",
            "local/": "",
            "local/packages/core/": "",
            "downloads/example-1.0.tar.gz": "",
            "wheels/x": "",
        },
    )
    environ = {"INDEX_TOKEN": "t"}
    assert ask_file(tmp_path, example, environ=environ).wanted


def test_nothing_is_said_without_settings(tmp_path: Path) -> None:
    assert ask(tmp_path, requirements=("a",)).wanted[0].config_settings == ()
