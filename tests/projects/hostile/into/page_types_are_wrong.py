"""
tries: a page whose every value has another type than it should
must: IndexUnreachable
"""


def attack(stage):
    return stage.answers(b'{"meta": [], "files": {"a": 1}}')
