from setuptools import Extension, setup

setup(ext_modules=[Extension("needs_header", ["needs_header.c"], libraries=["ev"])])
