"""A small X.400 MTA with test users: the other end of the demo, and of ``mixer send`` and ``mixer receive``.

It speaks P1 with the same stack as the gateway, keeps what it receives as files, and answers as an MTA and its users do:
with delivery reports and receipt notifications where they are asked for. It is a test partner, not a mail system.
"""
