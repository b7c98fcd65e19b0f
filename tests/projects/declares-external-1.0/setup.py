from setuptools import Extension, setup

setup(ext_modules=[Extension("declares_external", ["declares_external.c"], libraries=["mspack"])])
