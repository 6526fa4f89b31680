"""Object identifiers of X.411, X.419, X.420 and of MIXER, as dotted strings.

Names are those of the modules in capitals (``id-as-mtse`` -> ``ID_AS_MTSE``). Object classes, ports, modules and the attributes of the
message store are left out: no P1 octet carries them. ``tests/x400/test_modules.py`` holds every value here to the published modules.
"""

from __future__ import annotations

from typing import Final

# X.419 MHSProtocolObjectIdentifiers: application contexts and abstract syntaxes
ID_MHS_PROTOCOLS: Final = "2.6.0"
ID_AC: Final = "2.6.0.1"
ID_AS: Final = "2.6.0.2"
ID_AC_MTS_ACCESS_88: Final = "2.6.0.1.0"
ID_AC_MTS_FORCED_ACCESS_88: Final = "2.6.0.1.1"
ID_AC_MTS_RELIABLE_ACCESS_88: Final = "2.6.0.1.2"
ID_AC_MTS_FORCED_RELIABLE_ACCESS_88: Final = "2.6.0.1.3"
ID_AC_MTS_ACCESS_94: Final = "2.6.0.1.7"
ID_AC_MTS_FORCED_ACCESS_94: Final = "2.6.0.1.8"
ID_AC_MTS_RELIABLE_ACCESS_94: Final = "2.6.0.1.9"
ID_AC_MTS_FORCED_RELIABLE_ACCESS_94: Final = "2.6.0.1.10"
ID_AC_MS_ACCESS_88: Final = "2.6.0.1.4"
ID_AC_MS_RELIABLE_ACCESS_88: Final = "2.6.0.1.5"
ID_AC_MS_ACCESS_94: Final = "2.6.0.1.11"
ID_AC_MS_RELIABLE_ACCESS_94: Final = "2.6.0.1.12"
ID_AC_MTS_TRANSFER: Final = "2.6.0.1.6"
ID_AS_MSSE: Final = "2.6.0.2.1"
ID_AS_MDSE_88: Final = "2.6.0.2.2"
ID_AS_MRSE_88: Final = "2.6.0.2.5"
ID_AS_MASE_88: Final = "2.6.0.2.6"
ID_AS_MTSE: Final = "2.6.0.2.7"
ID_AS_MTS_RTSE: Final = "2.6.0.2.8"
ID_AS_MS_88: Final = "2.6.0.2.9"
ID_AS_MS_RTSE: Final = "2.6.0.2.10"
ID_AS_MTS: Final = "2.6.0.2.11"
ID_AS_MTA_RTSE: Final = "2.6.0.2.12"
ID_AS_MS_MSSE: Final = "2.6.0.2.13"
ID_AS_MDSE_94: Final = "2.6.0.2.14"
ID_AS_MRSE_94: Final = "2.6.0.2.15"
ID_AS_MASE_94: Final = "2.6.0.2.16"
ID_AS_MS_94: Final = "2.6.0.2.17"

# X.411 MTSObjectIdentifiers
ID_MTS: Final = "2.6.3"
ID_CONT: Final = "2.6.3.3"
ID_EIT: Final = "2.6.3.4"
ID_ATT: Final = "2.6.3.5"
ID_TOK: Final = "2.6.3.6"
ID_CT: Final = "2.6.3.8"
ID_CONT_UNIDENTIFIED: Final = "2.6.3.3.0"
ID_CONT_INNER_ENVELOPE: Final = "2.6.3.3.1"
ID_EIT_UNKNOWN: Final = "2.6.3.4.0"
ID_EIT_IA5_TEXT: Final = "2.6.3.4.2"
ID_EIT_G3_FACSIMILE: Final = "2.6.3.4.3"
ID_EIT_G4_CLASS_1: Final = "2.6.3.4.4"
ID_EIT_TELETEX: Final = "2.6.3.4.5"
ID_EIT_VIDEOTEX: Final = "2.6.3.4.6"
ID_EIT_VOICE: Final = "2.6.3.4.7"
ID_EIT_SFD: Final = "2.6.3.4.8"
ID_EIT_MIXED_MODE: Final = "2.6.3.4.9"
ID_ATT_PHYSICALRENDITION_BASIC: Final = "2.6.3.5.0"
ID_ATT_PHYSICALRENDITION_NO_COVER_PAGE: Final = "2.6.3.5.1"
ID_TOK_ASYMMETRICTOKEN: Final = "2.6.3.6.0"
ID_CT_MTS_ACCESS: Final = "2.6.3.8.0"
ID_CT_MTS_FORCED_ACCESS: Final = "2.6.3.8.1"
ID_CT_MTA_TRANSFER: Final = "2.6.3.8.2"

