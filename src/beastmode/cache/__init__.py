"""Answers kept, so that a question that was answered once need not be asked again.

`stack.py` is the way in: a memory (`l1_memory.py`) before a database (`l3_database.py`). `control.py` reads what
Cache-Control says of it.
"""
