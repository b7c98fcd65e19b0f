"""
tries: a requirements file that never ends
must: RequirementsFileError
says: is larger than
"""


def attack(stage):
    return ["-r", "/dev/zero"]
