from neighbour import VERSION
from setuptools import setup

setup(name="setup-py-legacy", version=VERSION, py_modules=["setup_py_legacy"])
