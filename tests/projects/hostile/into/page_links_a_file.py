"""
tries: a page that links a file of the host's
must: IndexUnreachable
says: url is no URL that it may lead to
"""


def attack(stage):
    return stage.listed(url="file:///etc/passwd")
