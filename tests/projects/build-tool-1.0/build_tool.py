"""What is built with this says which build of it was there."""

import pathlib
import tomllib

ORIGIN = "ours"


def build_wheel(directory, settings=None, metadata=None):
    import build_tool_writer

    with open("pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    module = project["name"].replace("-", "_") + ".py"
    text = pathlib.Path(module).read_text() + "BUILT_WITH = %r\n" % ORIGIN
    requires = project.get("dependencies", ())
    return build_tool_writer.write(directory, project["name"], "1.0", requires, {module: text.encode()})
