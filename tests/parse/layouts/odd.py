"""Pages that make it hard: no telling names, boxes that look like the list, lists among products, few articles."""

# ruff: noqa: D103 - a layout is described by its name

from __future__ import annotations

from datetime import timedelta

from tests.parse.layouts.building import (
    FOOT,
    NAV,
    SITE,
    TITLES,
    TITLES_ZH,
    TODAY,
    Article,
    Layout,
    articles,
    layout,
    local,
    made,
    page,
    slug,
)


@layout
def hashed_names() -> Layout:
    listed = articles(path="/post/{slug}")
    nav = '<div class="css-a1"><a class="css-l" href="/platform">Platform</a><a class="css-l" href="/customers/how-acme-saved-time-with-us">How Acme saved time</a><a class="css-l" href="/pricing">Pricing</a></div>'
    rows = "".join(
        f'<div class="css-c{n % 2}"><div class="css-d"><span class="css-e">{a.day:%b} {a.day.day}, {a.day.year}</span></div><a class="css-f" href="{local(a.url)}"><span class="css-g">{a.title}</span></a><span class="css-h">Engineering</span></div>'
        for n, a in enumerate(listed)
    )
    return made(
        "hashed names",
        "/posts",
        page(
            f'<div id="app">{nav}<div class="css-b">{rows}</div><div class="css-z"><a class="css-l" href="/security-and-trust-center-overview">Security and trust center</a><a class="css-l" href="/terms">Terms</a></div></div>'
        ),
        listed,
    )


@layout
def laboratory_front_page() -> Layout:
    listed = articles(TITLES[:4], path="/news/{slug}")
    cards = "".join(
        f'<li><a href="{local(a.url)}"><p class="eyebrow">Announcement</p><h3>{a.title}</h3><time>{a.day:%B} {a.day.day}, {a.day.year}</time></a></li>'
        for a in listed
    )
    hero = '<section class="hero"><h1>Safe models for everyone</h1><a class="btn" href="/chat">Try it</a></section>'
    features = "".join(
        f'<div class="feature"><h3>{t}</h3><p>What this does for you and for your team, every day.</p><a href="/product/{slug(t)}">Learn more</a></div>'
        for t in ("Write better code", "Read long documents", "Search the web", "Plan your week", "Draw pictures")
    )
    return made(
        "laboratory front page",
        "/",
        page(
            f'{NAV}<main>{hero}<section class="features">{features}</section><section class="news"><h2>Latest news</h2><ul>{cards}</ul><a href="/news">View all</a></section></main>{FOOT}',
            title="Lab",
        ),
        listed,
    )


@layout
def sections_in_addresses() -> Layout:
    days = [TODAY - timedelta(days=n) for n in range(len(TITLES))]
    listed = tuple(
        Article(
            f"{SITE}/{('policy', 'science', 'tools')[n % 3]}/{days[n].year}/{days[n]:%b}/{days[n].day:02}/{slug(t)}".lower(),
            t,
            days[n],
        )
        for n, t in enumerate(TITLES)
    )
    cards = "".join(
        f'<li class="fc-slice__item"><div class="fc-item"><div class="fc-item__content"><h3 class="fc-item__title"><a href="{a.url}" class="fc-item__link"><span class="fc-item__kicker">Analysis</span> <span class="js-headline-text">{a.title}</span></a></h3><aside class="fc-item__meta"><time datetime="{a.day}T09:00:00+0000">{(TODAY - a.day).days}d ago</time></aside></div><a href="{a.url}" class="u-faux-block-link__overlay" tabindex="-1" aria-hidden="true">{a.title}</a></div></li>'
        for a in listed
    )
    cards = cards.replace('<span class="fc-item__kicker">Analysis</span> ', "")
    viewed = (
        '<div class="facia-container"><h2>Most viewed</h2><ol>'
        + "".join(
            f'<li><h3><a href="/sport/2026/jan/0{n}/a-match-that-nobody-saw-coming-{n}">A match that nobody saw coming {n}</a></h3></li>'
            for n in range(1, 9)
        )
        + "</ol></div>"
    )
    return made(
        "sections in addresses",
        "/technology/ai",
        page(
            f'{NAV}<div class="facia-page"><section><h2>AI</h2><ul>{cards}</ul></section>{viewed}</div>{FOOT}',
            lang="en-GB",
        ),
        listed,
    )


