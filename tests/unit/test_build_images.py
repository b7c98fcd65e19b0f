"""A run's images: believed until a container needs them, then made sure of once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from podwheel.build.images import RunImages
from podwheel.errors import ToolFailed
from podwheel.model import Image
from podwheel.targets import images

if TYPE_CHECKING:
    from collections.abc import Callable

KNOWN = Image(reference="localhost/podwheel/x-extra:1", digest="sha256:1", content="c1")


class Engine:
    """What `images.prepare_extra` would do, and how often it was asked."""

    def __init__(self) -> None:
        self.now = KNOWN
        self.asked: list[str] = []

    def prepare(self, *_: Any, ready: Callable[[], object] | None = None, **__: Any) -> Image:
        self.asked.append("podman" if ready is None else "store")
        return KNOWN if ready is not None else self.now


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine()
    monkeypatch.setattr(images, "prepare_extra", made.prepare)
    return made


def run_images(readied: list[str]) -> RunImages:
    nothing: Any = None
    return RunImages(
        definition=nothing,
        target=nothing,
        store=nothing,
        ready=lambda: readied.append("target"),
    )


def test_naming_an_image_asks_podman_nothing(engine: Engine) -> None:
    readied: list[str] = []
    assert run_images(readied).for_build(["libfoo-dev"]) is KNOWN
    assert engine.asked == ["store"]
    assert readied == []


def test_a_container_s_image_is_made_sure_of_once(engine: Engine) -> None:
    readied: list[str] = []
    mine = run_images(readied)
    image = mine.for_build(["libfoo-dev"])
    mine.ready(image)
    mine.ready(image)
    assert engine.asked == ["store", "podman"]
    assert readied == ["target", "target"]


def test_an_image_of_the_target_itself_needs_no_more(engine: Engine) -> None:
    readied: list[str] = []
    run_images(readied).ready(evolve(KNOWN, reference="localhost/podwheel/x-build:1"))
    assert readied == ["target"]
    assert engine.asked == []


def test_an_image_that_came_back_as_another_is_told(engine: Engine) -> None:
    mine = run_images([])
    image = mine.for_build(["libfoo-dev"])
    engine.now = evolve(KNOWN, content="c2")
    with pytest.raises(ToolFailed, match="made again, from newer packages"):
        mine.ready(image)
