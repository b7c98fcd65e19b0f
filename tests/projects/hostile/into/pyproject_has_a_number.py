"""
tries: a version of ten thousand digits, and as many in a table
must: BackendUnusable
says: pyproject.toml is not valid TOML
"""
from . import PYPROJECT


def attack(stage):
    return stage.project(pyproject_toml=PYPROJECT + b"[tool.prey]\nnumber = " + b"9" * 10000)
