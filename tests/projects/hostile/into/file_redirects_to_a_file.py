"""
tries: a download that redirects to a file of the host's
must: IndexUnreachable
"""


def attack(stage):
    stage.answers(b"", status=302, path="/files/prey-1.0.tar.gz", Location="file:///etc/passwd")
    return stage.listed()
