"""Reads a ledger that others may be writing, and changes nothing."""
