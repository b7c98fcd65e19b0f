"""
tries: a page of a million nested lists
must: IndexUnreachable
"""


def attack(stage):
    return stage.answers(b'{"files": ' + b"[" * 1000000)