# X.420 IPMSObjectIdentifiers (its id-eit arc is renamed: X.411 has one of the same name)
ID_IPMS: Final = "2.6.1"
ID_ET: Final = "2.6.1.4"
ID_HEX: Final = "2.6.1.5"
ID_MCT: Final = "2.6.1.10"
ID_EP: Final = "2.6.1.11"
ID_EIT_IPMS: Final = "2.6.1.12"
ID_AAE: Final = "2.6.1.16"
ID_SEC: Final = "2.6.1.18"
ID_ON: Final = "2.6.1.19"
ID_REX: Final = "2.6.1.20"
ID_ET_IA5_TEXT: Final = "2.6.1.4.0"
ID_ET_G3_FACSIMILE: Final = "2.6.1.4.2"
ID_ET_G4_CLASS1: Final = "2.6.1.4.3"
ID_ET_TELETEX: Final = "2.6.1.4.4"
ID_ET_VIDEOTEX: Final = "2.6.1.4.5"
ID_ET_ENCRYPTED: Final = "2.6.1.4.6"
ID_ET_MESSAGE: Final = "2.6.1.4.7"
ID_ET_MIXED_MODE: Final = "2.6.1.4.8"
ID_ET_BILATERALLY_DEFINED: Final = "2.6.1.4.9"
ID_ET_NATIONALLY_DEFINED: Final = "2.6.1.4.10"
ID_ET_GENERAL_TEXT: Final = "2.6.1.4.11"
ID_ET_FILE_TRANSFER: Final = "2.6.1.4.12"
ID_ET_REPORT: Final = "2.6.1.4.14"
ID_ET_NOTIFICATION: Final = "2.6.1.4.15"
ID_ET_VOICE: Final = "2.6.1.4.16"
ID_ET_CONTENT: Final = "2.6.1.4.17"
ID_ET_PKCS7: Final = "2.6.1.4.18"
ID_HEX_INCOMPLETE_COPY: Final = "2.6.1.5.0"
ID_HEX_LANGUAGES: Final = "2.6.1.5.1"
ID_HEX_AUTO_SUBMITTED: Final = "2.6.1.5.2"
ID_HEX_BODY_PART_SIGNATURES: Final = "2.6.1.5.3"
ID_HEX_IPM_SECURITY_LABEL: Final = "2.6.1.5.4"
ID_HEX_AUTHORIZATION_TIME: Final = "2.6.1.5.5"
ID_HEX_CIRCULATION_LIST_RECIPIENTS: Final = "2.6.1.5.6"
ID_HEX_DISTRIBUTION_CODES: Final = "2.6.1.5.7"
ID_HEX_EXTENDED_SUBJECT: Final = "2.6.1.5.8"
ID_HEX_INFORMATION_CATEGORY: Final = "2.6.1.5.9"
ID_HEX_MANUAL_HANDLING_INSTRUCTIONS: Final = "2.6.1.5.10"
ID_HEX_ORIGINATORS_REFERENCE: Final = "2.6.1.5.11"
ID_HEX_PRECEDENCE_POLICY_ID: Final = "2.6.1.5.12"
ID_MCT_P2_1984: Final = "2.6.1.10.0"
ID_MCT_P2_1988: Final = "2.6.1.10.1"
ID_EP_IA5_TEXT: Final = "2.6.1.11.0"
ID_EP_G3_FACSIMILE: Final = "2.6.1.11.2"
ID_EP_TELETEX: Final = "2.6.1.11.4"
ID_EP_VIDEOTEX: Final = "2.6.1.11.5"
ID_EP_ENCRYPTED: Final = "2.6.1.11.6"
ID_EP_MESSAGE: Final = "2.6.1.11.7"
ID_EP_GENERAL_TEXT: Final = "2.6.1.11.11"
ID_EP_FILE_TRANSFER: Final = "2.6.1.11.12"
ID_EP_NOTIFICATION: Final = "2.6.1.11.15"
ID_EP_VOICE: Final = "2.6.1.11.16"
ID_EP_CONTENT: Final = "2.6.1.11.17"
ID_EIT_FILE_TRANSFER: Final = "2.6.1.12.0"
ID_EIT_IPMS_VOICE: Final = "2.6.1.12.1"
ID_VOICE_11KHZ_SAMPLE: Final = "2.6.1.12.1.0"
ID_VOICE_22KHZ_SAMPLE: Final = "2.6.1.12.1.1"
ID_VOICE_CD_QUALITY: Final = "2.6.1.12.1.2"
ID_VOICE_G711_MU_LAW: Final = "2.6.1.12.1.3"
ID_VOICE_G726_32K_ADPCM: Final = "2.6.1.12.1.4"
ID_VOICE_G728_16K_LD_CELP: Final = "2.6.1.12.1.5"
ID_AAE_AUTO_DISCARD_ERROR: Final = "2.6.1.16.0"
ID_AAE_AUTO_FORWARDING_LOOP: Final = "2.6.1.16.1"
ID_AAE_DUPLICATE_IPN: Final = "2.6.1.16.2"
ID_SEC_IPM_SECURITY_REQUEST: Final = "2.6.1.18.0"
ID_SEC_SECURITY_COMMON_FIELDS: Final = "2.6.1.18.1"
ID_ON_ABSENCE_ADVICE: Final = "2.6.1.19.0"
ID_ON_CHANGE_OF_ADDRESS_ADVICE: Final = "2.6.1.19.1"
ID_REX_CIRCULATION_LIST_INDICATOR: Final = "2.6.1.20.0"
ID_REX_PRECEDENCE: Final = "2.6.1.20.1"

