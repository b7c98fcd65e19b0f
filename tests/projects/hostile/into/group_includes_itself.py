"""
tries: a dependency group that includes itself
must: RequirementsFileError
says: a includes itself
"""


def attack(stage):
    stage.written("pyproject.toml", "[dependency-groups]\na = [{include-group = \"a\"}]\n")
    return ["--group", "a"]
