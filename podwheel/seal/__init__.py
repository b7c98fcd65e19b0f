"""The wheelhouse: wheels, lock, index, record and logs, published whole or not at all."""

from podwheel.seal.entry import BuildRequirement as BuildRequirement
from podwheel.seal.entry import Entry as Entry
from podwheel.seal.entry import public_url as public_url
from podwheel.seal.lock import make_lock as make_lock
from podwheel.seal.publish import is_current as is_current
from podwheel.seal.publish import publish as publish
from podwheel.seal.publish import refuse_foreign as refuse_foreign
from podwheel.seal.record import RunRecord as RunRecord
from podwheel.seal.wheelhouse import Wheelhouse as Wheelhouse
from podwheel.seal.wheelhouse import open_wheelhouse as open_wheelhouse
from podwheel.seal.wheelhouse import read_run as read_run
