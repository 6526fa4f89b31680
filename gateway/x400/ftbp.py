"""The file transfer body part, FTBP (X.420 Annex D, module IPMSFileTransferBodyPartType, with the attributes of ISO 8571-4 it uses).

File contents come as octet-aligned EXTERNALs (RFC 2157 5.5) and stay `Octets`. GraphicStrings stay octets too: most senders
write ASCII or Latin-1.
"""

from __future__ import annotations

from enum import IntEnum

from gateway import asn1
from gateway.octets import Octets
from gateway.x400 import oids
from gateway.x400.file_attributes import FileAttributes, PathnameAttribute
from gateway.x400.ipms_fields import ExtensionsField, IPMSExtension
from gateway.x400.orname import ORName


@asn1.sequence()
class PathnameandVersion(asn1.Members):
    """PathnameandVersion."""

    pathname: PathnameAttribute = asn1.member(PathnameAttribute, tag=asn1.context(0))
    file_version: bytes | None = asn1.member(asn1.GraphicString(), tag=asn1.context(1), optional=True)


@asn1.set_()
class MessageReference(asn1.Members):
    """MessageReference: an IPM identifier in other tags than IPMIdentifier has."""

    user: ORName | None = asn1.member(ORName, tag=asn1.context(0), optional=True)
    user_relative_identifier: str = asn1.member(asn1.PrintableString(), tag=asn1.context(1))


@asn1.sequence()
class CrossReference(asn1.Members):
    """CrossReference to another body part."""

    application_cross_reference: bytes = asn1.member(asn1.OctetString(), tag=asn1.context(0))
    message_reference: MessageReference | None = asn1.member(MessageReference, tag=asn1.context(1), optional=True)
    body_part_reference: int | None = asn1.member(asn1.Integer(), tag=asn1.context(2), optional=True)


@asn1.choice()
class FileIdentifier(asn1.Choice):
    """FileIdentifier."""

    pathname_and_version: PathnameandVersion | None = asn1.alternative(PathnameandVersion, tag=asn1.context(0))
    cross_reference: CrossReference | None = asn1.alternative(CrossReference, tag=asn1.context(1))


class ExplicitRelationship(IntEnum):
    """ExplicitRelationship."""

    UNSPECIFIED = 0
    NEW_FILE = 1
    REPLACEMENT = 2
    EXTENSION = 3


@asn1.choice()
class Relationship(asn1.Choice):
    """Relationship; RFC 2157 6.4 uses the descriptive one, ``Internet MIME Body Part``."""

    explicit_relationship: int | None = asn1.alternative(asn1.Integer(names=ExplicitRelationship), tag=asn1.context(0))
    descriptive_relationship: bytes | None = asn1.alternative(asn1.GraphicString(), tag=asn1.context(1))


@asn1.sequence()
class RelatedFile(asn1.Members):
    """One element of RelatedStoredFile."""

    file_identifier: FileIdentifier = asn1.member(FileIdentifier)
    relationship: Relationship = asn1.member(
        Relationship, default=Relationship(explicit_relationship=ExplicitRelationship.UNSPECIFIED)
    )


RelatedStoredFile = asn1.SetOf(RelatedFile)


@asn1.sequence()
class DocumentType(asn1.Members):
    """document-type of Contents-Type-Attribute.

    Attributes:
        parameter: Defined by the document type; the complete TLV inside the [0].
    """

    document_type_name: str = asn1.member(asn1.ObjectIdentifier())
    parameter: bytes | None = asn1.member(asn1.Any(), tag=asn1.context(0), optional=True)


@asn1.sequence()
class ConstraintSetAndAbstractSyntax(asn1.Members):
    """constraint-set-and-abstract-syntax of Contents-Type-Attribute."""

    constraint_set_name: str = asn1.member(asn1.ObjectIdentifier())
    abstract_syntax_name: str = asn1.member(asn1.ObjectIdentifier())


@asn1.choice()
class ContentsTypeAttribute(asn1.Choice):
    """Contents-Type-Attribute."""

    document_type: DocumentType | None = asn1.alternative(DocumentType, tag=asn1.context(0))
    constraint_set_and_abstract_syntax: ConstraintSetAndAbstractSyntax | None = asn1.alternative(
        ConstraintSetAndAbstractSyntax, tag=asn1.context(1)
    )


UNSTRUCTURED_BINARY = ContentsTypeAttribute(document_type=DocumentType(document_type_name=oids.ID_FTAM_UNSTRUCTURED_BINARY))
"""The default contents type: octets without structure."""


@asn1.choice()
class GeneralIdentifier(asn1.Choice):
    """GeneralIdentifier."""

    registered_identifier: str | None = asn1.alternative(asn1.ObjectIdentifier(), tag=asn1.context(0))
    descriptive_identifier: tuple[bytes, ...] | None = asn1.alternative(asn1.SequenceOf(asn1.GraphicString()), tag=asn1.context(1))


@asn1.sequence()
class EnvironmentParameter(asn1.Members):
    """EnvironmentParameter; the application reference tells the MIME type (RFC 2157 5.5)."""

    application_reference: GeneralIdentifier | None = asn1.member(GeneralIdentifier, tag=asn1.context(0), optional=True)
    machine: GeneralIdentifier | None = asn1.member(GeneralIdentifier, tag=asn1.context(1), optional=True)
    operating_system: str | None = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(2), optional=True)
    user_visible_string: tuple[bytes, ...] | None = asn1.member(
        asn1.SequenceOf(asn1.GraphicString()), tag=asn1.context(3), optional=True
    )


@asn1.sequence()
class CompressionParameter(asn1.Members):
    """CompressionParameter: an algorithm nobody has registered; a file with it is not unpacked."""

    compression_algorithm_id: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0))
    compression_algorithm_param: bytes = asn1.member(asn1.Any(), tag=asn1.context(1))


@asn1.sequence()
class FileTransferParameters(asn1.Members):
    """FileTransferParameters."""

    related_stored_file: tuple[RelatedFile, ...] | None = asn1.member(RelatedStoredFile, tag=asn1.context(0), optional=True)
    contents_type: ContentsTypeAttribute = asn1.member(ContentsTypeAttribute, tag=asn1.context(1), default=UNSTRUCTURED_BINARY)
    environment: EnvironmentParameter | None = asn1.member(EnvironmentParameter, tag=asn1.context(2), optional=True)
    compression: CompressionParameter | None = asn1.member(CompressionParameter, tag=asn1.context(3), optional=True)
    file_attributes: FileAttributes | None = asn1.member(FileAttributes, tag=asn1.context(4), optional=True)
    extensions: tuple[IPMSExtension, ...] | None = asn1.member(ExtensionsField, tag=asn1.context(5), optional=True)


FileTransferData = asn1.SequenceOf(asn1.LargeExternal)


def file_transfer_data(contents: Octets) -> tuple[asn1.LargeExternal, ...]:
    """The data of an FTBP: one octet-aligned EXTERNAL (RFC 2157 5.5; the aeronautical profile asks for the same)."""
    encoding = asn1.LargeExternalEncoding(octet_aligned=contents)
    reference = oids.ID_FTAM_UNSTRUCTURED_BINARY_ABSTRACT_SYNTAX
    return (asn1.LargeExternal(direct_reference=reference, encoding=encoding),)
