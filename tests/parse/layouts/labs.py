"""Laboratories: Next.js, Webflow, Framer, archives of papers, hubs, changelogs, JSON-LD."""

# ruff: noqa: D103 - a layout is described by its name

from __future__ import annotations

import json

from tests.parse.layouts.building import (
    FOOT,
    NAV,
    SITE,
    TITLES,
    Article,
    Layout,
    articles,
    layout,
    local,
    made,
    page,
)


@layout
def next_cards() -> Layout:
    listed = articles(path="/news/{slug}")
    hero = listed[0]
    first = f'<a href="{local(hero.url)}" class="FeaturedGrid_featured__Wq1"><div class="img"><img src="/_next/image?url=x" alt=""></div><h2 class="headline-4 FeaturedGrid_title__a">{hero.title}</h2><div class="meta"><span class="caption bold">Announcements</span><time class="date">{hero.day:%b} {hero.day.day}, {hero.day.year}</time></div><p>The next step in how our models plan, code and explain themselves.</p></a>'
    rows = "".join(
        f'<li><a href="{local(a.url)}" class="PublicationList_listItem__Uq"><div class="PublicationList_meta__l"><time class="PublicationList_date__b body-3">{a.day:%b} {a.day.day}, {a.day.year}</time><span class="PublicationList_subject__Q body-3">{("Product", "Policy")[n % 2]}</span></div><span class="PublicationList_title__P body-3">{a.title}</span></a></li>'
        for n, a in enumerate(listed[1:])
    )
    foot = '<footer class="page-footer"><ul><li><a href="/claude/product-overview-page">Product overview</a></li><li><a href="/news">News</a></li></ul></footer>'
    return made(
        "next cards",
        "/news",
        page(
            f'<header class="SiteHeader"><nav><a href="/research">Research</a><a href="/news">News</a></nav></header><main id="main"><section>{first}</section><section><h2>News</h2><ul class="PublicationList_list__x">{rows}</ul><button>See more</button></section></main>{foot}'
        ),
        listed,
    )


@layout
def next_tailwind() -> Layout:
    listed = articles(path="/index/{slug}/")
    cards = "".join(
        f'<div class="group relative"><a class="transition ease-curve-a" aria-label="{a.title} - Research - {a.day:%b} {a.day.day}, {a.day.year}" href="{local(a.url)}"><div class="relative aspect-1/1"><img alt="x" src="/i/{n}.png"></div>'
        f'<div class="mb-2 text-h5">{a.title}</div><p class="text-meta"><span class="text-primary">Research</span><span><time datetime="{a.day}T00:00">{a.day:%b} {a.day.day}, {a.day.year}</time></span></p></a></div>'
        for n, a in enumerate(listed)
    )
    return made(
        "next tailwind",
        "/news/",
        page(
            f'<div id="__next"><header><nav><a href="/research/index/">Research</a></nav></header><main><div class="grid md:grid-cols-3">{cards}</div></main></div>{FOOT}'
        ),
        listed,
    )


@layout
def next_data_only() -> Layout:
    listed = articles(path="/blog/{slug}")
    posts = [
        {
            "id": n,
            "title": a.title,
            "slug": a.url.rpartition("/")[2],
            "publishedAt": f"{a.day}T09:00:00Z",
            "excerpt": "Some words.",
        }
        for n, a in enumerate(listed)
    ]
    data = {
        "props": {
            "pageProps": {
                "nav": [
                    {"title": "Models", "href": "/models"},
                    {"title": "Pricing", "href": "/pricing"},
                    {"title": "Docs", "href": "/docs"},
                ],
                "posts": posts,
            }
        },
        "page": "/blog",
    }
    return made(
        "next data only",
        "/blog",
        page(
            f'<div id="__next"><header><nav><a href="/models">Models</a></nav></header><main><div class="skeleton"></div></main></div><script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'
        ),
        listed,
    )


@layout
def next_pushed() -> Layout:
    listed = articles(path="/news/{slug}")
    posts = [{"title": a.title, "url": local(a.url), "date": f"{a.day}", "category": {"name": "x"}} for a in listed]
    chunk = "5:" + json.dumps(["$", "$L12", None, {"items": posts}]) + "\n"
    half = len(chunk) // 2
    scripts = "".join(
        f"<script>self.__next_f.push({json.dumps([1, part])})</script>"
        for part in ('1:"$Sreact.fragment"\n', chunk[:half], chunk[half:])
    )
    return made(
        "next pushed",
        "/news",
        page(f'<div class="app"><nav><a href="/models">Models</a></nav><div class="loading">…</div></div>{scripts}'),
        listed,
    )


