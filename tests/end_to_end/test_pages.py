"""A site without a feed: its list of articles is a source like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import feedparser
import pytest

SEED = Path(__file__).parents[3] / "shared" / "seed" / "site" / "actualites"
LIST = """<!doctype html><html lang="fr"><head><title>Actualités</title></head><body>
<nav><a href="/">Accueil</a> <a href="/contact">Contact</a></nav>
<main><h1>Toutes les actualités</h1>{articles}</main>
<footer><a href="/mentions">Mentions légales</a></footer></body></html>"""
ARTICLE = (
    '<article><h2><a href="/actu/{slug}">{title}</a></h2><time datetime="2026-01-{day:02}">{day} janvier</time>'
    "<p>Un résumé de l'article sur {title}, en quelques mots.</p></article>"
)
HTML = {"Content-Type": "text/html; charset=utf-8"}
NEWS = [("volcan", "Un volcan se réveille en Islande"), ("port", "Le port de Marseille s'agrandit"), ("train", "Train")]


def page(*articles: tuple[str, str], prefix: str = "") -> bytes:
    """Return a list page."""
    told = (ARTICLE.format(slug=prefix + slug, title=title, day=9 - at) for at, (slug, title) in enumerate(articles))
    return LIST.format(articles="".join(told)).encode()


@pytest.fixture
def site(home, publisher) -> str:
    """A page of three articles that is a source."""
    url = publisher.serve("/actu", page(*NEWS), headers=HTML)
    home.write(f"{{url: {url!r}, kind: page}}")
    return url


def test_a_list_page_becomes_entries(home, publisher, site: str) -> None:
    """Articles, not navigation; read again nothing is new; an article more is one entry more."""
    assert home.json("poll", "--all")["totals"]["new"] == 3
    first = home.entries()[0]
    assert (first["title"], first["link"]) == (NEWS[0][1], f"{publisher.base}/actu/volcan")
    assert (first["published"], first["language"]) == ("2026-01-09T00:00:00Z", "fr")
    assert home.json("poll", site, "--force", "--refetch")["totals"]["new"] == 0
    publisher.serve("/actu", page(("pont", "Un pont de plus sur le Rhône"), *NEWS[:2]), headers=HTML)
    assert home.json("poll", site, "--force")["totals"] == {
        "new": 1,
        "updated": 0,
        "duplicates": 0,
        "errors": 0,
        "skipped": 0,
    }


def test_a_redesign_is_a_failure_and_no_flood(home, publisher, site: str) -> None:
    """A page none of whose links were there before is failing, says what can be done, and brings nothing."""
    home.json("poll", "--all")
    publisher.serve("/actu", page(*((slug, f"Tout autre: {title}") for slug, title in NEWS), prefix="x-"), headers=HTML)
    report = home.json("poll", site, "--force", code=1)
    assert report["totals"]["new"] == 0
    assert "redesigned" in report["feeds"][0]["error"]
    assert "item:" in report["feeds"][0]["error"]


GROK = "Grok : Pourquoi la dernière cascade d'IA d'Elon Musk est importante (mais pas non plus)"


def all_atom(home) -> dict[str, Any]:
    """Return the entries of the exported all.atom, by their titles."""
    home.run("export", str(home.folder / "site"))
    entries = feedparser.parse((home.folder / "site" / "all.atom").read_bytes()).entries
    return {entry.title: entry for entry in entries}


@pytest.mark.skipif(not SEED.exists(), reason="the site that this was asked for is not beside the repository")
def test_the_site_that_this_was_asked_for(home, publisher) -> None:
    """One line in feeds.yaml: the French site gives the Grok article, whole, once; a new one on its list is one more."""
    for page_of in SEED.glob("*.html"):
        name = "" if page_of.stem == "index" else page_of.stem
        publisher.serve(f"/actualites/{name}", page_of.read_bytes(), headers=HTML)
    url = f"{publisher.base}/actualites/"
    home.write(f"{{url: {url!r}, kind: page}}")
    assert home.json("poll", "--all")["totals"]["new"] == 5
    first = all_atom(home)
    assert len(first) == 5
    grok = first[GROK]
    assert (grok.published[:10], grok.content[0].language, grok.link) == (
        "2024-03-19", "fr", f"{url}grok-derniere-cascade-elon-musk",
    )  # fmt: skip
    text = grok.content[0].value
    assert all(words in text for words in ("Soyons réalistes", "Open Source vs Chevaliers", "pour la nouveauté."))
    assert not any(
        words in text for words in ("Articles récents", "Voir tous", "Accueil", "Mentions", "Mixtral", "Gemma")
    )
    assert home.json("poll", url, "--force", "--refetch")["totals"] == dict.fromkeys(
        ("new", "updated", "duplicates", "errors", "skipped"), 0
    )
    assert all_atom(home) == first
    card = '<article class="news-card"><a class="news-card__link" href="/actualites/neuf"><h3>Un modèle neuf</h3></a></article>'
    listed = (SEED / "index.html").read_text(encoding="utf-8")
    publisher.serve("/actualites/", listed.replace("<article", f"{card}<article", 1), headers=HTML)
    publisher.serve("/actualites/neuf", (SEED / "sora.html").read_bytes().replace(b"Sora", b"Neuf"), headers=HTML)
    assert home.json("poll", url, "--force")["totals"]["new"] == 1
    after = all_atom(home)
    assert {entry.id for entry in first.values()} < {entry.id for entry in after.values()}
    assert (len(after), after[GROK]) == (6, grok)
    assert all(publisher.asked(path) == [200] for path in publisher.pages if path != "/actualites/")