# X.420 IPMSObjectIdentifiers2 (ISO/IEC extensions)
ID_ISO_IPMS: Final = "1.0.10021.7"
ID_ISO_MOD: Final = "1.0.10021.7.0"
ID_ISO_CS: Final = "1.0.10021.7.1"
ID_CS_EIT_AUTHORITY: Final = "1.0.10021.7.1.0"

# RFC 2156 Appendix D and RFC 2157 Appendix B: {iso org(3) dod(6) internet(1) mail(7) mixer(1)}
MIXER: Final = "1.3.6.1.7.1"
ID_HEX_PARTIAL_MESSAGE: Final = "1.3.6.1.7.1.1.1"
ID_HEX_MULTIPART_MESSAGE: Final = "1.3.6.1.7.1.1.2"
ID_HEX_MULTIPART_MESSAGE_V2: Final = "1.3.6.1.7.1.1.3"
ID_MIME_BP_DATA: Final = "1.3.6.1.7.1.2.1.1"
ID_MIME_POSTSCRIPT_BODY: Final = "1.3.6.1.7.1.2.1.2"
ID_MIME_JPEG_BODY: Final = "1.3.6.1.7.1.2.1.3"
ID_MIME_GIF_BODY: Final = "1.3.6.1.7.1.2.1.4"
ID_MIME_FTBP_DATA: Final = "1.3.6.1.7.1.2.1.5"
ID_MIME_FTBP_POSTSCRIPT: Final = "1.3.6.1.7.1.2.1.6"
ID_MIME_BP_PARAMETERS: Final = "1.3.6.1.7.1.2.2.1"
ID_RFC_822_FIELD_LIST: Final = "1.3.6.1.7.1.3.2"
ID_DSN_HEADER_LIST: Final = "1.3.6.1.7.1.3.3"
ID_DSN_FIELD_LIST: Final = "1.3.6.1.7.1.3.4"
EIT_MIXER: Final = "1.3.6.1.7.1.3.5"

# RFC 1327: the heading extension of older gateways, read and never sent
ID_RFC_822_FIELD_LIST_1327: Final = "0.9.2342.234219200300.200.1"

# X.420 12.6 and its use in the field: FTBP
ID_FTAM_UNSTRUCTURED_BINARY: Final = "1.0.8571.5.3"
ID_FTAM_UNSTRUCTURED_BINARY_ABSTRACT_SYNTAX: Final = "1.0.8571.2.4"

# P772, the military content type that one of the captured peers sends
ID_P772_CONTENT: Final = "1.3.26.0.4406.0.4.1"

BER: Final = "2.1.1"

# X.411 Annex: bit of the built-in encoded information types <-> the identifier that means the same
BUILT_IN_EITS: Final[dict[int, str]] = {
    0: ID_EIT_UNKNOWN,
    2: ID_EIT_IA5_TEXT,
    3: ID_EIT_G3_FACSIMILE,
    4: ID_EIT_G4_CLASS_1,
    5: ID_EIT_TELETEX,
    6: ID_EIT_VIDEOTEX,
    7: ID_EIT_VOICE,
    8: ID_EIT_SFD,
    9: ID_EIT_MIXED_MODE,
}
