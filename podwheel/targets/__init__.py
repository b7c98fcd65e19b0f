"""Targets: the systems that wheels are for. Their definitions, their images, what their Python says of itself.

`load` reads a definition (built in, or a user's TOML file), `prepare` makes or finds its images
and asks the image for its Python: a `podwheel.model.Target`. Nothing in here knows a distribution
but the base maker for package mirrors (`base`, Debian's mmdebstrap) and `containerfiles/`.
"""

from podwheel.targets.definition import DEFAULT as DEFAULT
from podwheel.targets.definition import ArchiveBase as ArchiveBase
from podwheel.targets.definition import MirrorBase as MirrorBase
from podwheel.targets.definition import RegistryBase as RegistryBase
from podwheel.targets.definition import TargetDefinition as TargetDefinition
from podwheel.targets.definition import builtin as builtin
from podwheel.targets.definition import load as load
from podwheel.targets.fileindex import file_index as file_index
from podwheel.targets.images import Status as Status
from podwheel.targets.images import prepare as prepare
from podwheel.targets.images import prepare_extra as prepare_extra
from podwheel.targets.images import prepare_server as prepare_server
from podwheel.targets.images import status as status
