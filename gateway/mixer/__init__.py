"""RFC 2156 and 2157 (MIXER): pure, deterministic conversion between Internet mail and X.400, both directions side by side."""
