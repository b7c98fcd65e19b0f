import pathlib

import tiny


def build_wheel(directory, settings=None, metadata=None):
    files = {
        "build_tool.py": pathlib.Path("build_tool.py").read_bytes(),
        "build_tool_writer.py": pathlib.Path("_shared/tiny.py").read_bytes(),
    }
    return tiny.write(directory, "build-tool", "1.0", (), files)
