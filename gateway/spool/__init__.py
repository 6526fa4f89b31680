"""What waits: a small neutral record beside the octets exactly as they were received (DESIGN section 7)."""
