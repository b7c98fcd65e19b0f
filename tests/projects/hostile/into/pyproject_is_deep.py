"""
tries: a pyproject.toml of a hundred thousand nested lists
must: BackendUnusable
says: pyproject.toml is not valid TOML
"""


def attack(stage):
    return stage.project(pyproject_toml=b"a = " + b"[" * 100000)
