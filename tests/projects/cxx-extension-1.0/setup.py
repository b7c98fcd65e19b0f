from setuptools import Extension, setup

setup(ext_modules=[Extension("cxx_extension", ["cxx_extension.cpp"], language="c++")])
