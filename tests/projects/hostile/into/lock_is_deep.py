"""
tries: a pylock.toml of a hundred thousand nested lists
must: RequirementsFileError
"""


def attack(stage):
    return stage.written("pylock.toml", "a = " + "[" * 100000)
