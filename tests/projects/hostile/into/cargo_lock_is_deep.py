"""
tries: a Cargo.lock of a hundred thousand nested lists
must: CargoLockUnusable
"""
CARGO = b'[package]\nname = "prey"\nversion = "1.0.0"\n[dependencies]\na = "1"\n'


def attack(stage):
    return stage.project(Cargo_toml=CARGO, Cargo_lock=b"version = 4\na = " + b"[" * 100000)
