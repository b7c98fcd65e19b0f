"""The command line: one module a command. Options become plain values here, and nothing else."""
