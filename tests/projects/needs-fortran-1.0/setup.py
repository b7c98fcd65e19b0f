import subprocess

from setuptools import Extension, setup

subprocess.run(["make"], check=True)
module = Extension("needs_fortran", ["needs_fortran.c"], extra_objects=["digits.o"], libraries=["gfortran"])
setup(ext_modules=[module])
