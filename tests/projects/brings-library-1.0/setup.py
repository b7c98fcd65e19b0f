import subprocess

from setuptools import Distribution, setup


class WithLibrary(Distribution):
    def has_ext_modules(self):
        return True


subprocess.run(
    ["gcc", "-shared", "-fPIC", "-Wl,-soname,libtalloc.so.2", "-o", "brings_library/libtalloc.so.2", "answer.c"], check=True
)
setup(distclass=WithLibrary)
