"""``report.html``: what a run found, for people. One file, no network, safe whatever the documents hold."""

from dedup.report.page import make_report

__all__ = ["make_report"]
