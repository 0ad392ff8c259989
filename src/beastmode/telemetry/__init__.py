"""What goes on, told to others: log lines, traces. It listens to the ledger, and nothing calls it by name."""
