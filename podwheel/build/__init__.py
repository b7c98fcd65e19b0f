"""Building: a graph of steps that grows as it runs.

A step's *identity* is the hash of everything that went in (step.py). What a step needs is
found only by asking its backend, so a step is written as a generator that yields the tasks
it must wait for (schedule.py); while it waits it holds neither a thread nor a container.
"""
