"""The daemon as its operator runs it: started, edited, broken, restarted."""

from __future__ import annotations

import os
import re
import signal
import socket
import time

import feedparser
import pytest


def titles(body: bytes) -> list[str]:
    """Return the titles of a published document's entries."""
    return [entry.title for entry in feedparser.parse(body).entries]


def test_a_subscriber_sees_new_entries_and_edits_within_seconds(home, publisher, start, make) -> None:
    """What the publisher puts out or edits appears at /all.atom by itself."""
    home.write(publisher.serve("/feed", make.rss(make.item(1), make.item(2))))
    daemon = start().ready()
    make.wait_for(lambda: len(titles(daemon.get("all.atom")[2])) == 2)
    publisher.serve("/feed", make.rss(make.item(3), make.item(2, "Story 2, corrected"), make.item(1)))
    seen = make.wait_for(lambda: (found := titles(daemon.get("all.atom")[2])) and len(found) == 3 and found)
    assert sorted(seen) == ["Story 1", "Story 2, corrected", "Story 3"]
    assert daemon.stop() == 0


def test_it_picks_up_where_it_was(home, publisher, start, make) -> None:
    """After a restart the same bytes are served, and nothing is asked before its time."""
    fixed = "polling: {host_gap: 10ms}\nsite: {url: http://news.example/}\n"
    home.write(publisher.serve("/feed", make.rss(make.item(1), make.item(2))), more=fixed)
    first = start().ready()
    make.wait_for(lambda: len(titles(first.get("all.atom")[2])) == 2)
    time.sleep(4)  # Last-Modified has whole seconds and is never later than Date
    before = first.get("all.atom")
    assert first.stop() == 0
    second = start().ready()
    after = second.get("all.atom")
    assert after[2] == before[2]
    assert after[1]["ETag"] == before[1]["ETag"]
    assert after[1]["Last-Modified"] == before[1]["Last-Modified"]
    time.sleep(1.5)
    assert publisher.asked("/feed") == [200]
    assert second.stop() == 0


@pytest.mark.fault("F1")
def test_it_survives_kill_9(home, publisher, start, make) -> None:
    """Killed at once after a poll, it comes back with every entry and no entry twice."""
    home.write(publisher.serve("/feed", make.rss(*map(make.item, range(1, 9)))))
    first = start().ready()
    make.wait_for(lambda: len(titles(first.get("all.atom")[2])) == 8)
    assert first.stop(signal.SIGKILL) == -signal.SIGKILL
    second = start().ready()
    publisher.serve("/feed", make.rss(*map(make.item, range(1, 10))))
    make.wait_for(lambda: len(titles(second.get("all.atom")[2])) == 9)
    assert len(set(titles(second.get("all.atom")[2]))) == 9
    assert second.stop() == 0


def test_the_web_process_goes_with_a_killed_daemon(home, publisher, start, make) -> None:
    """When the daemon is killed its port is free again: the child does not outlive it."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    daemon.stop(signal.SIGKILL)
    make.wait_for(lambda: daemon.get("healthz", check=False)[0] == 0)


def test_conditional_requests_are_answered_304(home, publisher, start, make) -> None:
    """If-None-Match and If-Modified-Since both give 304 without a body, and gzip has an ETag of its own."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    make.wait_for(lambda: titles(daemon.get("all.atom")[2]))
    time.sleep(4)  # Last-Modified has whole seconds and is never later than Date
    for path in ("all.atom", "all.rss", "all.json"):
        status, headers, _ = daemon.get(path)
        assert status == 200
        assert daemon.get(path, **{"If-None-Match": headers["ETag"]})[0::2] == (304, b"")
        assert daemon.get(path, **{"If-Modified-Since": headers["Last-Modified"]})[0::2] == (304, b"")
        compressed = daemon.get(path, **{"Accept-Encoding": "gzip"})[1]
        assert compressed["Content-Encoding"] == "gzip"
        assert compressed["ETag"] != headers["ETag"]


@pytest.mark.fault("F8")
def test_a_second_daemon_is_refused(home, publisher, start, make) -> None:
    """Two daemons on one database: the second exits 75 and names the first."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    refused = home.run("run", "--port", "0", code=75)
    assert str(daemon.process.pid) in refused.stderr


def test_a_taken_port_is_refused(home, publisher, make) -> None:
    """A taken port exits 69, with another one to try, and leaves no database behind."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = home.run("run", "--port", str(taken.getsockname()[1]), code=69)
    assert "--port" in refused.stderr
    assert not (home.folder / "db").exists()


def test_feeds_yaml_is_reloaded(home, publisher, start, make) -> None:
    """A source that is added appears by itself; a wrong file is told with its line and changes nothing."""
    one = publisher.serve("/one", make.rss(make.item(1)))
    two = publisher.serve("/two", make.rss(make.item(2), title="Two"))
    home.write(one)
    daemon = start().ready()
    make.wait_for(lambda: len(titles(daemon.get("all.atom")[2])) == 1)
    home.write(one, "{url: 7, kind: nonsense}")
    make.wait_for(lambda: "config.refused" in daemon.log.read_text())
    home.write(
        one,
        two,
        more="outputs: [{name: late, title: Late}]\n"
        "polling: {host_gap: 10ms, min_interval: 1s, default_interval: 1s}\n",
    )
    make.wait_for(lambda: len(titles(daemon.get("all.atom")[2])) == 2)
    make.wait_for(lambda: len(titles(daemon.get("late.rss")[2])) == 2)
    assert daemon.stop() == 0


