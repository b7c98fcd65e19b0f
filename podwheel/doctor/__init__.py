"""``podwheel doctor``: what this host has, what it lacks, and the command that mends it.

A diagnosis changes nothing: it makes no store, pulls nothing, and runs nothing of a third party::

    check     what one line is
    host      who builds and where: what the checks look at
    mender    commands as they are typed here
    account   ids, namespaces, the runtime directory
    engine    podman, buildah, the OCI runtime, storage, the images' network
    symptoms  what podman's complaints mean
    limits    what is enforced
    around    disk, package mirror, git, locale, clock, index
    trial     a real container, asked from inside
    diagnosis all of it, in order
"""

from podwheel.doctor.check import Check as Check
from podwheel.doctor.check import Diagnosis as Diagnosis
from podwheel.doctor.check import State as State
from podwheel.doctor.diagnosis import examine as examine
from podwheel.doctor.host import Host as Host
from podwheel.doctor.host import look as look
