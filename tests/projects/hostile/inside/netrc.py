"""
tries: read the logins of the account's .netrc, by name and as Python finds them
must: there are none
control: host
"""
import netrc
import pathlib


def attempts(host):
    yield "by name", pathlib.Path(host["home"], ".netrc").read_text
    yield "as found", lambda: netrc.netrc().hosts
    yield "parsed", lambda: netrc.netrc(host["home"] + "/.netrc").hosts
