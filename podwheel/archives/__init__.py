"""Checking readers of wheels and sdists.

Everything that comes in, from an index or out of a container, is hostile until it was read
here. Nothing is executed, and nothing is unpacked but wheels that passed every check.
"""

from podwheel.archives.assemble import assemble as assemble
from podwheel.archives.compare import differing as differing
from podwheel.archives.layout import lay_out as lay_out
from podwheel.archives.layout import virtual_environment as virtual_environment
from podwheel.archives.metadata import parse_metadata as parse_metadata
from podwheel.archives.normalise import check_build_tag as check_build_tag
from podwheel.archives.normalise import normalise as normalise
from podwheel.archives.pack import pack_directory as pack_directory
from podwheel.archives.project import BuildSystem as BuildSystem
from podwheel.archives.project import read_build_system as read_build_system
from podwheel.archives.project import static_metadata as static_metadata
from podwheel.archives.sdist import Sdist as Sdist
from podwheel.archives.sdist import read_sdist as read_sdist
from podwheel.archives.wheel import expect as expect
from podwheel.archives.wheel import read_wheel as read_wheel
from podwheel.archives.zips import Limits as Limits
