"""What the store remembers of targets, so that an unchanged one costs no process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from podwheel.errors import ProbeFailed
from podwheel.model import Image, Interpreter, Target
from podwheel.store import digest_of
from podwheel.targets.probe import KERNEL_MARKERS, interpret

if TYPE_CHECKING:
    from podwheel.store import Store
    from podwheel.targets.definition import TargetDefinition
    from podwheel.targets.recipe import Recipe

_KIND = "target"
_LAYER = "layer"


def target_of(
    definition: TargetDefinition,
    recipe: Recipe,
    *,
    runtime: Image,
    build: Image,
    facts: dict[str, Any],
) -> Target:
    """Put a target together. Raises ProbeFailed if *facts* cannot be."""
    python = interpret(facts, executable=definition.python)
    return Target(
        name=definition.name,
        fingerprint=_fingerprint(recipe, runtime, build, python),
        runtime=runtime,
        build=build,
        python=python,
    )


def remember(
    definition: TargetDefinition,
    recipe: Recipe,
    target: Target,
    facts: dict[str, Any],
    *,
    store: Store,
) -> None:
    """Keep a target under its recipe."""
    document = {
        "facts": facts,
        **{
            stage: {"reference": image.reference, "digest": image.digest, "content": image.content}
            for stage, image in (("runtime", target.runtime), ("build", target.build))
        },
    }
    store.write(_KIND, _key(definition, recipe), document)


def recall(definition: TargetDefinition, recipe: Recipe, *, store: Store) -> Target | None:
    """The target as it was last prepared with this store; one that cannot be read counts as absent."""
    document: Any = store.read(_KIND, _key(definition, recipe))
    try:
        return target_of(
            definition,
            recipe,
            runtime=Image(**document["runtime"]),
            build=Image(**document["build"]),
            facts=document["facts"],
        )
    except (TypeError, KeyError, ProbeFailed):
        return None


def remember_image(image: Image, *, store: Store) -> None:
    """Keep what an image with more packages is, under its name."""
    document = {"digest": image.digest, "content": image.content}
    store.write(_LAYER, digest_of(image.reference), document)


def recall_image(reference: str, *, store: Store) -> Image | None:
    """What the image of that name was when it was last looked at; None: it never was."""
    document: Any = store.read(_LAYER, digest_of(reference))
    try:
        return Image(reference=reference, digest=document["digest"], content=document["content"])
    except (TypeError, KeyError):
        return None


def _key(definition: TargetDefinition, recipe: Recipe) -> str:
    return digest_of([recipe.digest, definition.name, definition.python])


def _fingerprint(recipe: Recipe, runtime: Image, build: Image, python: Interpreter) -> str:
    """Recipe, what is installed, and the Python; not the kernel that the question was asked on."""
    return digest_of(
        [
            recipe.digest,
            runtime.content,
            build.content,
            {
                "executable": python.executable,
                "version": python.version,
                "implementation": python.implementation,
                "markers": [m for m in python.markers if m[0] not in KERNEL_MARKERS],
                "libc": python.libc,
                "machine": python.machine,
                "ext_suffix": python.ext_suffix,
            },
        ]
    )
