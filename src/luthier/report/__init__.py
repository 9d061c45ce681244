"""What a study found, as a page to read: one HTML file, and its Markdown twin."""

from luthier.report.report import Report

__all__ = ["Report"]
