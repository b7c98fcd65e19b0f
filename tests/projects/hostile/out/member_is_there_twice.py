"""
tries: two members of one name, of which installers take different ones
must: WheelRejected
says: twice
"""
import warnings
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.build_wheel(directory)
    path = directory + "/" + name
    with zipfile.ZipFile(path, "a") as archive:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr("out_member_is_there_twice.py", "VALUE = 2")
    return name