def test_commands_reach_the_running_daemon(home, publisher, start, make) -> None:
    """While the daemon runs, `poll` is done by it, and `feeds`, `why`, `entries`, `search` and `health` read beside it."""
    slow = "polling: {host_gap: 10ms}\n"
    url = publisher.serve("/feed", make.rss(make.item(1)))
    home.write(url, more=slow)
    daemon = start().ready()
    make.wait_for(lambda: titles(daemon.get("all.atom")[2]))
    assert home.json("poll", "--all")["totals"]["skipped"] == 1
    publisher.serve("/feed", make.rss(make.item(2, "Grok opens up"), make.item(1)))
    report = home.json("poll", "--force", url)
    assert (report["totals"]["new"], report["feeds"][0]["outcome"]) == (1, "new")
    assert len(titles(daemon.get("all.atom")[2])) == 2, "the answer comes after the new documents"
    assert home.json("feeds")["feeds"][0]["state"] == "ok"
    shown = home.run("why", url).stdout
    assert "default_interval" in shown
    assert "named by:     guid" in shown
    assert len(home.entries()) == 2
    assert [entry["title"] for entry in home.json("search", "grok")["entries"]] == ["Grok opens up"]
    assert home.run("health").stdout == "ok\n"
    assert daemon.stop() == 0
    assert home.run("health", code=69).stdout == ""


@pytest.mark.fault("F2")
def test_it_stops_within_seconds_with_a_slow_server_in_flight(home, publisher, start, make) -> None:
    """SIGTERM in the middle of a fetch: the request is given back, the process ends in time with exit 0."""
    home.write(
        publisher.serve("/slow", make.rss(make.item(1)), delay=4), publisher.serve("/feed", make.rss(make.item(2)))
    )
    daemon = start().ready()
    make.wait_for(lambda: publisher.asked("/slow"))
    began = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began < 10


@pytest.mark.fault("F2")
def test_ctrl_c_is_a_clean_stop(home, publisher, start, make) -> None:
    """SIGINT ends daemon and web process with exit 0."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    assert daemon.stop(signal.SIGINT) == 0
    assert daemon.get("healthz", check=False)[0] == 0


def test_serving_and_polling_can_be_two_processes(home, publisher, start, make) -> None:
    """`run --no-serve` polls and publishes, `run --no-poll` serves what it published."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    poller = start("--no-serve")
    server = start("--no-poll")
    make.wait_for((home.folder / "db/renditions/all.atom").exists)
    make.wait_for(lambda: "web.serving" in server.log.read_text())
    server.ready()
    make.wait_for(lambda: titles(server.get("all.atom")[2]))
    assert (poller.stop(), server.stop()) == (0, 0)


def test_sighup_reloads(home, publisher, start, make) -> None:
    """SIGHUP is answered by a reload, not by the end."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    os.kill(daemon.process.pid, signal.SIGHUP)
    make.wait_for(lambda: "config.unchanged" in daemon.log.read_text())
    assert daemon.stop() == 0


def test_network_settings_are_reloaded(home, publisher, start, make) -> None:
    """An address that is allowed while the daemon runs is asked without a restart, and refused again when it is not."""
    url = publisher.serve("/feed", make.rss(make.item(1)))
    polling = "polling: {host_gap: 10ms, min_interval: 1s, default_interval: 1s}\n"
    home.config.write_text(f"{polling}feeds:\n  - {url}\n")
    daemon = start().ready()
    make.wait_for(lambda: "allow_private" in daemon.log.read_text())
    home.config.write_text(f"{polling}network: {{allow_private: [127.0.0.0/8]}}\nfeeds:\n  - {url}\n")
    make.wait_for(lambda: "config.reloaded" in daemon.log.read_text())
    assert home.json("poll", "--force")["totals"]["new"] == 1
    home.config.write_text(f"{polling}feeds:\n  - {url}\n")
    make.wait_for(lambda: daemon.log.read_text().count("config.reloaded") == 2)
    assert home.json("poll", "--force", code=1)["totals"]["errors"] == 1


def test_health_is_the_daemons_not_the_files(home, publisher, start, make) -> None:
    """A feeds.yaml that was broken while the daemon runs does not make it unhealthy; health says so. It needs none."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    home.config.write_text(home.config.read_text() + "nonsense: 1\n")
    make.wait_for(lambda: b"\naggregator_config_refused 1.0" in daemon.get("metrics")[2])
    assert re.match(r"ok, but feeds\.yaml has a mistake, .*: nonsense: ", home.run("health").stdout)
    home.config.unlink()
    assert home.run("health").stdout.startswith("ok")


@pytest.mark.fault("F8")
def test_the_same_command_twice_names_the_first(home, publisher, start, make) -> None:
    """Started again on the same port, the daemon says that it runs already, not that the port is taken."""
    home.write(publisher.serve("/feed", make.rss(make.item(1))))
    daemon = start().ready()
    port = daemon.base.rstrip("/").rpartition(":")[2]
    assert "running already" in home.run("run", "--port", port, code=75).stderr
