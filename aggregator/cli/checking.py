"""aggregator check."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.context import Context
from aggregator.cli.tables import shown, table
from aggregator.config.advice import warnings
from aggregator.config.secrets import display_url
from aggregator.config.settings import FeedSettings
from aggregator.decide.answers import Answer, classify, status_error
from aggregator.decide.changes import candidates
from aggregator.decide.choice import POLLED_KINDS
from aggregator.decide.filters import filtered
from aggregator.errors import AggregatorError, ConfigError, Problem
from aggregator.fetch.client import Ask, Client
from aggregator.fetch.hosts import HostQueue
from aggregator.parse.pool import ParserPool
from aggregator.run.engine import utc_now
from aggregator.run.report import SCHEMA, rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aggregator.config.settings import Settings
    from aggregator.model import Document, Fetched

_SHOWN_ITEMS = 5
