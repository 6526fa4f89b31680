"""DKIM (RFC 6376, 8301, 8463): signatures written and checked over messages of any size.

dkimpy, the known library, holds a message as one ``bytes`` several times over; a message of 100 MB has to stream. So the
canonicalisation is our own, the cryptography is that of ``cryptography``, and the tests check both against dkimpy.
"""
