"""What every command starts from: the options before it, and how to open what they name."""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from aggregator.cli.tables import json_line
from aggregator.cli.tables import shown as legible
from aggregator.config.addresses import database_place
from aggregator.config.environment import stands_in
from aggregator.config.find import find_config
from aggregator.config.load import load
from aggregator.config.logs import hide, set_up_logs, speak_in_events
from aggregator.config.secrets import Mask
from aggregator.config.settings import Settings, Site
from aggregator.errors import ConfigError, StoreError
from aggregator.lists import effective
from aggregator.store.opening import open_store, shown
from aggregator.store.sqlite.lock import Lock, read_holder

if TYPE_CHECKING:
    from aggregator.store.opening import Place
    from aggregator.store.protocols import Store


_NO_TERMINAL = 10_000
"""Characters in a line where nobody looks at it: nothing is cut."""


class Context:
    """Options given before the command, and the parts that commands build from them."""

    def __init__(
        self,
        *,
        config: str | None = None,
        database: str | None = None,
        log_format: str | None = None,
        verbose: bool = False,
    ) -> None:
        self._config = config
        self._database = database
        self._served_at: str | None = None
        self._concurrency: int | None = None
        self._only_reads = False
        self.lacks: ConfigError | None = None
        """The secrets of feeds.yaml that are not set here, where the command does without."""
        self.verbose = verbose
        width = None if sys.stdout.isatty() else _NO_TERMINAL
        self.out = Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty(), width=width)
        self.talk = Console(stderr=True, highlight=False, emoji=False, soft_wrap=not sys.stderr.isatty())
        set_up_logs(log_format or ("text" if sys.stderr.isatty() else "json"), verbose=verbose)
        if log_format is not None:
            speak_in_events()

    @cached_property
    def config_path(self) -> Path:
        """feeds.yaml; ConfigError when there is none."""
        return find_config(self._config, os.environ, Path.cwd())

    @cached_property
    def settings(self) -> Settings:
        """The configuration as it stands in its file; ConfigError with every mistake."""
        return self.load()

    @cached_property
    def effective(self) -> Settings:
        """The configuration with the sources that its remote lists named when they were read last.

        A database that cannot be read has named none: a command that needs it says why.
        """
        settings = self.settings
        if not settings.lists:
            return settings
        try:
            store = self.open_for_reading()
        except StoreError:
            return settings
        try:
            with store.snapshot() as tx:
                found = effective(tx, settings)
        finally:
            store.close()
        hide(Mask.of(found))
        return found

    def load(self) -> Settings:
        """Read the configuration afresh."""
        settings = self._loaded()
        hide(Mask.of(settings))
        changes: dict[str, object] = {"database": self._database} if self._database else {}
        if self._served_at and settings.site.url == Site().url:
            changes["site"] = settings.site.model_copy(update={"url": self._served_at})
        if self._concurrency is not None:
            changes["polling"] = settings.polling.model_copy(update={"concurrency": self._concurrency})
        return settings.model_copy(update=changes) if changes else settings

    def only_reads(self) -> None:
        """Do without secrets that are set for the daemon alone: whoever only looks needs none."""
        self._only_reads = True

    def _loaded(self) -> Settings:
        """Return what the file says; without its secrets where that is enough."""
        try:
            return load(self.config_path, os.environ)
        except ConfigError as error:
            if not self._only_reads:
                raise
            try:
                settings = load(self.config_path, os.environ, only_to_read=True)
            except ConfigError:
                raise error from None
            if stands_in(settings.database):
                raise
            self.lacks = error
            return settings

    def assume_database(self) -> None:
        """Take the database to be in its usual place where feeds.yaml is wrong, or there is none."""
        try:
            _ = self.database
        except ConfigError:
            self.database = database_place(Settings().database, self._usual_folder())

    def _usual_folder(self) -> Path:
        try:
            return self.config_path.parent
        except ConfigError:
            return Path.cwd()

    def forget_settings(self) -> None:
        """Read the configuration again when it is asked for next: its file was changed."""
        for name in ("settings", "effective", "mask"):
            self.__dict__.pop(name, None)

    def limit(self, concurrency: int) -> None:
        """Ask so many sources at a time, whatever feeds.yaml says."""
        self._concurrency = concurrency
        self.forget_settings()

    def serve_at(self, address: str) -> None:
        """Publish self links to the address that is served on, unless feeds.yaml names another than the usual one."""
        self._served_at = address
        self.forget_settings()

    @cached_property
    def database(self) -> Place:
        """Where the database is: the option is relative to the current folder, the setting to its own file."""
        if self._database:
            return database_place(self._database, Path.cwd())
        return database_place(self.settings.database, self.config_path.parent)

    @property
    def database_shown(self) -> str:
        """How the database is called in messages."""
        return shown(self.database)

    @cached_property
    def mask(self) -> Mask:
        """Hides secrets and addresses of private sources in what is shown.

        What a wrong configuration, or one without its secrets, does not tell of them, the database does.
        """
        try:
            settings = self.effective
        except ConfigError:
            return Mask.hiding(self._private_addresses())
        return Mask.of(settings, self._private_addresses() if self.lacks else ())

    def _private_addresses(self) -> set[str]:
        """Return the addresses of private sources that the database knows, if it can be read."""
        try:
            with contextlib.closing(self.open_for_reading()) as store, store.snapshot() as tx:
                return {url for feed in tx.feeds.all() if feed.private for url in (feed.url, feed.fetch_url)}
        except (ConfigError, StoreError):
            return set()

    def print(self, text: str) -> None:
        """Print lines for people on stdout: no secrets, no control characters, no markup."""
        for line in self.mask(text).split("\n"):
            self.out.print(legible(line), markup=False)

    def tell(self, text: str) -> None:
        """Say a line to people on stderr, as `print` does on stdout."""
        self.talk.print(legible(self.mask(text)), markup=False)

    def print_json(self, value: object) -> None:
        """Print one JSON object on a line on stdout, without secrets; end quietly when its reader has gone.

        Characters that could drive a terminal are written as JSON's escapes, which mean the same.
        """
        try:
            click.echo(json_line(self.mask.deep(value)))
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None

    @property
    def folder(self) -> Path:
        """Where all run-time state is: beside the database's file, or in db/ beside feeds.yaml when it has none."""
        return self.database.parent if isinstance(self.database, Path) else self.config_path.parent / "db"

    @property
    def renditions(self) -> Path:
        """Where the published documents are."""
        return self.folder / "renditions"

    @property
    def lock(self) -> Lock:
        """The lock of the one writer."""
        return Lock(self.folder / "lock", guards=self.database if isinstance(self.database, Path) else None)

    def daemon_socket(self, folder: Path | None = None, *, polls: bool = True) -> Path | None:
        """Return where the daemon that runs on this (or another) folder listens for commands, or None.

        `polls`: one that only serves is none.
        """
        holder = read_holder((folder or self.folder) / "lock")
        if polls and holder.get("polls") is False:
            return None
        address = holder.get("control")
        return Path(address) if isinstance(address, str) else None

    def open_for_reading(self) -> Store:
        """Open the database beside its writer."""
        return open_store(self.database, readonly=True)

    def open_for_writing(self) -> Store:
        """Open the database as its writer.

        The lock must be held, unless it is on a server, where writers take turns.
        """
        return open_store(self.database)
