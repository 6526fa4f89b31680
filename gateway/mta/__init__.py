"""The X.400 side: associations over asyncio, the P1 listener and sender, peers and their routes."""
