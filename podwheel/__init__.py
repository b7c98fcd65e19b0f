"""podwheel: wheels for a server that has no compiler, built from source in rootless Podman."""

__version__ = "0.1.0"
