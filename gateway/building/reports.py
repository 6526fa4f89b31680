"""Reports: the manners of the configuration."""

from __future__ import annotations

from datetime import timedelta

from gateway.config import Config
from gateway.journeys.manners import Manners, ReturnPaths
from gateway.mixer.phrases import Language


def manners_from(config: Config) -> Manners:
    """How the gateway behaves where reports are concerned."""
    section = config.reports
    return Manners(
        language=Language(section.language),
        follow_sender=section.follow_sender_language,
        return_paths=ReturnPaths(section.return_paths),
        report_relayed=section.relayed == "report",
        lifetime=timedelta(days=section.lifetime_days),
        report_patience=timedelta(hours=section.report_patience_hours),
        notification_patience=timedelta(days=section.notification_patience_days),
    )
