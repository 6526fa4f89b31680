"""The Internet side: an SMTP listener that streams into the store, and a sender that streams out of it.

`parameters`, `data`, `chunking` and `dkim` are pure; `session` and `server` join them with aiosmtpd, `client` and `transaction` with
aiosmtplib; `authentication` finds out who mail is from, `departure` signs what leaves; `listener`, `gate` and `sender` are what the
rest of the gateway sees.
"""