@layout
def webflow() -> Layout:
    listed = articles(path="/post/{slug}")
    cards = "".join(
        f'<div role="listitem" class="collection-item w-dyn-item"><a href="{local(a.url)}" class="blog-card w-inline-block"><div class="image-wrap"><img loading="lazy" src="https://cdn.example/{n}.jpg" alt=""></div><div class="blog-card-content"><div class="tag-small">Company</div>'
        f'<div class="heading-style-h5">{a.title}</div><div class="text-size-small">{a.day:%B} {a.day.day}, {a.day.year}</div></div></a></div>'
        for n, a in enumerate(listed)
    )
    return made(
        "webflow",
        "/blog",
        page(
            f'<div class="navbar w-nav" role="banner"><nav role="navigation" class="w-nav-menu"><a href="/product-tour-and-demo" class="w-nav-link">Product tour and demo</a></nav></div><section class="section"><div class="container w-container"><h1>Blog</h1><div class="w-dyn-list"><div role="list" class="w-dyn-items">{cards}</div></div></div></section><div class="cta-section"><h2>Build with us</h2><a class="button" href="/get-started-for-free-today">Get started for free today</a></div><div class="footer w-section"><a href="/terms-and-conditions">Terms and conditions</a></div>'
        ),
        listed,
    )


@layout
def framer_like() -> Layout:
    listed = articles(path="/blog/{slug}")
    cards = "".join(
        f'<div class="ssr-variant"><div class="framer-1x{n}-container"><a class="framer-kd9 framer-lux" href="./blog/{a.url.rpartition("/")[2]}" data-framer-name="Card"><div class="framer-img"><img src="https://f.example/{n}.png" alt=""></div><div data-framer-name="Date" class="framer-z"><p class="framer-text">{a.day:%b} {a.day.day}, {a.day.year}</p></div><div data-framer-name="Title" class="framer-y"><p class="framer-text">{a.title}</p></div></a></div></div>'
        for n, a in enumerate(listed)
    )
    return made(
        "framer-like",
        "/blog",
        page(
            f'<div id="main"><div class="framer-root"><nav class="framer-nav"><a href="./">Home</a><a href="./pricing">Pricing</a></nav><div data-framer-name="Posts">{cards}</div><footer><a href="./legal/terms">Terms</a></footer></div></div>'
        ),
        listed,
    )


@layout
def arxiv_like() -> Layout:
    listed = tuple(Article(f"{SITE}/abs/2601.0{1234 + n}", title, None) for n, title in enumerate(TITLES))
    rows = "".join(
        f'<dt><a name="item{n}">[{n}]</a> <a href="{local(a.url)}" title="Abstract" id="{a.url[-10:]}">arXiv:{a.url[-10:]}</a> [<a href="/pdf/{a.url[-10:]}">pdf</a>, <a href="/html/{a.url[-10:]}">html</a>, <a href="/format/{a.url[-10:]}">other</a>]</dt>'
        f'<dd><div class="meta"><div class="list-title mathjax"><span class="descriptor">Title:</span> {a.title}</div><div class="list-authors"><a href="/search/cs?searchtype=author&amp;query=Doe,+J">Jane Doe</a>, <a href="/search/cs?searchtype=author&amp;query=Roe">Richard Roe</a></div><div class="list-subjects"><span class="primary-subject">Artificial Intelligence (cs.AI)</span></div></div></dd>'
        for n, a in enumerate(listed)
    )
    return made(
        "arxiv-like",
        "/list/cs.AI/recent",
        page(
            f'<div id="header"><a href="/">arXiv</a></div><div id="content"><div id="dlpage"><h1>Artificial Intelligence</h1><dl id="articles"><h3>New submissions</h3>{rows}</dl></div></div><footer><a href="/help">Help</a></footer>'
        ),
        listed,
    )


@layout
def hub_papers() -> Layout:
    listed = tuple(Article(f"{SITE}/papers/2601.0{1234 + n}", title, None) for n, title in enumerate(TITLES))
    cards = "".join(
        f'<article class="relative flex flex-col"><a href="{local(a.url)}" class="shadow"><img src="/t/{n}.png"></a><div class="from-gray-50-to-white"><div class="pb-12"><div>Submitted by <div><img alt="u{n}"> user{n}</div></div><div class="flex"><div><label><input type="checkbox"><div class="leading-none">{70 - n}</div></label></div>'
        f'<div class="w-full"><h3 class="mb-1 text-lg/6 font-semibold"><a href="{local(a.url)}" class="line-clamp-3 cursor-pointer text-balance">{a.title}</a></h3><div class="flex"><a href="{local(a.url)}"><ul><li>·</li><li>7 authors</li></ul></a><a href="{local(a.url)}#community">2</a></div></div></div></div></div></article>'
        for n, a in enumerate(listed)
    )
    return made(
        "hub papers",
        "/papers",
        page(
            f'<div class="flex"><header><nav><ul><li><a href="/models">Models</a></li><li><a href="/datasets">Datasets</a></li></ul></nav></header><main><section><h1>Daily Papers</h1><a href="/papers/date/2026-01-06">Previous</a><div class="grid">{cards}</div></section></main></div>{FOOT}'
        ),
        listed,
    )


