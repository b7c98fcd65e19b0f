"""Toolchains as inputs: what builds want of a compiler or a tool, what there is, and which is taken.

`want` says what a build asks for; `distribution` and `host` what there is; `choose` takes the best;
`provision` brings it into a step. docs/toolchains.md tells users the rules.
"""
