import subprocess

from setuptools import Extension, setup


def flags(option):
    return subprocess.run(["pkg-config", option, "inih >= 50"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()


module = Extension(
    "needs_pkg_config", ["needs_pkg_config.c"], extra_compile_args=flags("--cflags"), extra_link_args=flags("--libs")
)
setup(ext_modules=[module])
