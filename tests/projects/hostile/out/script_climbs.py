"""
tries: a console script by the name of a file elsewhere
must: WheelRejected
says: the entry point '../../../../tmp/owned' is no file name
"""
import tiny


def build_wheel(directory, settings=None, metadata=None):
    entries = b"[console_scripts]\n../../../../tmp/owned = os:getcwd\n"
    return tiny.write(directory, "out-script-climbs", "1.0", [], {"out_script_climbs-1.0.dist-info/entry_points.txt": entries})
