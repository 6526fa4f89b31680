"""O/R names for people, queues and logs: the std-or form where there is one, never an error."""

from __future__ import annotations

from gateway import asn1
from gateway.errors import GatewayError
from gateway.mixer.stdor import to_text
from gateway.x400.oraddress import ORName, oraddress_from_orname

_LONGEST = 500


def shown_name(name: ORName) -> str:
    """An O/R name as text: std-or (RFC 2156 4.1), or value notation for what the grammar cannot express."""
    try:
        return to_text(oraddress_from_orname(name))
    except GatewayError:
        return " ".join(asn1.to_notation(name).split())[:_LONGEST]
