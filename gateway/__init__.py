"""The SMTP to X.400 gateway: MIXER (RFC 2156) over the real OSI stack.

Two mail systems meet in one room. ``internet`` and ``x400`` model the two kinds of mail, ``smtp`` and ``mta`` speak
their protocols, ``mixer`` maps one model to the other, ``spool`` keeps what waits, and ``relay`` carries each
message through its journey. ``osi`` and ``asn1`` lie below. ``docs/architecture.md`` has the whole picture.
"""

__version__ = "0.1.0"
