import subprocess

from setuptools import Extension, setup

flags = subprocess.check_output(["mm-config", "--cflags"], text=True).split()
module = Extension("needs_config_program", ["needs_config_program.c"], extra_compile_args=flags, libraries=["mm"])
setup(ext_modules=[module])
