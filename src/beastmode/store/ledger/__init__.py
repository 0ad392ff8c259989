"""The ledger of requests: one row each, and what rows come to.

Here: what a row is, the file it lies in, and the notes before it; `writing` and `reading` stand on that, and both on
`rollups`.
"""
