"""The wheelhouse: wheels, lock, index, record and logs, published whole or not at all."""

from podwheel.seal.entry import BuildRequirement as BuildRequirement
from podwheel.seal.entry import Entry as Entry
from podwheel.seal.entry import public_url as public_url
from podwheel.seal.lock import make_lock as make_lock
from podwheel.seal.publish import is_current as is_current
from podwheel.seal.publish import publish as publish
from podwheel.seal.publish import refuse_foreign as refuse_foreign
from podwheel.seal.record import RunRecord as RunRecord
from podwheel.seal.sums import is_ours as is_ours
from podwheel.seal.wheelhouse import Wheelhouse as Wheelhouse
from podwheel.seal.wheelhouse import open_wheelhouse as open_wheelhouse
from podwheel.seal.wheelhouse import open_wheelhouses as open_wheelhouses
from podwheel.seal.wheelhouse import read_runs as read_runs
from podwheel.seal.wheelhouse import wheelhouses as wheelhouses
