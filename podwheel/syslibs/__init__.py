"""What a build, or a wheel, lacks → the distribution's packages that have it.

At build time a log says what was missing (`messages`), the project may say it itself
(`external`, PEP 725), the distribution's own index of files knows who has it (`files`), and one
package is chosen (`choose`). At run time the wheels' shared libraries name what they need
(`needed`). No Python package is known here by its name, and no mapping but the distribution's.
"""
