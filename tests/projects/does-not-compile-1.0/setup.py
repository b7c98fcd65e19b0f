from setuptools import Extension, setup

setup(ext_modules=[Extension("does_not_compile", ["does_not_compile.c"])])
