import brings_library
from setuptools import Extension, setup

link = [brings_library.DIRECTORY + "/libtalloc.so.2", "-Wl,-rpath,$ORIGIN/brings_library"]
setup(ext_modules=[Extension("links_sibling", ["links_sibling.c"], extra_link_args=link)])
