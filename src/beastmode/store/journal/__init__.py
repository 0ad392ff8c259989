"""The journal of a run: append-only events, the only truth about it."""
