"""X.228, reliable transfer.

APDUs (`apdu`), the states as data (`tables`), the machine that runs them (`machine`), the two ends of an activity (`transfer`), what
refusals mean (`refusal`), and the EXTERNAL around an MTS-APDU in normal mode (`external`).
"""
