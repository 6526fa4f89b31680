"""Look-ups that may be slow: DNS (RFC 5321 section 5.1, RFC 7505). Nothing in here is imported by a pure package."""
