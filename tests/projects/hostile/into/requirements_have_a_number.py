"""
tries: a requirement of a version of ten thousand digits
must: RequirementsFileError
"""


def attack(stage):
    return stage.written("r.txt", "in-tree==" + "9" * 10000 + "\n")
