"""The upper bounds of X.420 Annex K (module IPMSUpperBounds), by the names of the standard.

Checked where a value is written, never where one is read.
"""

from __future__ import annotations

from typing import Final

UB_ALPHA_CODE_LENGTH: Final = 16
UB_AUTO_FORWARD_COMMENT: Final = 256
UB_CIRCULATION_LIST_MEMBERS: Final = 256
UB_DISTRIBUTION_CODES: Final = 16
UB_EXTENDED_SUBJECT_LENGTH: Final = 256
UB_FREE_FORM_NAME: Final = 64
UB_INFORMATION_CATEGORIES: Final = 16
UB_INFORMATION_CATEGORY_LENGTH: Final = 64
UB_IPM_IDENTIFIER_SUFFIX: Final = 2
UB_LOCAL_IPM_IDENTIFIER: Final = 64
UB_MANUAL_HANDLING_INSTRUCTION_LENGTH: Final = 128
UB_MANUAL_HANDLING_INSTRUCTIONS: Final = 16
UB_ORIGINATORS_REFERENCE_LENGTH: Final = 64
UB_PRECEDENCE: Final = 127
UB_SUBJECT_FIELD: Final = 128
UB_TELEPHONE_NUMBER: Final = 32
