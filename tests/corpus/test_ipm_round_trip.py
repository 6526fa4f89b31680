"""What X.400 wrote crosses to the Internet and comes back.

Every body part keeps what it means: text its characters, a file its octets and its name, a forwarded message its heading and its parts, and
what MIME has no word for stays octet for octet (RFC 2157 2 and 3.2). Its carrier may change: that is the policy of the peer. So a body
part 14 or an image comes back as the file that it is, and PKCS #7 as the file that S/MIME makes of it (RFC 8551 3.2.1).
"""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, given
from hypothesis import settings as limits

from gateway import asn1
from gateway.octets import Octets
from gateway.x400 import oids
from gateway.x400.bodyparts import BodyPart
from gateway.x400.charsets import text_from_general, text_from_t61
from gateway.x400.extended_bodyparts import data_of, parameters_of
from gateway.x400.ipm import IPM, InformationObject
from tests.corpus.crossing import here, there
from tests.corpus.ipm_structures import ipms, p1_message

IMAGES = {oids.ID_MIME_POSTSCRIPT_BODY, oids.ID_MIME_JPEG_BODY, oids.ID_MIME_GIF_BODY}


_INVENTED = re.compile(r"part-\d+\.bin")
"""The name that a body part 14 gets among others, since it has none of its own and people save files (FIELD row 9)."""


def meaning(part: BodyPart) -> object:
    """What a body part says, whatever carries it."""
    if part.ia5_text is not None:
        return _text(part.ia5_text.data.to_bytes().decode("ascii"))
    if part.teletex is not None:
        # The pages of a teletex body are one text with form feeds (RFC 2157 6.7).
        return _text("\f".join(text_from_t61(page.to_bytes()) for page in part.teletex.data))
    if part.message is not None:
        return ("message", part.message.parameters.delivery_time, meaning_of(part.message.data))
    if part.g3_facsimile is not None:
        return ("fax", part.g3_facsimile.parameters, tuple(_lines_of_page(page) for page in part.g3_facsimile.data))
    if part.bilaterally_defined is not None:
        return ("file", "", part.bilaterally_defined.to_bytes())
    if part.extended is not None:
        return _extended(part)
    return asn1.encode(part)


def _extended(part: BodyPart) -> object:
    assert part.extended is not None
    kind, data, parameters = part.extended.data.direct_reference, data_of(part.extended), parameters_of(part.extended)
    if kind == oids.ID_ET_GENERAL_TEXT:
        return _text(text_from_general(data.to_bytes(), frozenset(parameters)))
    if kind in IMAGES:
        return ("file", "", data.to_bytes())
    if kind == oids.ID_ET_FILE_TRANSFER:
        pathname = parameters.file_attributes.pathname if parameters.file_attributes is not None else None
        name = b"".join(pathname.incomplete_pathname).decode() if pathname is not None else ""
        return ("file", "" if _INVENTED.fullmatch(name) else name, b"".join(_aligned(one) for one in data))
    if kind == oids.ID_ET_PKCS7:
        return ("file", "smime.p7m", asn1.encode(data))
    return asn1.encode(part)


def _aligned(external: asn1.LargeExternal) -> bytes:
    found: Octets | None = external.encoding.octet_aligned
    assert found is not None
    return found.to_bytes()


def _lines_of_page(page: asn1.Bits) -> str:
    """The bits of a page but for the end-of-line codes and the filling behind it: every page gets six of them (RFC 2159 2.2).

    In a body part the lowest bit of an octet is the first (RFC 2159 3).
    """
    bits = "".join(f"{octet:08b}"[::-1] for octet in page.octets.to_bytes())
    return re.sub(r"(?:0{11,}1)*0*$", "", bits)


def _text(text: str) -> object:
    return ("text", text.replace("\r\n", "\n").rstrip("\n"))


def meaning_of(ipm: IPM) -> object:
    """What an IPM says: its identifier, its subject and its body parts in their order.

    No body part and an empty text say the same: an Internet message always has a body.
    """
    parts = tuple(meaning(part) for part in ipm.body)
    return (ipm.heading.subject, ipm.heading.this_ipm, parts or (_text(""),))


@limits(max_examples=1500 if os.environ.get("MIXER_LONG") else 60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ipm=ipms())
def test_an_ipm_comes_back_as_it_was(ipm: IPM) -> None:
    across = here(p1_message(ipm))
    assert not across.email.defects
    back = asn1.decode(there(across.octets).message.content, InformationObject).ipm
    assert back is not None
    assert meaning_of(back) == meaning_of(ipm)
