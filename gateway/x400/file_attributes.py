"""Attributes of a file in a file transfer body part (X.420 Annex D FileAttributes, ISO 8571-4).

RFC 2157 maps the path name, three of the times and the size; the rest is read, carried and written.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Any

from gateway import asn1

Pathname = asn1.SequenceOf(asn1.GraphicString())


@asn1.choice()
class PathnameAttribute(asn1.Choice):
    """Pathname-Attribute: components of a file name; a single incomplete one is the usual form."""

    incomplete_pathname: tuple[bytes, ...] | None = asn1.alternative(Pathname, tag=asn1.context(0))
    complete_pathname: tuple[bytes, ...] | None = asn1.alternative(Pathname, tag=asn1.context(23))


class Permission(IntEnum):
    """ISO 8571 Permitted-Actions-Attribute: bits."""

    READ = 0
    INSERT = 1
    REPLACE = 2
    EXTEND = 3
    ERASE = 4
    READ_ATTRIBUTE = 5
    CHANGE_ATTRIBUTE = 6
    DELETE_OBJECT = 7
    TRAVERSAL = 8
    REVERSE_TRAVERSAL = 9
    RANDOM_ORDER = 10
    PASS = 11
    LINK = 12


@asn1.choice()
class AccountAttribute(asn1.Choice):
    """Account-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: bytes | None = asn1.alternative(asn1.GraphicString())


@asn1.choice()
class UserIdentityAttribute(asn1.Choice):
    """User-Identity-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: bytes | None = asn1.alternative(asn1.GraphicString())


@asn1.choice()
class DateAndTimeAttribute(asn1.Choice):
    """ISO 8571 Date-and-Time-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: datetime | None = asn1.alternative(asn1.GeneralizedTime(), tag=asn1.context(1))


class Availability(IntEnum):
    """ISO 8571 Object-Availability-Attribute."""

    IMMEDIATE_AVAILABILITY = 0
    DEFERRED_AVAILABILITY = 1


@asn1.choice()
class ObjectAvailabilityAttribute(asn1.Choice):
    """ISO 8571 Object-Availability-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: int | None = asn1.alternative(asn1.Integer(names=Availability), tag=asn1.context(1))


@asn1.choice()
class ObjectSizeAttribute(asn1.Choice):
    """ISO 8571 Object-Size-Attribute, in octets."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: int | None = asn1.alternative(asn1.Integer(), tag=asn1.context(1))


@asn1.choice()
class LegalQualificationAttribute(asn1.Choice):
    """ISO 8571 Legal-Qualification-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: bytes | None = asn1.alternative(asn1.GraphicString(), tag=asn1.context(1))


@asn1.choice()
class PrivateUseAttribute(asn1.Choice):
    """ISO 8571 Private-Use-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    abstract_syntax_not_supported: asn1.NullType | None = asn1.alternative(
        asn1.Null(), tag=asn1.context(1), name="abstract-Syntax-not-supported"
    )
    actual_values: asn1.External | None = asn1.alternative(asn1.External, tag=asn1.context(2))


@asn1.sequence()
class ExtensionAttributeValue(asn1.Members):
    """ISO 8571 Extension-Attribute."""

    extension_attribute_identifier: str = asn1.member(asn1.ObjectIdentifier())
    extension_attribute: bytes = asn1.member(asn1.Any())


@asn1.sequence()
class AttributeExtensionSet(asn1.Members):
    """ISO 8571 Attribute-Extension-Set; the module has explicit tags, so the second one is."""

    extension_set_identifier: str = asn1.member(asn1.ObjectIdentifier(), tag=asn1.context(0))
    extension_set_attributes: tuple[ExtensionAttributeValue, ...] = asn1.member(
        asn1.SequenceOf(ExtensionAttributeValue), tag=asn1.context(1, explicit=True)
    )


AttributeExtensions = asn1.SequenceOf(AttributeExtensionSet)


class AccessRequest(IntEnum):
    """Access-Request: bits."""

    READ = 0
    INSERT = 1
    REPLACE = 2
    EXTEND = 3
    ERASE = 4
    READ_ATTRIBUTE = 5
    CHANGE_ATTRIBUTE = 6
    DELETE_OBJECT = 7


class ConcurrencyKey(IntEnum):
    """ISO 8571 Concurrency-Key: bits."""

    NOT_REQUIRED = 0
    SHARED = 1
    EXCLUSIVE = 2
    NO_ACCESS = 3


def _key(number: int, name: str | None = None) -> Any:
    return asn1.member(asn1.NamedBitString(ConcurrencyKey), tag=asn1.context(number), name=name)


@asn1.sequence()
class ConcurrencyAccess(asn1.Members):
    """ISO 8571 Concurrency-Access."""

    read: frozenset[int] = _key(0)
    insert: frozenset[int] = _key(1)
    replace: frozenset[int] = _key(2)
    extend: frozenset[int] = _key(3)
    erase: frozenset[int] = _key(4)
    read_attribute: frozenset[int] = _key(5)
    change_attribute: frozenset[int] = _key(6)
    delete_object: frozenset[int] = _key(7, "delete-Object")


