"""
tries: a page of a million elements, none of which is closed
must: NoMatchingVersion
says: the index lists no file of prey
"""


def attack(stage):
    return stage.answers(b"<div>" * 1000000, kind="text/html")
