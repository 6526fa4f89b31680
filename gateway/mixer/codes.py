"""Reasons and diagnostics of X.411 by the name that the standard prints, and in plain words for people (English and German)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from gateway.x400.mts import NonDeliveryDiagnosticCode as D
from gateway.x400.mts import NonDeliveryReasonCode as R

_REASONS: Final[dict[int, tuple[str, str]]] = {
    R.TRANSFER_FAILURE: ("it could not be passed on", "sie konnte nicht weitergegeben werden"),
    R.UNABLE_TO_TRANSFER: ("it could not be delivered", "sie konnte nicht zugestellt werden"),
    R.CONVERSION_NOT_PERFORMED: ("it could not be converted", "sie konnte nicht umgewandelt werden"),
    R.PHYSICAL_RENDITION_NOT_PERFORMED: ("it could not be printed", "sie konnte nicht gedruckt werden"),
    R.PHYSICAL_DELIVERY_NOT_PERFORMED: ("it could not be delivered by post", "sie konnte nicht mit der Post zugestellt werden"),
    R.RESTRICTED_DELIVERY: ("the recipient does not take mail from you", "der Empfänger nimmt von Ihnen keine Post an"),
    R.DIRECTORY_OPERATION_UNSUCCESSFUL: ("the directory could not be asked", "das Verzeichnis konnte nicht befragt werden"),
    R.DEFERRED_DELIVERY_NOT_PERFORMED: ("it could not be held back as asked", "sie konnte nicht wie gewünscht zurückgehalten werden"),
    R.TRANSFER_FAILURE_FOR_SECURITY_REASON: ("security rules stopped it", "Sicherheitsregeln haben sie aufgehalten"),
}

_DIAGNOSTICS: Final[dict[int, tuple[str, str]]] = {
    D.UNRECOGNISED_OR_NAME: ("there is no such address", "diese Adresse gibt es nicht"),
    D.AMBIGUOUS_OR_NAME: ("the address fits more than one user", "die Adresse passt auf mehrere Benutzer"),
    D.MTS_CONGESTION: ("the other system is overloaded", "das andere System ist überlastet"),
    D.LOOP_DETECTED: ("it went round in a circle", "sie lief im Kreis"),
    D.RECIPIENT_UNAVAILABLE: ("the mailbox takes nothing at present", "das Postfach nimmt zur Zeit nichts an"),
    D.MAXIMUM_TIME_EXPIRED: ("it took too long", "es hat zu lange gedauert"),
    D.ENCODED_INFORMATION_TYPES_UNSUPPORTED: (
        "the recipient cannot read this kind of text or file",
        "der Empfänger kann diese Art von Text oder Datei nicht lesen",
    ),
    D.CONTENT_TOO_LONG: ("it is too large", "sie ist zu groß"),
    D.CONVERSION_IMPRACTICAL: ("a part of it cannot be converted", "ein Teil von ihr kann nicht umgewandelt werden"),
    D.IMPLICIT_CONVERSION_PROHIBITED: ("it must not be converted", "sie darf nicht umgewandelt werden"),
    D.IMPLICIT_CONVERSION_NOT_SUBSCRIBED: ("the recipient wants nothing converted", "der Empfänger will nichts Umgewandeltes"),
    D.INVALID_ARGUMENTS: ("an address or a field of it is not valid", "eine Adresse oder ein Feld in ihr ist ungültig"),
    D.CONTENT_SYNTAX_ERROR: ("its content cannot be read", "ihr Inhalt ist nicht lesbar"),
    D.SIZE_CONSTRAINT_VIOLATION: ("a value in it is too long", "ein Wert in ihr ist zu lang"),
    D.PROTOCOL_VIOLATION: ("it breaks the protocol", "sie verletzt das Protokoll"),
    D.CONTENT_TYPE_NOT_SUPPORTED: ("its type of content is not taken there", "ihre Inhaltsart wird dort nicht angenommen"),
    D.TOO_MANY_RECIPIENTS: ("it has too many recipients", "sie hat zu viele Empfänger"),
    D.NO_BILATERAL_AGREEMENT: ("the two mail systems have no agreement", "zwischen den Mailsystemen besteht keine Vereinbarung"),
    D.UNSUPPORTED_CRITICAL_FUNCTION: (
        "it needs a function that is not available there",
        "sie braucht eine Funktion, die es dort nicht gibt",
    ),
    D.CONVERSION_WITH_LOSS_PROHIBITED: (
        "converting it would lose something, which was prohibited",
        "beim Umwandeln ginge etwas verloren, und das war verboten",
    ),
    D.LINE_TOO_LONG: ("a line of it is too long to convert", "eine Zeile ist zu lang zum Umwandeln"),
    D.PAGE_SPLIT: ("converting it would split a page", "beim Umwandeln würde eine Seite geteilt"),
    D.PICTORIAL_SYMBOL_LOSS: ("converting it would lose a picture", "beim Umwandeln ginge ein Bild verloren"),
    D.PUNCTUATION_SYMBOL_LOSS: ("converting it would lose punctuation", "beim Umwandeln gingen Satzzeichen verloren"),
    D.ALPHABETIC_CHARACTER_LOSS: ("converting it would lose letters", "beim Umwandeln gingen Buchstaben verloren"),
    D.MULTIPLE_INFORMATION_LOSS: ("converting it would lose several things", "beim Umwandeln ginge mehreres verloren"),
    D.RECIPIENT_REASSIGNMENT_PROHIBITED: (
        "it must not be passed to the recipient's deputy",
        "sie darf nicht an den Vertreter des Empfängers gehen",
    ),
    D.REDIRECTION_LOOP_DETECTED: ("it was redirected in a circle", "sie wurde im Kreis umgeleitet"),
    D.DL_EXPANSION_PROHIBITED: ("it must not go to a distribution list", "sie darf nicht an eine Verteilerliste gehen"),
    D.NO_DL_SUBMIT_PERMISSION: ("you may not send there", "Sie dürfen dorthin nicht senden"),
    D.DL_EXPANSION_FAILURE: ("the distribution list could not be expanded", "die Verteilerliste konnte nicht aufgelöst werden"),
    D.PHYSICAL_RENDITION_ATTRIBUTES_NOT_SUPPORTED: ("it cannot be printed as asked", "sie kann nicht wie gewünscht gedruckt werden"),
    D.UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_ADDRESS_INCORRECT: ("the postal address is wrong", "die Postanschrift ist falsch"),
    D.UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_OFFICE_INCORRECT_OR_INVALID: ("the post office is wrong", "das Postamt ist falsch"),
    D.UNDELIVERABLE_MAIL_PHYSICAL_DELIVERY_ADDRESS_INCOMPLETE: (
        "the postal address is not complete",
        "die Postanschrift ist unvollständig",
    ),
    D.UNDELIVERABLE_MAIL_RECIPIENT_UNKNOWN: ("the post does not know the recipient", "die Post kennt den Empfänger nicht"),
    D.UNDELIVERABLE_MAIL_RECIPIENT_DECEASED: ("the recipient has died", "der Empfänger ist verstorben"),
    D.UNDELIVERABLE_MAIL_ORGANIZATION_EXPIRED: ("the organisation does not exist any more", "die Organisation gibt es nicht mehr"),
    D.UNDELIVERABLE_MAIL_RECIPIENT_REFUSED_TO_ACCEPT: ("the recipient refused it", "der Empfänger hat die Annahme verweigert"),
    D.UNDELIVERABLE_MAIL_RECIPIENT_DID_NOT_CLAIM: ("the recipient did not collect it", "der Empfänger hat sie nicht abgeholt"),
    D.UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_ADDRESS_PERMANENTLY: ("the recipient has moved", "der Empfänger ist umgezogen"),
    D.UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_ADDRESS_TEMPORARILY: (
        "the recipient is away for a time",
        "der Empfänger ist vorübergehend verzogen",
    ),
    D.UNDELIVERABLE_MAIL_RECIPIENT_CHANGED_TEMPORARY_ADDRESS: (
        "the recipient has left a temporary address",
        "der Empfänger hat eine vorübergehende Anschrift verlassen",
    ),
    D.UNDELIVERABLE_MAIL_NEW_ADDRESS_UNKNOWN: ("the recipient has moved without a new address", "der Empfänger ist unbekannt verzogen"),
    D.UNDELIVERABLE_MAIL_RECIPIENT_DID_NOT_WANT_FORWARDING: (
        "the recipient wants nothing forwarded",
        "der Empfänger wünscht keine Nachsendung",
    ),
    D.UNDELIVERABLE_MAIL_ORIGINATOR_PROHIBITED_FORWARDING: ("it must not be forwarded", "sie darf nicht nachgesandt werden"),
    D.SECURE_MESSAGING_ERROR: ("its protection could not be checked or kept", "ihr Schutz konnte nicht geprüft oder gewahrt werden"),
    D.UNABLE_TO_DOWNGRADE: ("it cannot be written for an older system", "sie lässt sich für ein älteres System nicht schreiben"),
    D.UNABLE_TO_COMPLETE_TRANSFER: ("its transfer did not come to an end", "ihre Übertragung kam nicht zum Ende"),
    D.TRANSFER_ATTEMPTS_LIMIT_REACHED: ("it was tried too often", "es wurde zu oft versucht"),
    D.INCORRECT_NOTIFICATION_TYPE: ("its type of notification is wrong", "die Art der Benachrichtigung ist falsch"),
    D.DL_EXPANSION_PROHIBITED_BY_SECURITY_POLICY: (
        "security rules forbid the distribution list",
        "Sicherheitsregeln verbieten die Verteilerliste",
    ),
    D.FORBIDDEN_ALTERNATE_RECIPIENT: ("the recipient's deputy must not have it", "der Vertreter des Empfängers darf sie nicht bekommen"),
    D.SECURITY_POLICY_VIOLATION: ("it breaks security rules", "sie verletzt Sicherheitsregeln"),
    D.SECURITY_SERVICES_REFUSAL: ("a security service refused it", "ein Sicherheitsdienst hat sie abgelehnt"),
    D.UNAUTHORISED_DL_MEMBER: ("a member of the list is not authorised", "ein Mitglied der Liste ist nicht berechtigt"),
    D.UNAUTHORISED_DL_NAME: ("the list is not authorised", "die Liste ist nicht berechtigt"),
    D.UNAUTHORISED_ORIGINALLY_INTENDED_RECIPIENT_NAME: (
        "the intended recipient is not authorised",
        "der ursprüngliche Empfänger ist nicht berechtigt",
    ),
    D.UNAUTHORISED_ORIGINATOR_NAME: ("you are not authorised", "Sie sind nicht berechtigt"),
    D.UNAUTHORISED_RECIPIENT_NAME: ("the recipient is not authorised", "der Empfänger ist nicht berechtigt"),
    D.UNRELIABLE_SYSTEM: ("a system on the way is not trusted", "einem System auf dem Weg wird nicht vertraut"),
    D.AUTHENTICATION_FAILURE_ON_SUBJECT_MESSAGE: ("its sender could not be proved", "ihr Absender ließ sich nicht beweisen"),
    D.DECRYPTION_FAILED: ("it could not be decrypted", "sie konnte nicht entschlüsselt werden"),
    D.DECRYPTION_KEY_UNOBTAINABLE: ("the key for it could not be had", "der Schlüssel für sie war nicht zu bekommen"),
    D.DOUBLE_ENVELOPE_CREATION_FAILURE: ("its outer envelope could not be made", "ihr äußerer Umschlag ließ sich nicht anlegen"),
    D.DOUBLE_ENVELOPING_MESSAGE_RESTORING_FAILURE: (
        "its outer envelope could not be removed",
        "ihr äußerer Umschlag ließ sich nicht entfernen",
    ),
    D.FAILURE_OF_PROOF_OF_MESSAGE: ("its proof did not hold", "ihr Nachweis hielt nicht"),
    D.INTEGRITY_FAILURE_ON_SUBJECT_MESSAGE: ("it was changed on the way", "sie wurde unterwegs verändert"),
    D.INVALID_SECURITY_LABEL: ("its security label is not valid", "ihre Einstufung ist ungültig"),
    D.KEY_FAILURE: ("a key did not work", "ein Schlüssel hat versagt"),
    D.MANDATORY_PARAMETER_ABSENCE: ("something that security needs is missing", "für die Sicherheit fehlt eine Angabe"),
    D.OPERATION_SECURITY_FAILURE: ("security rules forbid the operation", "Sicherheitsregeln verbieten den Vorgang"),
    D.REPUDIATION_FAILURE_OF_MESSAGE: ("its origin could be denied", "ihre Herkunft wäre bestreitbar"),
    D.SECURITY_CONTEXT_FAILURE: ("it does not fit the security context", "sie passt nicht zum Sicherheitskontext"),
    D.TOKEN_DECRYPTION_FAILED: ("its token could not be decrypted", "ihr Token konnte nicht entschlüsselt werden"),
    D.TOKEN_ERROR: ("its token is wrong", "ihr Token ist falsch"),
    D.UNKNOWN_SECURITY_LABEL: ("its security label is not known", "ihre Einstufung ist unbekannt"),
    D.UNSUPPORTED_ALGORITHM_IDENTIFIER: ("its algorithm is not supported", "ihr Verfahren wird nicht unterstützt"),
    D.UNSUPPORTED_SECURITY_POLICY: ("its security policy is not supported", "ihre Sicherheitsregeln werden nicht unterstützt"),
}


def reason_name(reason: int) -> str:
    """The name of a non-delivery-reason-code as X.411 prints it; the number where the standard has none."""
    return _name(R, reason)


def diagnostic_name(diagnostic: int) -> str:
    """The name of a non-delivery-diagnostic-code as X.411 prints it; the number where the standard has none."""
    return _name(D, diagnostic)


def names(reason: int, diagnostic: int | None) -> str:
    """Both by name: ``unable-to-transfer, unrecognised-OR-name``."""
    return reason_name(reason) if diagnostic is None else f"{reason_name(reason)}, {diagnostic_name(diagnostic)}"


def words(reason: int, diagnostic: int | None, *, german: bool = False) -> str:
    """A non-delivery in plain words: what the diagnostic says, else what the reason says."""
    found = _DIAGNOSTICS.get(diagnostic) if diagnostic is not None else None
    english, deutsch = found or _REASONS.get(reason) or _REASONS[R.UNABLE_TO_TRANSFER]
    return deutsch if german else english


def _name(codes: type[IntEnum], number: int) -> str:
    """In lower case with hyphens, but for the letters OR of an O/R name."""
    if number not in set(codes):
        return str(number)
    name = codes(number).name.lower().replace("_", "-")
    return name.replace("-or-name", "-OR-name")