@asn1.choice()
class Password(asn1.Choice):
    """Password."""

    graphic_string: bytes | None = asn1.alternative(asn1.GraphicString())
    octet_string: bytes | None = asn1.alternative(asn1.OctetString())


@asn1.sequence()
class AccessPasswords(asn1.Members):
    """Access-Passwords."""

    read_password: Password = asn1.member(Password, tag=asn1.context(0))
    insert_password: Password = asn1.member(Password, tag=asn1.context(1))
    replace_password: Password = asn1.member(Password, tag=asn1.context(2))
    extend_password: Password = asn1.member(Password, tag=asn1.context(3))
    erase_password: Password = asn1.member(Password, tag=asn1.context(4))
    read_attribute_password: Password = asn1.member(Password, tag=asn1.context(5))
    change_attribute_password: Password = asn1.member(Password, tag=asn1.context(6))
    delete_password: Password = asn1.member(Password, tag=asn1.context(7))
    pass_passwords: tuple[Password, ...] = asn1.member(asn1.SequenceOf(Password), tag=asn1.context(8))
    link_password: Password = asn1.member(Password, tag=asn1.context(9))


@asn1.sequence()
class ApplicationEntityTitle(asn1.Members):
    """Application-Entity-Title; both parts are choices of ACSE and kept as complete TLVs."""

    ap_title: bytes = asn1.member(asn1.Any())
    ae_qualifier: bytes = asn1.member(asn1.Any())


@asn1.sequence()
class AccessControlElement(asn1.Members):
    """Access-Control-Element."""

    action_list: frozenset[int] = asn1.member(asn1.NamedBitString(AccessRequest), tag=asn1.context(0))
    concurrency_access: ConcurrencyAccess | None = asn1.member(ConcurrencyAccess, tag=asn1.context(1), optional=True)
    identity: bytes | None = asn1.member(asn1.GraphicString(), tag=asn1.context(2), optional=True)
    passwords: AccessPasswords | None = asn1.member(AccessPasswords, tag=asn1.context(3), optional=True)
    location: ApplicationEntityTitle | None = asn1.member(ApplicationEntityTitle, tag=asn1.context(4), optional=True)


@asn1.choice()
class AccessControlAttribute(asn1.Choice):
    """Access-Control-Attribute."""

    no_value_available: asn1.NullType | None = asn1.alternative(asn1.Null(), tag=asn1.context(0))
    actual_values: tuple[AccessControlElement, ...] | None = asn1.alternative(asn1.SetOf(AccessControlElement), tag=asn1.context(1))


def _time(number: int) -> Any:
    return asn1.member(DateAndTimeAttribute, tag=asn1.context(number), optional=True)


def _identity(number: int) -> Any:
    return asn1.member(UserIdentityAttribute, tag=asn1.context(number), optional=True)


@asn1.sequence()
class FileAttributes(asn1.Members):
    """FileAttributes."""

    pathname: PathnameAttribute | None = asn1.member(PathnameAttribute, optional=True)
    permitted_actions: frozenset[int] | None = asn1.member(asn1.NamedBitString(Permission), tag=asn1.context(1), optional=True)
    storage_account: AccountAttribute | None = asn1.member(AccountAttribute, tag=asn1.context(3), optional=True)
    date_and_time_of_creation: DateAndTimeAttribute | None = _time(4)
    date_and_time_of_last_modification: DateAndTimeAttribute | None = _time(5)
    date_and_time_of_last_read_access: DateAndTimeAttribute | None = _time(6)
    date_and_time_of_last_attribute_modification: DateAndTimeAttribute | None = _time(7)
    identity_of_creator: UserIdentityAttribute | None = _identity(8)
    identity_of_last_modifier: UserIdentityAttribute | None = _identity(9)
    identity_of_last_reader: UserIdentityAttribute | None = _identity(10)
    identity_of_last_attribute_modifier: UserIdentityAttribute | None = _identity(11)
    object_availability: ObjectAvailabilityAttribute | None = asn1.member(
        ObjectAvailabilityAttribute, tag=asn1.context(12), optional=True
    )
    object_size: ObjectSizeAttribute | None = asn1.member(ObjectSizeAttribute, tag=asn1.context(13), optional=True)
    future_object_size: ObjectSizeAttribute | None = asn1.member(ObjectSizeAttribute, tag=asn1.context(14), optional=True)
    access_control: AccessControlAttribute | None = asn1.member(AccessControlAttribute, tag=asn1.context(15), optional=True)
    legal_qualifications: LegalQualificationAttribute | None = asn1.member(
        LegalQualificationAttribute, tag=asn1.context(16), optional=True
    )
    private_use: PrivateUseAttribute | None = asn1.member(PrivateUseAttribute, tag=asn1.context(17), optional=True)
    attribute_extensions: tuple[AttributeExtensionSet, ...] | None = asn1.member(
        AttributeExtensions, tag=asn1.context(22), optional=True
    )
