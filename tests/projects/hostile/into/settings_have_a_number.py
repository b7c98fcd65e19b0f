"""
tries: a podwheel.toml with a number of ten thousand digits
must: SettingsError
"""


def attack(stage):
    stage.written("podwheel.toml", "target = " + "9" * 10000)
    return ["in-tree"]
