"""
tries: two pyproject.toml, of which two readers take different ones
must: SourceUnusable
says: is there twice
"""


def attack(stage):
    return stage.sdist(("prey-1.0/pyproject.toml", b""))
