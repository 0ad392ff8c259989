"""What rows of the ledger come to: figures, groups of failures, names; the same from the rows at any time."""
