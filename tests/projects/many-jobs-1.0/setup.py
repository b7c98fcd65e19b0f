from setuptools import Extension, setup

together = Extension("_many_jobs", ["src/module.c", "src/one.c", "src/two.c", "src/three.c"])
apart = [Extension("_" + name, ["src/%s_module.c" % name]) for name in ("four", "five")]
setup(ext_modules=[together, *apart])
