"""Install the wheels of this bundle, or say why they do not fit this system.

Runs on the server: Python 2.7 and 3.5 or later, standard library only. ``../install`` finds the
Python and starts it. docs/bundle.md of podwheel describes the bundle.
"""

from __future__ import print_function

import argparse
import io
import json
import os
import sys

import fit
import place

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FITS, REFUSED, FAILED = 0, 1, 3  # 2: usage, argparse's own


def options(arguments):
    parser = argparse.ArgumentParser(
        prog="install",
        description="Install the wheels of this bundle, without a network. Before that, everything is checked: "
        "the bundle's files by their hashes, the Python, the machine, the C library, system packages.",
        epilog="Without --venv, --target or --user: into the Python that runs this, such as an active virtual "
        "environment's. Exit codes: 0 done, 1 refused, 2 usage, 3 pip failed.",
    )
    parser.add_argument("--check", action="store_true", help="only check; nothing is installed")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--venv", metavar="DIR", help="into this virtual environment; made, if it is not there"
    )
    where.add_argument(
        "--target", metavar="DIR", help="into this directory, which goes into PYTHONPATH"
    )
    where.add_argument("--user", action="store_true", help="into your own ~/.local")
    parser.add_argument(
        "--python", metavar="PATH", help="the Python to install for (default: the first that fits)"
    )
    return parser.parse_args(arguments)


def main(arguments):
    asked = options(arguments)
    damaged = fit.damaged(ROOT)
    if damaged:
        return refuse("the bundle is not as it was packed: copy it here again", damaged)
    with io.open(os.path.join(ROOT, "bundle.json"), encoding="utf-8") as file:
        bundle = json.load(file)
    try:
        place.enter(asked.venv, arguments)  # an environment that is there: its own Python goes on
        report = best(bundle["targets"])
        print("\n".join(report.facts))
        if report.reasons:
            return refuse(misfit(report, bundle["targets"]), report.reasons, report.advice)
        closed = place.closed(asked)
        if closed and not asked.check:
            return refuse(closed[0], (), closed[1:])
    except place.Unusable as error:
        return refuse(str(error), ())
    count = len(report.target["wheels"])
    counted = "%d wheel%s" % (count, "" if count == 1 else "s")
    print("\n".join(["fits       %s for %s" % (counted, report.target["name"])] + closed))
    if asked.check:
        return FITS
    try:
        told = place.install(ROOT, report.target, asked)
    except place.PipFailed as error:
        print("install: %s" % error, file=sys.stderr)
        return FAILED
    print("installed  %s" % told)
    return FITS


def best(targets):
    """The report on the target that this system is; else on the one that it misses by the least."""
    reports = [fit.report(ROOT, target) for target in targets]
    return min(reports, key=lambda report: len(report.reasons))


def misfit(report, targets):
    nearest = ", not even those for %s" % report.target["name"] if len(targets) > 1 else ""
    return "the wheels do not fit this system" + nearest


def refuse(what, reasons, advice=()):
    sys.stdout.flush()
    lines = ["install: %s" % what] + ["  - %s" % reason for reason in reasons] + list(advice)
    print("\n".join(lines), file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
