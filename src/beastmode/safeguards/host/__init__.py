"""One server's limits, kept together by all processes of a host that call it: one file, and a board of each process."""
