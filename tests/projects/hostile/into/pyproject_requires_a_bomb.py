"""
tries: a build requirement of a marker of nested parentheses
must: BackendUnusable
"""
from . import PYPROJECT


def attack(stage):
    return stage.project(pyproject_toml=PYPROJECT.replace(b"requires = []", b'requires = ["a; ' + b"(" * 9000 + b"os_name == 'a'" + b")" * 9000 + b'"]'))
