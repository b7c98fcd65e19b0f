"""
tries: a member that claims more bytes than there are
must: SourceUnusable
"""
from . import PYPROJECT, tar


def attack(stage):
    return stage.publish(tar(("prey-1.0/pyproject.toml", PYPROJECT))[:-40])
