"""Recompute every claim from the problem and the built ids, and refuse what does not agree."""

from __future__ import annotations

from optimiser.verify.certificate import certificate, check_certificate
from optimiser.verify.check import check, score
from optimiser.verify.plan import Coverage, Plan

__all__ = ["Coverage", "Plan", "certificate", "check", "check_certificate", "score"]
