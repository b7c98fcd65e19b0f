"""
tries: a page that never ends
must: DownloadError
says: is larger than 64 MiB
"""


def attack(stage):
    def endless(out):
        while True:
            out.write(b"<a href=x>x</a>\n" * 4096)

    return stage.answers(endless, kind="text/html")
