"""The EXTERNAL in which an MTS-APDU travels in normal mode (X.411; X.690 8.18)."""

from __future__ import annotations

from gateway import asn1
from gateway.octets import ConcatOctets, Octets, octets


def wrap(apdu: Octets, context_id: int) -> Octets:
    """Put an APDU into its EXTERNAL, of definite length.

    Peer: PP reads the EXTERNAL in pieces and wants the indirect reference first, so there is no direct one.

    Args:
        apdu: One BER value; it may be of any size.
        context_id: Identifier of the presentation context of the APDU's abstract syntax (id-as-mtse).
    """
    reference = asn1.encode(context_id, asn1.Integer())
    encoding = b"\xa0" + length_octets(len(apdu))
    contents = len(reference) + len(encoding) + len(apdu)
    return ConcatOctets((b"\x28" + length_octets(contents) + reference + encoding, apdu))


def unwrap(external: Octets | bytes) -> Octets:
    """Take an APDU out of its EXTERNAL: any form of reference, any encoding, any form of length.

    Raises:
        BERError: It is no EXTERNAL.
    """
    encoding = asn1.decode(octets(external), asn1.LargeExternal).encoding
    if encoding.single_asn1_type is not None:
        return encoding.single_asn1_type
    if encoding.octet_aligned is not None:
        return encoding.octet_aligned
    assert encoding.arbitrary is not None
    if encoding.arbitrary.unused:
        raise asn1.BERError("the bits of an EXTERNAL are no whole octets", offset=0, path="encoding.arbitrary")
    return encoding.arbitrary.octets


def length_octets(length: int) -> bytes:
    """The length octets of the definite form, as few as possible (X.690 8.1.3)."""
    if length < 0x80:
        return bytes((length,))
    octets_of_length = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets_of_length),)) + octets_of_length
