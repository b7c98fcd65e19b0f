"""
tries: a pyproject.toml of sixty megabytes
must: SourceUnusable
says: pyproject.toml has more than 1048576 bytes
"""
from . import PYPROJECT


def attack(stage):
    return stage.project(pyproject_toml=PYPROJECT + b"#" * (60 << 20))
