"""The attacks of tests/projects/hostile that leave a build, or use all that there is: each ends as its file says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hostile_corpus import Attack, of, sdist

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conftest import NewPodwheel
    from local_index import LocalIndex
    from podwheel_cli import Podwheel, Result

pytestmark = pytest.mark.podman

LIMITS = (
    "--step-timeout=20", "--silence-timeout=8", "--memory=256M", "--scratch-size=64M", "--processes=100",
    "--output-size=2M", "--log-size=1M", "--require-isolation",
)  # fmt: skip


@dataclass(frozen=True)
class Battle:
    """A run of many attackers at once, and the run after it."""

    done: Result
    after: Result
    containers: list[str]
    leftovers: list[str]
    logs: dict[str, bytes]
    seen: str
    """What `escapes` makes a person see, with -v."""

    def ending(self, attack: Attack) -> tuple[str, str]:
        """The class and the text of the error in which it ended; ``wheel`` where it was built."""
        titles = {f"build {attack.project} 1.0", f"metadata of {attack.project} 1.0"}
        if any(event["title"] in titles for event in self.done.told("step.done")):
            return "wheel", ""
        for error in self.done.errors:
            text = "\n".join([error["what"], error["said"], *error["wanted_by"]])
            if f"{attack.project} " in text or f"{attack.project.replace('-', '_')}-1.0" in text:
                return error["kind"], text
        return "nothing", self.done.err[-3000:]


def fight(
    new_podwheel: NewPodwheel, backends: dict[str, bytes], attacks: Sequence[Attack], *options: str
) -> Battle:
    from local_index import LocalIndex

    with LocalIndex(backends) as index, new_podwheel(index) as podwheel:
        for attack in attacks:
            index.add(*sdist(attack))
        names = [attack.project for attack in attacks]
        done = podwheel(
            "build", *names, "--no-verify", "--no-remedies", "--log-format", "json", *options,
            code=6, timeout=600,
        )  # fmt: skip
        logs = next(podwheel.logs())
        return Battle(
            done=done,
            containers=podwheel.containers(),
            leftovers=podwheel.leftovers(),
            logs={path.stem: path.read_bytes() for path in logs.glob("*.log")},
            after=podwheel("build", "in-tree"),
            seen=podwheel.run("build", "exhaust-escapes", "--no-verify", "-v").err
            if any(attack.name == "escapes" for attack in attacks)
            else "",
        )


TOGETHER = [attack for attack in of("out") if not attack.alone]
ALONE = [attack for attack in of("out") if attack.alone]


@pytest.fixture(scope="module")
def out(new_podwheel: NewPodwheel, backends: dict[str, bytes]) -> Battle:
    return fight(new_podwheel, backends, TOGETHER)


@pytest.mark.xdist_group("hostile out")
@pytest.mark.parametrize("attack", TOGETHER, ids=str)
def test_what_leaves_a_build_is_read_as_hostile(out: Battle, attack: Attack) -> None:
    kind, text = out.ending(attack)
    assert kind == attack.expected, text[:3000]
    assert attack.says in text


@pytest.mark.xdist_group("hostile out")
def test_nothing_of_them_stays(out: Battle) -> None:
    assert (out.containers, out.leftovers) == ([], [])
    assert "installed and imported" in out.after.out


@pytest.mark.parametrize("attack", ALONE, ids=str)
def test_what_a_wheel_requires_is_looked_at_again(
    podwheel: Podwheel, index: LocalIndex, attack: Attack
) -> None:
    index.add(*sdist(attack))
    done = podwheel.run(
        "build", attack.project, "--no-verify", "--log-format", "json", "--retries=0"
    )
    text = "\n".join([done.errors[0]["what"], done.errors[0]["said"]])
    assert (done.errors[0]["kind"], attack.says in text) == (attack.expected, True), text
    assert (podwheel.containers(), podwheel.leftovers()) == ([], [])


@pytest.fixture(scope="module")
def exhausted(new_podwheel: NewPodwheel, backends: dict[str, bytes]) -> Battle:
    return fight(new_podwheel, backends, of("exhaust"), *LIMITS)


@pytest.mark.xdist_group("hostile exhaust")
@pytest.mark.parametrize("attack", of("exhaust"), ids=str)
def test_nobody_takes_more_than_may_be_had(exhausted: Battle, attack: Attack) -> None:
    kind, text = exhausted.ending(attack)
    assert kind == attack.expected, text[:3000]
    assert attack.says in text


@pytest.mark.xdist_group("hostile exhaust")
def test_the_next_build_has_all_that_it_needs(exhausted: Battle) -> None:
    assert (exhausted.containers, exhausted.leftovers) == ([], [])
    assert "installed and imported" in exhausted.after.out
    assert all(len(log) < 2 << 20 for log in exhausted.logs.values())
    assert b"the log was cut here" in exhausted.logs["build-exhaust-log-1.0"]


@pytest.mark.xdist_group("hostile exhaust")
def test_nothing_types_into_the_terminal(exhausted: Battle) -> None:
    """What people see; a program gets JSON, which escapes it."""
    assert {c for c in exhausted.seen if not c.isprintable()} == {"\n"}
    assert "ValueError" in exhausted.seen
