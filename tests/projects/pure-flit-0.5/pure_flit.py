"""Pure Python by flit-core."""

VERSION = "0.5"
