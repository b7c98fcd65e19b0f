"""
tries: a size of ten thousand digits in a page
must: IndexUnreachable
"""


def attack(stage):
    return stage.answers(b'{"meta": {"api-version": "1.1"}, "files": [{"size": ' + b"9" * 10000 + b"}]}")
