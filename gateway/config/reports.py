"""Reports: what is asked for on the way out, what is told, in which words, and how long it is remembered what was sent."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gateway.config.section import Section


class ReportsSection(Section):
    """Reports, notifications and probes."""

    language: Literal["en", "de"] = "en"
    follow_sender_language: bool = True
    return_paths: Literal["tagged", "strict"] = "tagged"
    relayed: Literal["report", "ledger"] = "report"
    lifetime_days: float = Field(default=30, gt=0)
    report_patience_hours: float = Field(default=72, gt=0)
    notification_patience_days: float = Field(default=14, gt=0)
    hourly_to_one_address: int = Field(default=500, ge=0)
    check_recipients_of_probes: bool = False
