"""
tries: a podwheel.toml of a hundred thousand nested lists
must: SettingsError
"""


def attack(stage):
    stage.written("podwheel.toml", "a = " + "[" * 100000)
    return ["in-tree"]
