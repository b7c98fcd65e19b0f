"""
tries: a wheel whose version has ten thousand digits in METADATA
must: WheelRejected
says: is not a version (PEP 440)
"""
import zipfile

import tiny


def build_wheel(directory, settings=None, metadata=None):
    name = tiny.write(directory, "out-version-is-a-number", "1.0", [], {"x.py": b""})
    with zipfile.ZipFile(directory + "/" + name) as archive:
        files = {n: archive.read(n) for n in archive.namelist()}
    info = "out_version_is_a_number-1.0.dist-info/"
    files[info + "METADATA"] = b"Metadata-Version: 2.2\nName: out-version-is-a-number\nVersion: " + b"9" * 10000 + b"\n"
    del files[info + "RECORD"]
    record = "".join("%s,sha256=%s,%d\n" % (p, tiny.digest(d), len(d)) for p, d in files.items())
    files[info + "RECORD"] = (record + info + "RECORD,,\n").encode()
    with zipfile.ZipFile(directory + "/" + name, "w") as archive:
        for member, data in files.items():
            archive.writestr(member, data)
    return name
