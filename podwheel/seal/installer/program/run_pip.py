"""``run_pip.py WHEEL ARGUMENT...``: pip, run from its own wheel."""

import runpy
import sys

if sys.version_info < (3, 10):  # later ones have pip ask sysconfig anyway
    try:
        import distutils.cmd  # noqa: F401 - only whether it is there
    except ImportError:
        # Debian 11's python3 has a distutils without its commands, where pip asks for its locations
        # unless it is told otherwise: pip's own door for distributors.
        import sysconfig

        sysconfig._PIP_USE_SYSCONFIG = True  # noqa: SLF001 - as pip documents it

sys.path[0] = sys.argv.pop(1)  # in place of this directory
runpy.run_module("pip", run_name="__main__", alter_sys=True)
