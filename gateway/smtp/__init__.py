"""The Internet side: an SMTP listener that streams into the store, and a sender that streams out of it.

`parameters` and `data` are pure; `server` joins them with aiosmtpd, `client` with aiosmtplib; `listener` and `sender`
are what the rest of the gateway sees.
"""
