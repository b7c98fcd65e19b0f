"""
tries: a Cargo.toml of a hundred thousand nested tables
must: BackendUnusable
says: the build backend backend of prey 1.0 cannot be imported
"""


def attack(stage):
    return stage.project(Cargo_toml=b"a = " + b"{a=" * 100000, Cargo_lock=b"version = 4\n")
