"""guest/compilers.py: a distutils whose commands run side by side, as many as there are tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from guest_helpers import GUEST

if TYPE_CHECKING:
    from pathlib import Path

# What compilers.py touches of distutils, in its shape; a source is a line of shell.
DISTUTILS = {
    "__init__.py": "",
    "ccompiler.py": """
        import subprocess
        class CCompiler:
            def _setup_compile(self, outdir, macros, incdirs, sources, depends, extra):
                objects = [source[:1] + ".o" for source in sources]
                return macros, objects, extra, [], {o: (s, "") for o, s in zip(objects, sources)}
            def _get_cc_args(self, pp_opts, debug, before):
                return []
            def _compile(self, obj, src, ext, cc_args, extra_postargs, pp_opts):
                self.spawn(["sh", "-c", src[2:]])
            def compile(self, sources, output_dir=None, macros=None, include_dirs=None, debug=0,
                        extra_preargs=None, extra_postargs=None, depends=None):
                for source in sources:
                    self._compile(source[:1] + ".o", source, "", [], None, [])
                return [source[:1] + ".o" for source in sources]
            def spawn(self, cmd):
                subprocess.check_call(cmd)
        """,
    "command/__init__.py": "",
    "command/build_ext.py": """
        from concurrent.futures import ThreadPoolExecutor
        class build_ext:
            def __init__(self, compiler, extensions):
                self.compiler, self.extensions = compiler, extensions
            def _build_extensions_serial(self):
                for extension in self.extensions:
                    self.build_extension(extension)
            def _build_extensions_parallel(self):
                with ThreadPoolExecutor(self.parallel) as pool:
                    for built in [pool.submit(self.build_extension, e) for e in self.extensions]:
                        built.result()
            def build_extension(self, extension):
                self.compiler.compile(extension.sources)
        """,
    "extension.py": """
        class Extension:
            extra_objects = ()
            def __init__(self, source):
                self.sources = [source]
        """,
}
CYTHON = """
from distutils.command.build_ext import build_ext as distutils_build_ext
class build_ext(distutils_build_ext):
    translating = 0
    def build_extension(self, extension):
        self.translating += 1
        name = extension.sources[0][0]
        with open("translated", "a") as file:
            file.write(name if self.translating == 1 else "!")
        time.sleep(0.05)
        self.translating -= 1
        if name == "x":
            raise ValueError("it cannot be translated")
        super().build_extension(extension)
"""

PROGRAM = """
import importlib.util, json, os, sys
import distutils.ccompiler
spec = importlib.util.spec_from_file_location("compilers", {guest!r})
compilers = importlib.util.module_from_spec(spec)
spec.loader.exec_module(compilers)
os.sched_getaffinity = lambda _: range(4)
compilers.side_by_side("fifo")
compiler = distutils.ccompiler.CCompiler()
"""

BUILDS = """
from distutils.extension import Extension
from Cython.Distutils.build_ext import build_ext
command = build_ext(compiler, [Extension(source) for source in {!r}])
try:
    print(json.dumps(command._build_extensions_serial()))
except ValueError as error:
    print(json.dumps(str(error)))
"""
COUNTED = "touch running-{0}; sleep 0.2; ls | grep -c running- >>counts; rm running-{0}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in DISTUTILS.items():
        file = tmp_path / "modules/distutils" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    cython = tmp_path / "modules/Cython/Distutils/build_ext.py"
    cython.parent.mkdir(parents=True)
    cython.write_text(f"import time\n{CYTHON}")
    os.mkfifo(tmp_path / "fifo")
    return tmp_path


def run(place: Path, code: str, *, tokens: int) -> tuple[Any, str]:
    """What *code* prints as JSON on its last line of stdout, and what came on stderr."""
    fifo = os.open(place / "fifo", os.O_RDWR | os.O_NONBLOCK)
    try:
        if tokens:
            os.write(fifo, b"+" * tokens)
        done = subprocess.run(
            [sys.executable, "-S", "-W", "ignore", "-c",
             PROGRAM.format(guest=str(GUEST / "compilers.py")) + textwrap.dedent(code)],
            cwd=place,
            env={"PYTHONPATH": str(place / "modules"), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(os.read(fifo, 100) if tokens else b"") == tokens  # each was put back
    finally:
        os.close(fifo)
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def sources(count: int) -> list[str]:
    return [f"{name} {COUNTED.format(name)}" for name in "abcdef"[:count]]


@pytest.mark.parametrize(("tokens", "most"), [(0, 1), (2, 3)])
def test_no_more_at_once_than_there_are_tokens_and_objects_in_order(
    place: Path, tokens: int, most: int
) -> None:
    code = f"print(json.dumps(compiler.compile({sources(6)!r})))"
    objects, _ = run(place, code, tokens=tokens)
    assert objects == ["a.o", "b.o", "c.o", "d.o", "e.o", "f.o"]
    assert max(map(int, (place / "counts").read_text().split())) == most


def test_what_a_package_has_replaced_is_called_once_at_a_time(place: Path) -> None:
    """It may change the compiler for the length of one call, as some do for another language."""
    code = f"""
    own = compiler._compile
    compiler._compile = lambda *arguments: own(*arguments)
    print(json.dumps(compiler.compile({sources(4)!r})))
    """
    run(place, code, tokens=3)
    assert (place / "counts").read_text().split() == ["1", "1", "1", "1"]


@pytest.mark.parametrize(("tokens", "most"), [(0, 1), (2, 3)])
def test_what_cython_translates_is_compiled_side_by_side(
    place: Path, tokens: int, most: int
) -> None:
    commands = [f"{source.replace('0.2', '0.5')}; : .pyx" for source in sources(5)]
    run(place, BUILDS.format(commands), tokens=tokens)
    assert (place / "translated").read_text() == "abcde"
    assert max(map(int, (place / "counts").read_text().split())) == most


def test_what_cython_cannot_translate_holds_up_nobody(place: Path) -> None:
    commands = ["x : .pyx", "b touch made-b; : .pyx", "c touch made-c; : .pyx"]
    told, _ = run(place, BUILDS.format(commands), tokens=1)
    assert told == "it cannot be translated"
    assert (place / "translated").read_text() == "xbc"  # as distutils: all had been submitted


def test_each_command_says_all_that_it_has_to_say_at_once(place: Path) -> None:
    talk = "for n in 1 2 3; do echo {0}$n; sleep 0.1; done; echo {0}4 >&2"
    code = f"compiler.compile({[f'{n} {talk.format(n)}' for n in 'abc']!r}); print('null')"
    _, said = run(place, code, tokens=2)
    lines = said.split()
    assert sorted(lines) == [f"{name}{n}" for name in "abc" for n in (1, 2, 3, 4)]
    assert [line[0] for line in lines[::4]] == [line[0] for line in lines[3::4]]


def test_the_first_failure_in_order_is_told_and_nothing_is_started_after_it(place: Path) -> None:
    failing = [
        "a sleep 0.6; exit 3",
        "b sleep 0.2; touch failed; exit 4",
        # One of these may be quicker than b's thread to the second token.
        *(f"{n} test ! -e failed || touch made-{n}" for n in "cdef"),
    ]
    code = f"""
    try:
        compiler.compile({failing!r})
    except Exception as error:
        print(json.dumps(error.returncode))
    """
    code_told, _ = run(place, code, tokens=1)  # the second fails first, while the others wait
    assert code_told == 3
    assert list(place.glob("made-*")) == []
