"""
tries: a download that is resumed at another place than was asked
must: DownloadError
says: became another file while it was downloaded
"""
import os


def attack(stage):
    data = os.urandom(300000)
    stage.index.add("prey-1.0.tar.gz", data)

    def answer(handler):
        """Half of it; and then, to whoever asks for the rest, the beginning once more."""
        resumed = "Range" in handler.headers
        handler.send_response(206 if resumed else 200)
        if resumed:
            handler.send_header("Content-Range", "bytes 0-299999/300000")
        handler.send_header("Content-Length", "300000")
        handler.end_headers()
        handler.wfile.write(data[:150000])
        handler.close_connection = True

    stage.index.answers["/files/prey-1.0.tar.gz"] = answer
    return ["prey", "--retries", "2"]
