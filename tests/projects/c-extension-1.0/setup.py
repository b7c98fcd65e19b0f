from setuptools import Extension, setup

setup(py_modules=["c_extension"], ext_modules=[Extension("_c_extension", ["_c_extension.c"])])