@layout
def hub_blog() -> Layout:
    listed = articles(path="/blog/{slug}")
    cards = "".join(
        f'<div class="col-span-1"><a href="{local(a.url)}" class="flex"><img src="/b/{n}.png" class="aspect-video"><h2 class="font-serif font-bold">{a.title}</h2></a><p class="text-sm">By <a href="/jdoe{n}"><span>jdoe{n}</span></a> <span>{a.day:%B} {a.day.day}, {a.day.year}</span> <span>• 12</span></p></div>'
        for n, a in enumerate(listed)
    )
    tags = "".join(f'<a href="/blog?tag={t}">{t}</a>' for t in ("llm", "audio", "open-source-collab"))
    return made(
        "hub blog",
        "/blog",
        page(
            f'{NAV}<main><div class="tags">{tags}</div><div class="grid grid-cols-12">{cards}</div><div class="pages"><a href="?p=0">1</a><a href="?p=1">2</a><a href="?p=1">Next</a></div></main>{FOOT}'
        ),
        listed,
    )


@layout
def day_headings() -> Layout:
    listed = articles(path="/changelog/{slug}")
    days = "".join(
        f'<section><h2>{a.day:%B} {a.day.day}, {a.day.year}</h2><ul><li><a href="{local(a.url)}">{a.title}</a> is available to all customers.</li></ul></section>'
        for a in listed
    )
    return made("day headings", "/changelog/", page(f"{NAV}<main><h1>Changelog</h1>{days}</main>{FOOT}"), listed)


@layout
def lab_with_products() -> Layout:
    listed = articles(TITLES[:6], path="/news/{slug}")
    cards = "".join(
        f'<a class="news-row" href="{local(a.url)}"><h3>{a.title}</h3><span>{a.day:%B} {a.day.day}, {a.day.year}</span></a>'
        for a in listed
    )
    products = "".join(
        f'<a class="product-card" href="/products/{p}-for-your-whole-team"><img src="/p.png"><h3>{p.title()} for your whole team</h3><p>Everything that it can do for you, in one place, from today.</p></a>'
        for p in ("chat", "code", "search", "voice", "vision", "agents", "cloud", "edge")
    )
    return made(
        "lab with products",
        "/news",
        page(
            f'{NAV}<main><section class="list">{cards}</section><section class="products"><h2>Explore our products</h2><div class="grid">{products}</div></section></main>{FOOT}'
        ),
        listed,
    )


@layout
def json_ld_list() -> Layout:
    listed = articles(path="/story/{slug}")
    data = {
        "@context": "https://schema.org",
        "@type": "CollectionPage",
        "mainEntity": {
            "@type": "ItemList",
            "itemListElement": [
                {
                    "@type": "ListItem",
                    "position": n + 1,
                    "item": {
                        "@type": "NewsArticle",
                        "url": a.url,
                        "headline": a.title,
                        "datePublished": f"{a.day}T06:00:00Z",
                    },
                }
                for n, a in enumerate(listed)
            ],
        },
    }
    cards = "".join(
        f'<div class="card"><a href="{local(a.url)}"><div class="t">{a.title}</div></a></div>' for a in listed
    )
    return made(
        "json-ld list",
        "/stories",
        page(
            f"{NAV}<main>{cards}</main>{FOOT}", head=f'<script type="application/ld+json">{json.dumps(data)}</script>'
        ),
        listed,
    )


@layout
def sections_by_topic() -> Layout:
    listed = articles(path="/research/{slug}")

    def card(a: Article) -> str:
        return f'<li><a href="{local(a.url)}"><figure><img src="/x.png"></figure><h4>{a.title}</h4><time>{a.day:%B} {a.day.day}, {a.day.year}</time></a></li>'

    groups = "".join(
        f'<section class="topic topic-{n}"><h2>{name}</h2><ul>{"".join(map(card, listed[n * 5 : n * 5 + 5]))}</ul><a class="all" href="/research?topic={n}">See all research</a></section>'
        for n, name in enumerate(("Alignment", "Interpretability"))
    )
    return made("sections by topic", "/research", page(f"{NAV}<main><h1>Research</h1>{groups}</main>{FOOT}"), listed)
