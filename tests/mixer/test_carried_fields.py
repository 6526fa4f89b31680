"""Fields that no rule consumes are carried as they stand (RFC 2156 5.1.2)."""

from datetime import UTC, datetime

from gateway import asn1
from gateway.internet.envelope import SmtpEnvelope, SmtpRecipient
from gateway.internet.message import parse
from gateway.mixer.convert import Context, GlobalDomain, Settings, message_to_x400
from gateway.mixer.stdor import from_text
from gateway.octets import MemoryOctets
from gateway.x400 import oids
from gateway.x400.ipm import InformationObject

SETTINGS = Settings(
    gateway_domain="gw.example",
    gateway_oraddress=from_text("/PRMD=GATE/ADMD=T/C=XX/"),
    global_domain=GlobalDomain(country="XX", admd="T", prmd="GATE"),
    mta_name="GW",
)


def test_an_encoded_word_is_not_encoded_again():
    context = Context(settings=SETTINGS, now=datetime(2026, 11, 23, tzinfo=UTC), plan_seed="seed", queue_id="Q")
    message = parse(MemoryOctets(b"From: a@b.example\r\nTo: c@d.example\r\nX-Greek: =?utf-8?b?zpXOuw==?= and\r\n more\r\n\r\nHi\r\n"))
    envelope = SmtpEnvelope(reverse_path="a@b.example", recipients=(SmtpRecipient(address="c@d.example"),))
    apdu = message_to_x400(message, envelope, (1,), context).result
    heading = asn1.decode(apdu.message.content, InformationObject).ipm.heading
    (carried,) = [each.value for each in heading.extensions if each.type_ == oids.ID_RFC_822_FIELD_LIST]
    assert "X-Greek: =?utf-8?b?zpXOuw==?= and more" in carried
