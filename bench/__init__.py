"""Benchmarks: each row of the table beside its peers, in the same run, as ratios. `make bench`; docs/benchmarks.md.

Nothing here passes or fails by the clock: the machine is shared, so only what was measured side by side compares.
"""
