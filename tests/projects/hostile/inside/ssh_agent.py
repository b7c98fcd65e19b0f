"""
tries: ask the account's SSH agent for its keys
must: there is none
control: host
"""
import os
import socket


def attempts(host):
    yield "by name", lambda: ask(host["agent"])
    yield "by variable", lambda: ask(os.environ["SSH_AUTH_SOCK"])


def ask(place):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as speaking:
        speaking.connect(place)
