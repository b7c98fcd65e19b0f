from setuptools import Extension, setup

setup(ext_modules=[Extension("needs_one_then_another", ["needs_one_then_another.c"], libraries=["maxminddb", "argtable2"])])
