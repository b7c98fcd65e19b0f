"""podwheel's resolution of requirements, and nothing after it: what `podwheel build` does first.

python resolving.py --store DIRECTORY [--refresh] REQUIREMENT...
"""

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's podwheel

from podwheel.__main__ import collect_seldom


def main() -> None:
    collect_seldom()  # first of all, as podwheel does
    from podwheel import log, pipeline, run
    from podwheel.model import Freshness
    from podwheel.requirements import Arguments

    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--refresh", action="store_true")
    parser.add_argument("requirements", nargs="+")
    given = parser.parse_args()
    log.configure(None)
    options = run.Options(
        arguments=Arguments(requirements=tuple(given.requirements)),
        environ=dict(os.environ),
        cwd=given.store,
        store=given.store,
        freshness=Freshness.REFRESH if given.refresh else Freshness.NORMAL,
    )
    with run.opened(options) as opened:
        for pin in pipeline.resolved(opened).pins:
            print(pin)


if __name__ == "__main__":
    main()
