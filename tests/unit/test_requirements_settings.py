"""podwheel.toml and ``[tool.podwheel]``; docs/configuration.md's examples are read too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from requirements_helpers import ask, ask_file, write

from podwheel.errors import SettingsError
from podwheel.model import PackageSettings, Settings
from podwheel.requirements import load_settings

DOCS = Path(__file__).parents[2] / "docs"


def load(cwd: Path, text: str) -> Settings:
    write(cwd, {"podwheel.toml": text})
    return load_settings(None, cwd=cwd)


def test_everything(tmp_path: Path) -> None:
    write(tmp_path, {"fixes/one.patch": ""})
    settings = load(
        tmp_path,
        """
target = "debian-12"
cpu = "x86-64-v2"
cflags = ["-O2", "-g"]
ldflags = "-Wl,-O1 '-Wl,-rpath,a b'"
environment = {B = "2", A = "1"}

[package.NumPy]
environment = {NPY = "1"}
config-settings = {one = "1", more = ["a", "b"]}
build-requires = ["cython<3"]
build-constraints = ["setuptools<60"]
system-packages = ["libopenblas-dev", "libfoo:arm64"]
patches = ["fixes/one.patch"]
import-modules = ["numpy", "numpy.linalg"]
test = "python -c 'import numpy'"

[package."zope.interface"]
import-modules = []
test = ["python", "-m", "zope"]
""",
    )
    assert settings == Settings(
        path=tmp_path / "podwheel.toml",
        target="debian-12",
        cpu="x86-64-v2",
        cflags=("-O2", "-g"),
        ldflags=("-Wl,-O1", "-Wl,-rpath,a b"),
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
        import_modules=("numpy", "numpy.linalg"),
        test=("python", "-c", "import numpy"),
    )
    assert settings.of("Zope_Interface").import_modules == ()
    assert settings.of("other").import_modules is None


# ------------------------------------------------------------------ which file


def test_none(tmp_path: Path) -> None:
    assert load_settings(None, cwd=tmp_path) == Settings()
    write(tmp_path, {"pyproject.toml": "[tool.other]\n"})
    assert load_settings(None, cwd=tmp_path) == Settings()


def test_the_projects_table(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[tool.podwheel]\ntarget = "one"\n'})
    settings = load_settings(None, cwd=tmp_path)
    assert (settings.target, settings.path) == ("one", tmp_path / "pyproject.toml")


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
    assert named.target == "two"
    assert named.of("a").patches == (tmp_path / "conf" / "a.patch",)
    assert load_settings(tmp_path / "conf" / "pyproject.toml", cwd=tmp_path).target == "three"


def test_settings_in_both_files_are_refused_because_one_would_go_unheard(tmp_path: Path) -> None:
    write(tmp_path, {"podwheel.toml": "", "pyproject.toml": "[tool.podwheel]\n"})
    with pytest.raises(SettingsError) as caught:
        load_settings(None, cwd=tmp_path)
    assert "both podwheel.toml and [tool.podwheel]" in caught.value.what
    assert load_settings(Path("podwheel.toml"), cwd=tmp_path).path == tmp_path / "podwheel.toml"


def test_a_pyproject_without_our_table_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path, {"podwheel.toml": 'target = "one"', "pyproject.toml": "[project]\n"})
    assert load_settings(None, cwd=tmp_path).target == "one"


# ------------------------------------------------------------------ errors


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
    ],
)  # fmt: skip
def test_errors_name_the_file_and_the_key(
    tmp_path: Path, text: str, key: str, said: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text)
    assert str(tmp_path / "podwheel.toml") in caught.value.what
    assert key in caught.value.what
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
    write(tmp_path, {"patches/no-network.patch": "", "patches/gcc-14.patch": ""})
    name = "pyproject.toml" if "[tool.podwheel" in example else "podwheel.toml"
    write(tmp_path, {name: example})
    assert load_settings(None, cwd=tmp_path) != Settings()


def test_the_reference_names_every_key() -> None:
    from podwheel.requirements import settings

    text = (DOCS / "configuration.md").read_text()
    for key in (*settings._TOP, *settings._PACKAGE):
        assert f"`{key}`" in text or f"[{key}." in text, key


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
