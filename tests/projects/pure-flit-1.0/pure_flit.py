"""Pure Python by flit-core."""

VERSION = "1.0"
