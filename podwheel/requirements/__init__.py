"""From files, options and pip's own configuration to a `model.Request`.

Nothing is looked up on a network here, no marker is evaluated (the target is not known yet),
and nothing of a third party runs::

    arguments   what the command line said, as plain values
    pipconfig   pip's environment variables and configuration files
    lines       a file's bytes → logical lines
    options     the options of a line, and what they add up to
    files       requirements and constraints files, with what they include
    specifier   one requirement's text → `model.Wanted`
    groups      ``--group`` (PEP 735)
    lock        ``pylock.toml`` (PEP 751)
    read        all of it → `model.Request`
    settings    podwheel.toml
    system      system packages that were written down
"""

from podwheel.requirements.arguments import Arguments as Arguments
from podwheel.requirements.read import read as read
from podwheel.requirements.settings import load_settings as load_settings
from podwheel.requirements.system import read_system_packages as read_system_packages
