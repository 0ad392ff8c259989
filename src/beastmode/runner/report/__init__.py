"""The execution report: its content as plain data (`content.py`), and three files that are views of that.

All of it comes from the journal, so that `scripts/check_report.py` can compute every figure again, apart.
"""

from beastmode.runner.report.content import Report, report_of
from beastmode.runner.report.files import check_folder, write_report

__all__ = ["Report", "check_folder", "report_of", "write_report"]
