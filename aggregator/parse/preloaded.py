"""What every worker needs, loaded once: the fork server imports this before it forks the first one."""

from __future__ import annotations

import gc

from aggregator.parse.worker import load

load()
gc.freeze()  # what is shared stays shared: a collector that never looks at it never copies its pages
