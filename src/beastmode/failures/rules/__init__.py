"""RULES: which class a failure is, and whether a retry can help. Looked at from top to bottom; the first that fits.

Numbers and codes come before sentences, sentences before what a status alone says. No rule looks for "retry" or "try
again": permanent errors say that too (Azure's filter, Bedrock's profiles, a deployment that does not exist). Each row
names the case of corpora/errors or the source it came from.
"""

from __future__ import annotations

from beastmode.failures.rules.limits import NUMBERS, QUOTA
from beastmode.failures.rules.requests import CODES, REFUSALS, SENTENCES
from beastmode.failures.rules.rest import REST, STATUSES
from beastmode.failures.rules.row import USUAL, Rule
from beastmode.failures.rules.ways import NAMES, WAYS

__all__ = ["LATER", "NAMES", "REST", "RULES", "USUAL", "Rule"]

RULES = (*NUMBERS, *QUOTA, *CODES, *REFUSALS, *SENTENCES, *WAYS, *STATUSES)
LATER = (*NAMES, *REST)
"""What is asked when none of `RULES` fits."""
