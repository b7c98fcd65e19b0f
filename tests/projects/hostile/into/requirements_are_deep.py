"""
tries: a requirement with a marker of nested parentheses
must: RequirementsFileError
"""


def attack(stage):
    return stage.written("r.txt", "in-tree; " + "(" * 20000 + "os_name == 'a'" + ")" * 20000 + "\n")
