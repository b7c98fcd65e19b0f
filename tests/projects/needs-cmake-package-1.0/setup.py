import os
import subprocess
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext


class CMake(build_ext):
    def build_extension(self, extension):
        directory, name = os.path.split(os.path.abspath(self.get_ext_fullpath(extension.name)))
        include = sysconfig.get_path("include")
        said = {"MODULE": name, "CMAKE_LIBRARY_OUTPUT_DIRECTORY": directory, "PYTHON_INCLUDE": include}
        subprocess.run(["cmake", "-S.", "-Bout", *["-D%s=%s" % pair for pair in said.items()]], check=True)
        subprocess.run(["cmake", "--build", "out"], check=True)


setup(ext_modules=[Extension("needs_cmake_package", [])], cmdclass={"build_ext": CMake})
