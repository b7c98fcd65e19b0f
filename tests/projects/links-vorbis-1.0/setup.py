from setuptools import Extension, setup

setup(ext_modules=[Extension("links_vorbis", ["links_vorbis.c"], libraries=["vorbis"])])
