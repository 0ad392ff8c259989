"""What is kept on disk: the journal of runs, the ledger of requests, the entries of the cache, the keys of gateways."""