@layout
def nested_in_topics() -> Layout:
    listed = tuple(
        Article(f"{SITE}/blog/{('engineering', 'company')[n % 2]}/{slug(t)}", t, TODAY - timedelta(days=3 * n))
        for n, t in enumerate(TITLES)
    )
    cards = "".join(
        f'<div class="post"><a class="cat" href="/blog/{("engineering", "company")[n % 2]}">{("Engineering", "Company")[n % 2]}</a><h2><a href="{local(a.url)}">{a.title}</a></h2><div class="who"><img src="/a.png"><a href="/blog/authors/jane-doe">Jane Doe</a> · {a.day:%b} {a.day.day}, {a.day.year} · 4 min read</div></div>'
        for n, a in enumerate(listed)
    )
    people = (
        "<section><h2>Meet the authors</h2>"
        + "".join(
            f'<div class="person"><h3><a href="/blog/authors/{p}">{p}</a></h3></div>'
            for p in ("jane-doe", "rich-roe", "max-moe")
        )
        + "</section>"
    )
    return made(
        "nested in topics",
        "/blog",
        page(
            f'{NAV}<main><div class="filters"><a href="/blog/engineering">Engineering</a><a href="/blog/company">Company</a></div>{cards}{people}</main>{FOOT}'
        ),
        listed,
    )


@layout
def press_by_year() -> Layout:
    listed = articles(path="/press-releases/{slug}")
    years: dict[int, str] = {}
    for a in listed:
        assert a.day
        years[a.day.year] = (
            years.get(a.day.year, "")
            + f'<div class="row"><div class="col date">{a.day:%b} {a.day.day}</div><div class="col"><a href="{local(a.url)}">{a.title}</a></div></div>'
        )
    body = "".join(f"<h2>{year}</h2>{rows}" for year, rows in years.items())
    contact = '<div class="row"><div class="col"><h3>Media contact</h3></div><div class="col"><a href="/press-releases/media-kit-and-brand-assets.zip">Media kit and brand assets</a></div></div>'
    return made("press by year", "/press-releases", page(f'{NAV}<div class="main">{body}{contact}</div>{FOOT}'), listed)


@layout
def two_articles() -> Layout:
    listed = articles(TITLES[:2], path="/updates/{slug}")
    cards = "".join(
        f'<article><h2><a href="{local(a.url)}">{a.title}</a></h2><time datetime="{a.day}">{a.day}</time></article>'
        for a in listed
    )
    return made("two articles", "/updates", page(f"{NAV}<main>{cards}</main>{FOOT}"), listed)


@layout
def in_the_press() -> Layout:
    listed = tuple(
        Article(f"https://{h}.example/2025/{slug(t)}", t, TODAY - timedelta(days=7 * n))
        for n, (t, h) in enumerate(zip(TITLES, "abcdefghij", strict=True))
    )
    rows = "".join(
        f'<div class="coverage"><span class="outlet">The Paper {a.url[8].upper()}</span><a href="{a.url}" target="_blank">{a.title}</a><span class="when">{a.day.day} {a.day:%B} {a.day.year}</span></div>'
        for a in listed
    )
    return made(
        "in the press",
        "/in-the-press",
        page(
            f'{NAV}<main><h1>In the press</h1>{rows}<p>Follow us on <a href="https://www.linkedin.com/company/lab-of-models">LinkedIn</a> or read <a href="https://github.com/lab">our code</a>.</p></main>{FOOT}'
        ),
        listed,
    )


