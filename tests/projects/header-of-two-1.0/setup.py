from setuptools import Extension, setup

setup(ext_modules=[Extension("header_of_two", ["header_of_two.c"])])
