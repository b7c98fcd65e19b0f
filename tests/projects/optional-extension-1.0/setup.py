# Its C part is optional, and its header is missing here: the build succeeds, without it.
from setuptools import Extension, setup

setup(
    name="optional-extension",
    version="1.0",
    py_modules=["optional_extension"],
    ext_modules=[Extension("_optional_extension", ["_optional_extension.c"], optional=True)],
)
