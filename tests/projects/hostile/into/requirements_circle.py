"""
tries: two files that include one another, as requirements and as constraints
must: RequirementsFileError
"""


def attack(stage):
    stage.written("two.txt", "-c one.txt\n")
    return stage.written("one.txt", "-r two.txt\n")
