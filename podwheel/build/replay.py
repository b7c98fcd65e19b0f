"""``podwheel shell``: a step's container once more, on the terminal, up to its last hook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from podwheel.build import environment
from podwheel.build.conversation import ARCHIVE, PATCHES
from podwheel.build.records import known_wheel
from podwheel.errors import UsageError
from podwheel.model import Image
from podwheel.sandbox.job import Mount
from podwheel.store import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from podwheel.build.project import Project
    from podwheel.build.workshop import Workshop
    from podwheel.model import Wheel


def remember(
    workshop: Workshop,
    project: Project,
    wheels: Sequence[Wheel],
    inputs: Sequence[Mount],
    operations: Sequence[Mapping[str, Any]],
) -> None:
    """Keep what is needed to make a step's container again; the last of *operations* is not repeated."""
    document = {
        "title": project.title,
        "image": project.image.reference,
        "archive": project.source.sha256,
        "wheels": [w.sha256 for w in wheels],
        "variables": [list(v) for v in project.variables],
        "patches": [workshop.store.put_file(p)[0] for p in project.settings.patches],
        "inputs": [[str(m.source), m.target] for m in inputs],
        "operations": [dict(o) for o in operations],
    }
    workshop.store.write("shell", _key(workshop, project.name), document)


def shell(workshop: Workshop, name: str) -> int:
    """Open a shell in that container; the exit code of the shell.

    Raises:
        UsageError: No step of that name has run with this store and target, or what it
            used is not in the store any more.
    """
    document = workshop.store.read("shell", _key(workshop, canonicalize_name(name)))
    if document is None:
        raise UsageError(
            f"no step of {name} has run for {workshop.target.name}",
            hint=f"podwheel build --target {workshop.target.name} {name}",
        )
    wheels = [known_wheel(workshop.store, sha256) for sha256 in document["wheels"]]
    files = [workshop.store.blob(s) for s in (document["archive"], *document["patches"])]
    inputs = [Mount(source=Path(path), target=target) for path, target in document["inputs"]]
    if None in wheels or None in files or not all(m.source.exists() for m in inputs):
        raise UsageError(
            f"what {document['title']} was built from is not in the store any more",
            hint=f"podwheel build {name}",
        )
    archive, *patches = [f for f in files if f is not None]
    with workshop.store.attempt("shell") as place:
        env = place / "env"
        made = environment.Environments(store=workshop.store, python=workshop.target.python)
        made.make([w for w in wheels if w is not None], into=env)
        replay = place / "replay.json"
        stop = len(document["operations"]) - 1
        replay.write_text(json.dumps({"operations": document["operations"], "stop": stop}))
        job = workshop.job(
            f"shell {document['title']}",
            image=Image(reference=document["image"], digest=""),
            program="replay.py",
            mounts=(
                Mount(source=archive, target=ARCHIVE),
                Mount(source=env, target=environment.PREFIX),
                Mount(source=replay, target="/podwheel/in/replay.json"),
                *(Mount(source=Path(p), target=f"{PATCHES}/{n}") for n, p in enumerate(patches)),
                *inputs,
            ),
            slot=0,
            variables=tuple((k, v) for k, v in document["variables"]),
        )
        return workshop.sandbox.interactive(job)


def _key(workshop: Workshop, name: str) -> str:
    return digest_of([workshop.target.name, name])
