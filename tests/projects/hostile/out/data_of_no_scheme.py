"""
tries: files for a place that no installer knows
must: WheelRejected
says: in no known installation scheme
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    return tiny.write(directory, "out-data-of-no-scheme", "1.0", [], {"out_data_of_no_scheme-1.0.data/root/etc/passwd": b""})
