"""How each tool is told to build a set; each starts with nothing, but for the images and the mirror."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.place import HERE, INSIDE, Place, pip_in_container


@dataclass(frozen=True)
class Task:
    """What is to be built."""

    requirements: tuple[str, ...]
    everything: bool
    """From source: all of it, build requirements too; False: only what is named."""

    @property
    def names(self) -> tuple[str, ...]:
        from packaging.requirements import Requirement

        return tuple(Requirement(text).name for text in self.requirements)


def command(tool: str, task: Task, place: Place, out: Path) -> list[str]:
    """The command line by which a tool builds the set's wheels, into the new directory *out*."""
    return _COMMANDS[tool](task, place, out)


def podwheel(task: Task, place: Place, out: Path, *, prove: bool = False) -> list[str]:
    """Without the proof, as the others prove nothing; ``podwheel+proof`` has it.

    What setuptools compiles has no debug information, as podwheel builds it: the others', and
    ``podwheel+debug``'s, has what the target's Python says.
    """
    store = place.cold_store(f"{out.name}-store")
    return [*build(task, store, out), *([] if prove else ["--no-verify"])]


def build(task: Task, store: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-m", "podwheel", "build", "--quiet", f"--store={store}",
        f"--output={out / 'wheelhouse'}", *_from_source(task), *task.requirements,
    ]  # fmt: skip


def _from_source(task: Task) -> list[str]:
    if task.everything:
        return ["--build-deps=source"]
    return ["--prefer-binary", f"--no-binary={','.join(task.names)}"]


def pip(task: Task, place: Place, out: Path) -> list[str]:
    return place.in_container(
        out, "python3", pip_in_container(place), "wheel", "--quiet", "--wheel-dir=/out/wheels",
        f"--no-binary={':all:' if task.everything else ','.join(task.names)}", *task.requirements,
        PIP_INDEX_URL=place.index, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_ROOT_USER_ACTION="ignore",
    )  # fmt: skip


def uv(task: Task, place: Place, out: Path) -> list[str]:
    """It has no command that makes the wheels of a whole tree: they are in its cache when it installed them."""
    from_source = [f"--no-binary={n}" for n in ([":all:"] if task.everything else task.names)]
    return place.in_container(
        out, f"{INSIDE}/uv/bin/uv", "pip", "install", "--quiet", "--no-progress", "--system",
        "--target=/out/site", *from_source, *task.requirements,
        UV_INDEX_URL=place.index, UV_CACHE_DIR="/out/cache", UV_PYTHON_DOWNLOADS="never",
    )  # fmt: skip


def fromager(task: Task, place: Place, out: Path) -> list[str]:
    """Its index is a constant of its own: the start program points it at the mirror."""
    (out / "start.py").write_bytes((HERE / "start_fromager.py").read_bytes())
    return place.in_container(
        out, "python3", "/out/start.py", place.index, "--no-network-isolation", "bootstrap-parallel",
        *task.requirements,
        PYTHONPATH=f"{INSIDE}/fromager", PATH=f"{INSIDE}/fromager/bin:/usr/bin:/bin",
        # The image has no certificates, and uv insists on having some, for http too.
        SSL_CERT_FILE=f"{INSIDE}/fromager/certifi/cacert.pem",
    )  # fmt: skip


def made(tool: str, out: Path) -> int:
    """How many packages' wheels (or, of uv, installations) it left: exit codes alone can lie."""
    return len(list(out.glob(_MADE[tool])))


def compile_versions(task: Task, place: Place, cache: Path, *, refresh: bool) -> list[str]:
    """uv's resolution of the set, on the host, for the target's Python."""
    listed = cache / "requirements.in"
    listed.write_text("\n".join(task.requirements))
    return [
        str(place.tools / "uv/bin/uv"), "pip", "compile", "--quiet", "--no-header", "--no-python-downloads",
        f"--python-version={place.python}", f"--cache-dir={cache}", f"--index-url={place.index}",
        *(["--refresh"] if refresh else []), str(listed), "--output-file", str(cache / "compiled"),
    ]  # fmt: skip


def resolve_versions(task: Task, store: Path, *, refresh: bool) -> list[str]:
    """podwheel's resolution of the set and nothing more (resolving.py)."""
    return [
        sys.executable, str(HERE / "resolving.py"), f"--store={store}",
        *(["--refresh"] if refresh else []), *task.requirements,
    ]  # fmt: skip


def skipped(tools: Sequence[str], place: Place) -> dict[str, str]:
    """Which of the tools cannot take part, and why."""
    return {tool: place.missing[tool] for tool in tools if tool in place.missing}


_COMMANDS = {
    "podwheel": podwheel,
    "podwheel+proof": lambda task, place, out: podwheel(task, place, out, prove=True),
    "podwheel+debug": lambda task, place, out: [*podwheel(task, place, out), "--debug-info"],
    "pip": pip,
    "uv": uv,
    "fromager": fromager,
}
TOOLS = tuple(_COMMANDS)
_MADE = {
    "podwheel": "wheelhouse/*.whl",
    "podwheel+proof": "wheelhouse/*.whl",
    "podwheel+debug": "wheelhouse/*.whl",
    "pip": "wheels/*.whl",
    "uv": "site/*.dist-info",
    "fromager": "wheels-repo/downloads/*.whl",
}
