"""aggregator opml import and export, as a person types them."""

from __future__ import annotations

HEAD = """# mine
defaults: {tags: [ai]}
feeds:   # all of them
  - https://a.example/1   # the first
"""
TAIL = "outputs:\n  - {name: labs, tags: [lab]}\n"
LIST = """<opml version="1.0"><body>
<outline text="Labs: new"><outline text="A &amp; B ${HOME}" xmlUrl="https://a.example/2" category="ai,lab"/>
<outline xmlUrl="HTTPS://a.example:443/1" text="known"/></outline>
<outline text="broken" xmlUrl="ftp://a.example/3"/>
<outline text=""https://a.example/4"" xmlUrl="https://a.example/4" type="rss"/>
</body></opml>
"""


def test_import_keeps_the_rest_as_it_was(home) -> None:
    """New feeds stand below the others, a line each; what is known, or no address, is told with its line."""
    home.config.write_text(HEAD + TAIL)
    home.config.chmod(0o640)
    file = home.folder / "list.opml"
    file.write_text(LIST)
    dry = home.run("opml", "import", "--dry-run", str(file))
    assert home.config.read_text() == HEAD + TAIL
    assert dry.stdout == "would add https://a.example/2\nwould add https://a.example/4\n"
    done = home.run("opml", "import", str(file))
    assert done.stdout == "added https://a.example/2\nadded https://a.example/4\n"
    assert home.config.read_text() == (
        f'{HEAD}  - {{url: https://a.example/2, title: "A & B $${{HOME}}", tags: ["Labs: new", lab]}}\n'
        f"  - https://a.example/4\n{TAIL}"
    )
    assert home.config.stat().st_mode & 0o777 == 0o640
    assert f"{file}:3: https://a.example:443/1 is in feeds.yaml already" in done.stderr
    assert f'{file}:4: "ftp://a.example/3" is no http(s) address' in done.stderr
    assert f"{file}:5: the list is damaged here" in done.stderr
    assert "2 of 3 feeds were added" in done.stderr
    assert "They are read by: aggregator run" in done.stderr
    assert "0 of 3" in home.run("opml", "import", str(file)).stderr
    titles = {one["title"] for one in home.json("feeds")["feeds"]}
    assert "A & B ${HOME}" in titles, "a list cannot read the environment"


def test_what_cannot_be_imported_changes_nothing(home) -> None:
    """A file that is missing, or is no list, is refused with why."""
    home.config.write_text(HEAD)
    feed = home.folder / "feed.xml"
    feed.write_text("<rss version='2.0'><channel/></rss>")
    assert "No such file" in home.run("opml", "import", str(home.folder / "none"), code=2).stderr
    assert "no OPML list" in home.run("opml", "import", str(feed), code=1).stderr
    assert home.config.read_text() == HEAD


def test_export_and_import_again(home, publisher, make) -> None:
    """What is exported brings another installation the same public sources, with titles and tags."""
    url = publisher.serve("/feed", make.rss(make.item(1), title="Its own title"))
    secret = '{url: "https://user:hunter22@a.example/private"}'
    home.write(
        f"{{url: {url}, tags: [lab]}}", "{url: https://a.example/off, enabled: false}", secret, "https://a.example/1"
    )
    home.run("poll", url)
    done = home.run("opml", "export")
    assert 'title="Its own title"' in done.stdout
    assert "hunter22" not in done.stdout
    assert "2 private or disabled sources are left out" in done.stderr
    file = home.folder / "list.opml"
    file.write_text(done.stdout)
    home.config.write_text("feeds:\n")
    home.run("opml", "import", str(file))
    assert home.config.read_text() == (
        f'feeds:\n  - {{url: {url}, title: "Its own title", tags: [lab]}}\n  - https://a.example/1\n'
    )
