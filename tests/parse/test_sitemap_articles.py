from __future__ import annotations

import pytest

from aggregator.parse.sitemap_articles import articles_in

SITE = "https://site.example"


@pytest.mark.parametrize(
    "path",
    [
        "/blog/hello",
        "/fr/actualites/grok",
        "/news/2026/01/gpt",
        "/2026/01/05/hi",
        "/insights/2026-01-05-models",
        "/p/hello",
        "/why-we-built-our-own-model",
        "/privacy-first-assistants-are-here-now",
        "/article-12345.html",
        "/read?id=77",
        "/%E4%BA%BA%E5%B7%A5%E6%99%BA%E8%83%BD%E7%9A%84%E6%9C%AA%E6%9D%A5%E5%B7%A5",
        " /blog/hello\n",
    ],
)
def test_articles(path: str) -> None:
    """An address is an article's by its folder, a date, a number, or a slug that is a headline."""
    assert articles_in(f"{SITE}/sitemap.xml")(path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/en",
        "/about",
        "/about-us",
        "/imprint",
        "/impressum",
        "/kontaktformular",
        "/datenschutzerklaerung",
        "/nutzungsbedingungen",
        "/mentions-legales",
        "/politique-de-confidentialite",
        "/privacy-policy-for-california-residents",
        "/terms-and-conditions-of-use",
        "/conditions-generales-de-vente-en-ligne",
        "/プライバシーポリシー",
        "/pricing",
        "/tag/ai",
        "/blog/tag/ai",
        "/category/ai",
        "/news/author/jane-doe",
        "/team/jane-doe",
        "/blog",
        "/actualites/",
        "/blog/page/2",
        "/blog?page=2",
        "/blog/cover.png",
        "/products/our-great-new-ai-platform",
        "/docs/how-to-install-it-now",
        "/jobs/senior-engineer-in-paris-12345",
        "/hello-world",
        "",
        "https://[broken",
    ],
)
def test_no_articles(path: str) -> None:
    """Home, imprint, contact, tags, authors, pagination, images, products and jobs are left out; so is what says too little."""
    assert not articles_in(f"{SITE}/sitemap.xml")(path)


def test_the_name_of_the_sitemap_tells() -> None:
    """In a sitemap of posts a short slug is an article, in one of pages a long one is none; the imprint never is."""
    assert articles_in(f"{SITE}/post-sitemap.xml")("/hello-world")
    assert not articles_in(f"{SITE}/page-sitemap.xml")("/why-we-built-our-own-model")
    assert articles_in(f"{SITE}/page-sitemap.xml")("/blog/hello")
    assert not articles_in(f"{SITE}/post-sitemap.xml")("/imprint")


def test_the_place_of_a_private_sitemap_is_not_needed() -> None:
    """Where the sitemap's own address is kept secret, whole addresses are judged all the same."""
    assert articles_in("")(f"{SITE}/blog/hello")
