"""
tries: a wheel for another Python and another system
must: WheelRejected
says: its WHEEL has the tags py3-none-any, not those of its file name
"""
import os

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    os.rename(path, directory + "/out_other_tag-1.0-cp27-cp27m-win_amd64.whl")
    return "out_other_tag-1.0-cp27-cp27m-win_amd64.whl"
