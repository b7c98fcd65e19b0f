"""
tries: a page that redirects to a file of the host's
must: IndexUnreachable
"""


def attack(stage):
    return stage.answers(b"", status=302, Location="file:///etc/passwd")
