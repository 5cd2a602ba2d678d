"""rsonline beside services of other kinds that do the same work: `python -m bench.peers`."""
