"""The execution report: its content as plain data (`content.py`), and three files that are views of that (`files.py`).

All of it comes from the journal, so that `scripts/check_report.py` can compute every figure again, apart.
"""
