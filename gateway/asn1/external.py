"""EXTERNAL (X.208 clause 34, X.690 8.18), declared in its own notation."""

from __future__ import annotations

from gateway.asn1 import elements as e
from gateway.asn1.tags import EXTERNAL_NUMBER, context, universal
from gateway.asn1.types import Choice, Members, alternative, choice, member, sequence
from gateway.asn1.values import Bits
from gateway.octets import Octets


@choice()
class ExternalEncoding(Choice):
    """The data value of an EXTERNAL, in one of three encodings."""

    single_asn1_type: bytes | None = alternative(e.Any(), tag=context(0), name="single-ASN1-type")
    octet_aligned: Octets | None = alternative(e.LargeOctetString(), tag=context(1))
    arbitrary: Bits | None = alternative(e.BitString(), tag=context(2))


@sequence(tag=universal(EXTERNAL_NUMBER))
class External(Members):
    """EXTERNAL."""

    direct_reference: str | None = member(e.ObjectIdentifier(), optional=True)
    indirect_reference: int | None = member(e.Integer(), optional=True)
    data_value_descriptor: bytes | None = member(e.ObjectDescriptor(), optional=True)
    encoding: ExternalEncoding = member(ExternalEncoding)


@choice()
class LargeExternalEncoding(Choice):
    """`ExternalEncoding` whose ASN.1 value is `Octets` and may be of any size (file transfer body parts)."""

    single_asn1_type: Octets | None = alternative(e.LargeAny(), tag=context(0), name="single-ASN1-type")
    octet_aligned: Octets | None = alternative(e.LargeOctetString(), tag=context(1))
    arbitrary: Bits | None = alternative(e.BitString(), tag=context(2))


@sequence(tag=universal(EXTERNAL_NUMBER))
class LargeExternal(Members):
    """EXTERNAL of any size."""

    direct_reference: str | None = member(e.ObjectIdentifier(), optional=True)
    indirect_reference: int | None = member(e.Integer(), optional=True)
    data_value_descriptor: bytes | None = member(e.ObjectDescriptor(), optional=True)
    encoding: LargeExternalEncoding = member(LargeExternalEncoding)