@layout
def popular_without_a_name() -> Layout:
    listed = articles(path="/{n}/{slug}")
    cards = "".join(
        f'<div class="x1"><a href="{local(a.url)}"><img src="/{n}.jpg"></a><div class="x2"><a href="{local(a.url)}">{a.title}</a></div><div class="x3">{a.day:%d/%m/%Y}</div></div>'
        for n, a in enumerate(listed)
    )
    popular = (
        '<div class="y0"><div class="y1">Popular this week</div>'
        + "".join(
            f'<div class="y2"><a href="/{900 + n}/an-older-story-that-is-read-a-lot-{n}">An older story that is read a lot {n}</a></div>'
            for n in range(6)
        )
        + "</div>"
    )
    return made(
        "popular without a name",
        "/ai",
        page(
            f'{NAV}<div class="w"><div class="l">{cards}</div><div class="r">{popular}</div></div>{FOOT}', lang="en-GB"
        ),
        listed,
    )


@layout
def menu_with_articles() -> Layout:
    listed = articles(path="/stories/{slug}")
    drop = '<div class="dropdown-content"><div class="promo-card"><img src="/m.png"><h4>New: the report on the state of open models</h4><a href="/resources/report-on-the-state-of-open-models">Read the report</a></div></div>'
    cards = "".join(
        f'<div class="story"><a href="{local(a.url)}"><h3>{a.title}</h3></a><p>A first sentence about it that goes on for a while.</p></div>'
        for a in listed
    )
    undated = tuple(Article(a.url, a.title, None) for a in listed)
    return made(
        "menu with articles",
        "/stories",
        page(f'<div class="topbar"><a href="/">Lab</a>{drop}</div><div class="stories">{cards}</div>{FOOT}'),
        undated,
    )


@layout
def ministry_zh() -> Layout:
    listed = articles(TITLES_ZH, "/art/{y}/{m}/{d}/art_{n}.html")
    rows = "".join(
        f'<tr><td width="10"><img src="/dot.gif"></td><td><a href="{local(a.url)}" target="_blank">{a.title}</a></td><td class="bt_time">[{a.day}]</td></tr>'
        for a in listed
    )
    return made(
        "ministry zh",
        "/col/col1/index.html",
        page(
            f'<table><tr><td><a href="/">首页</a></td><td><a href="/col/col2/index.html">政务公开</a></td></tr></table><table><tr><td><table>{rows}</table></td></tr></table><table><tr><td><a href="http://other.example/">友情链接网站</a></td></tr></table>',
            lang="zh",
        ),
        listed,
    )


@layout
def truncated_titles() -> Layout:
    listed = articles(path="/magazine/{slug}")
    cards = "".join(
        f'<a class="tile" href="{local(a.url)}" aria-label="{a.title}"><span class="tile-label">Feature</span><span class="tile-copy">{a.title[:18]}…</span><span class="tile-date">{a.day:%b} {a.day.day}, {a.day.year}</span></a>'
        for a in listed
    )
    return made("truncated titles", "/magazine", page(f"{NAV}<main>{cards}</main>{FOOT}"), listed)


@layout
def slider_and_list() -> Layout:
    listed = articles(path="/aktuelles/{slug}")
    slides = "".join(
        f'<div class="swiper-slide"><a href="{local(a.url)}"><h2>{a.title}</h2></a></div>' for a in listed[:3]
    )
    rows = "".join(
        f'<div class="list-item"><time datetime="{a.day}">{a.day}</time><h3><a href="{local(a.url)}">{a.title}</a></h3></div>'
        for a in listed
    )
    events = (
        '<section class="events"><h2>Events</h2>'
        + "".join(
            f'<div class="list-item"><time datetime="2026-02-0{n}">2026-02-0{n}</time><h3><a href="/veranstaltungen/workshop-on-open-models-{n}">Workshop on open models {n}</a></h3></div>'
            for n in range(1, 4)
        )
        + "</section>"
    )
    return made(
        "slider and list",
        "/aktuelles",
        page(
            f'{NAV}<main><div class="swiper">{slides}</div><section class="list">{rows}</section>{events}</main>{FOOT}',
            lang="de",
        ),
        listed,
    )
