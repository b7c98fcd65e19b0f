"""Which version of what: for the target, with backtracking, explained when it fails.

resolvelib searches; this room is what it asks. Nothing here opens a socket, starts a
process or builds: files and metadata are handed in (`Packages`, `MetadataSource`)::

    inputs       what is handed in
    resolver     resolve(): wanted lines → `model.Resolution`
    asked        the user's lines, sorted by name
    candidates   a project's files → what may serve, and why not
    catalogue    projects and metadata, looked up once
    needs        edges and nodes, extras, direct references
    provider     preferences and dependencies, for resolvelib
    hashing      --require-hashes
    explain      why there is no resolution
    unpublished  what to do where there is no source
    metadata     what a candidate depends on: wheel, source, hook
    buildreqs    the requirements of a build
    why          who wants a package
    documents    resolutions as JSON
"""

from podwheel.resolve.buildreqs import build_constraints as build_constraints
from podwheel.resolve.buildreqs import build_policy as build_policy
from podwheel.resolve.buildreqs import build_requirements as build_requirements
from podwheel.resolve.candidates import Candidate as Candidate
from podwheel.resolve.documents import resolution_from_json as resolution_from_json
from podwheel.resolve.documents import resolution_to_json as resolution_to_json
from podwheel.resolve.inputs import MetadataSource as MetadataSource
from podwheel.resolve.inputs import Packages as Packages
from podwheel.resolve.inputs import Policy as Policy
from podwheel.resolve.metadata import StaticMetadata as StaticMetadata
from podwheel.resolve.resolver import resolve as resolve
from podwheel.resolve.why import paths as paths
