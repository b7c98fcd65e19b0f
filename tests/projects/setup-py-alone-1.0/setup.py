# No pyproject.toml: PEP 517's fallback, and metadata that only running this can tell.
from setuptools import setup

setup(name="setup-py-alone", version="1.0", py_modules=["setup_py_alone"], install_requires=["pure-flit>=0.5"])
