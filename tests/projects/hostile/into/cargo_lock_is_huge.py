"""
tries: a Cargo.lock of a hundred megabytes
must: SourceUnusable
says: Cargo.lock has more than 16777216 bytes
"""
CARGO = b'[package]\nname = "prey"\nversion = "1.0.0"\n[dependencies]\na = "1"\n'


def attack(stage):
    return stage.project(Cargo_toml=CARGO, Cargo_lock=b"version = 4\n" + b"#" * (100 << 20))
