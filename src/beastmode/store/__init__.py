"""What is kept on disk: the journal of runs; later the ledger of requests and the cache's entries."""
