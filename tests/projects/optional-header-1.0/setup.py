from setuptools import Extension, setup

module = Extension("_optional_header", ["_optional_header.c"], libraries=["mhash"], optional=True)
setup(py_modules=["optional_header"], ext_modules=[module])
