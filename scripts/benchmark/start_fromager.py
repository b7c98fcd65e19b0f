"""Start fromager with another index than the one that it has as a constant: start_fromager.py URL ARGUMENT..."""

import sys

from fromager import resolver
from fromager.__main__ import invoke_main

resolver.PYPI_SERVER_URL = sys.argv.pop(1)
sys.argv[0] = "fromager"
invoke_main()
