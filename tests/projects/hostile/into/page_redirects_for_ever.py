"""
tries: a page that redirects to itself
must: IndexUnreachable
"""


def attack(stage):
    return stage.answers(b"", status=302, Location="/simple/prey/")
