from setuptools import Extension, setup

setup(ext_modules=[Extension("header_of_nobody", ["header_of_nobody.c"])])
