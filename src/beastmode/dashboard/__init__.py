"""The dashboard: an app of its own that shows what journal, ledger and metrics know, as it happens."""
