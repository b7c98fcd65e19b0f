"""
tries: a requirements file that includes itself
must: RequirementsFileError
"""


def attack(stage):
    return stage.written("r.txt", "-r r.txt\n")
