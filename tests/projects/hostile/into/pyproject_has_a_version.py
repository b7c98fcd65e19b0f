"""
tries: a version of ten thousand digits
must: BackendUnusable
says: the build backend backend of prey 1.0 cannot be imported
"""
from . import PYPROJECT


def attack(stage):
    return stage.project(pyproject_toml=PYPROJECT.replace(b"1.0", b"9" * 10000))
