import subprocess

from setuptools import Extension, setup

subprocess.run("gperf --output-file=colours.h colours.gperf", shell=True, check=True)
setup(ext_modules=[Extension("needs_build_tool", ["needs_build_tool.c"], depends=["colours.h"])])
