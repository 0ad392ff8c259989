"""A request: app -> proxy -> guard -> upstream -> stream -> ledger. Knows nothing of tasks."""
