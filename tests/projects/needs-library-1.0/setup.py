from setuptools import Extension, setup

setup(ext_modules=[Extension("needs_library", ["needs_library.c"], libraries=["confuse"])])
