from setuptools import Extension, setup

setup(ext_modules=[Extension("needs_bzip2", ["needs_bzip2.c"], libraries=["bz2"])])
