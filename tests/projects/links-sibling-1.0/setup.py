import brings_library
from setuptools import Extension, setup

link = [brings_library.DIRECTORY + "/libtalloc.so.2"]
setup(ext_modules=[Extension("_links_sibling", ["_links_sibling.c"], extra_link_args=link)])
