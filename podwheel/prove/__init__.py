"""Proving: the wheels installed and imported in a pristine copy of the target, without a network."""
