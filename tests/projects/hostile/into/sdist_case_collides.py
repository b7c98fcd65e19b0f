"""
tries: members whose names differ by case only, one of them a link
must: HookFailed
says: raised an error
"""
import tarfile

from . import special


def attack(stage):
    return stage.sdist(special("PyProject.toml", tarfile.SYMTYPE, "pyproject.toml"), ("prey-1.0/PYPROJECT.TOML", b""), ("prey-1.0/backend.py", b""))
