"""The requirements of a build, as wanted lines, and how they are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve
from packaging.requirements import InvalidRequirement, Requirement

from podwheel import strangers
from podwheel.errors import BackendUnusable, MetadataUnusable, SettingsError
from podwheel.model import Format, Formats, Origin, Wanted
from podwheel.resolve.inputs import Policy
from podwheel.resolve.needs import direct_of, shown

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator, Sequence

    from podwheel.errors import PodwheelError

DECLARED = "build-system.requires"
DYNAMIC = "get_requires_for_build_wheel"


def build_requirements(
    source: str,
    *,
    declared: Sequence[str | Requirement],
    dynamic: Sequence[str | Requirement] = (),
    extra: Sequence[str] = (),
    chain: Sequence[str] = (),
    local: bool = False,
) -> tuple[Wanted, ...]:
    """What a source needs to be built, all in one list: it must fit together.

    Args:
        source: What the messages call it: ``foo-1.0.tar.gz``.
        declared: ``build-system.requires`` (PEP 518), as `archives.BuildSystem` has them.
        dynamic: What the backend's hook added (PEP 517).
        extra: The user's ``build_requires`` of podwheel.toml.
        chain: Who wants the source, innermost first.
        local: The source is the user's own, and may refer to ``file:`` URLs.

    Raises:
        BackendUnusable: The source names something that is no requirement.
        SettingsError: The user did.
    """
    parent = _chained(chain)
    lists = ((DECLARED, declared, BackendUnusable), (DYNAMIC, dynamic, BackendUnusable))
    found: list[Wanted] = []
    for what, texts, error in lists:
        origin = Origin(source=f"{what} of {source}", parent=parent)
        found.extend(_wanted(texts, origin, error, local=local))
    origin = Origin(source=f"build_requires for {source}")
    found.extend(_wanted(extra, origin, SettingsError, local=True))
    return tuple(found)


def build_constraints(source: str, texts: Sequence[str]) -> tuple[Wanted, ...]:
    """The ``build_constraints`` of podwheel.toml for one source.

    Raises:
        SettingsError: One of them is no requirement.
    """
    origin = Origin(source=f"build_constraints for {source}")
    return tuple(_wanted(texts, origin, SettingsError, local=True))


def build_policy(
    formats: Formats,
    *,
    prereleases: bool = False,
    exclude_newer: datetime.datetime | None = None,
    from_source: bool = False,
) -> Policy:
    """How build requirements are chosen: the newest version, as a wheel where one fits.

    Names given to ``--no-binary`` and ``--only-binary`` hold here too. ``:all:`` does not, and
    with *from_source* ``--prefer-binary`` does not either: they speak of the runtime tree. To
    build every build tool from source first is a bootstrap of its own, and has its own option.

    Args:
        from_source: ``--build-deps source``: only sources, but for the names given to
            ``--only-binary``.
    """
    everything = {":all:"}
    return Policy(
        formats=evolve(
            formats,
            no_binary=formats.no_binary - everything,
            only_binary=formats.only_binary - everything,
            prefer_binary=formats.prefer_binary and not from_source,
            default=Format.SOURCE if from_source else Format.ANY,
        ),
        prereleases=prereleases,
        exclude_newer=exclude_newer,
    )


def _wanted(
    texts: Iterable[str | Requirement], origin: Origin, error: type[PodwheelError], *, local: bool
) -> Iterator[Wanted]:
    for text in texts:
        try:
            requirement = strangers.requirement(str(text))
            direct = direct_of(requirement.url, local=local) if requirement.url else None
        except (InvalidRequirement, MetadataUnusable) as reason:
            first = str(reason).partition("\n")[0]
            raise error(
                f"{origin.source}: {str(text)[:200]!r} is no usable requirement: {first}"
            ) from None
        shown_text = shown(requirement)
        requirement.url = None  # URLs live in `direct` alone, as in the requirements room
        yield Wanted(origin=origin, text=shown_text, requirement=requirement, direct=direct)


def _chained(chain: Sequence[str]) -> Origin | None:
    """A chain, innermost first, as origins that include each other."""
    parent: Origin | None = None
    for line in reversed(chain):
        parent = Origin(source=line, parent=parent)
    return parent
