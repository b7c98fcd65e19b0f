"""
tries: a ZIP of zeros under the name of an sdist
must: SourceUnusable
"""
from . import PYPROJECT, zipped


def attack(stage):
    return stage.publish(zipped(("prey-1.0/pyproject.toml", PYPROJECT), ("prey-1.0/zeros", bytes(300 << 20))), "prey-1.0.zip")
