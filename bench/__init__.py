"""The benchmarks of docs/benchmarks.md, see __main__.py."""
