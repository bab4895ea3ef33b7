"""List pages that were once read wrongly: days without years, files beside articles, whole posts with links in them."""

# ruff: noqa: D103 - a layout is described by its name

from __future__ import annotations

from datetime import timedelta

from tests.parse.layouts.building import (
    FOOT,
    NAV,
    SITE,
    TITLES,
    TITLES_JA,
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

SENTENCE = (
    "The laboratory measured each model three times and found that the order of the results changed whenever the "
    "questions were put in another order, which nobody had expected."
)


@layout
def years_as_headings() -> Layout:
    listed = [
        Article(f"{SITE}/notes/{slug(title)}", title, TODAY - timedelta(days=3 + 95 * n))
        for n, title in enumerate(TITLES)
    ]
    years = dict.fromkeys(a.day.year for a in listed if a.day)
    lists = "".join(
        f"<h2>{year}</h2><dl>"
        + "".join(
            f'<dt>{a.day:%B} {a.day.day}</dt><dd><a href="{local(a.url)}">{a.title}</a></dd>'
            for a in listed
            if a.day and a.day.year == year
        )
        + "</dl>"
        for year in years
    )
    return made("years as headings", "/notes", page(f"{NAV}<main><h1>Notes</h1>{lists}</main>{FOOT}"), listed)


@layout
def month_before_day() -> Layout:
    listed = articles(path="/journal/{slug}")
    rows = "".join(
        f'<article class="blog-item"><time class="blog-date">{a.day.month}/{a.day.day}/{a.day:%y}</time><h1 class="blog-title"><a href="{local(a.url)}">{a.title}</a></h1><p>{SENTENCE}</p><a class="blog-more-link" href="{local(a.url)}">Read More</a></article>'
        for a in listed
        if a.day
    )
    return made("month before day", "/journal", page(f"{NAV}<main>{rows}</main>{FOOT}"), listed)


@layout
def files_beside_releases() -> Layout:
    listed = articles(path="/news/news-details/{y}/{slug}/default.aspx")
    rows = "".join(
        f'<div class="module_item"><div class="module_date">{a.day:%B} {a.day.day}, {a.day.year}</div><div class="module_headline"><a href="{local(a.url)}">{a.title}</a></div><div class="module_links"><a href="{local(a.url)}"><span class="sr-only">Read more about {a.title}</span></a><a href="//files.example/{n}/{slug(a.title, n)}.pdf"><span>Download PDF</span></a></div></div>'
        for n, a in enumerate(listed)
        if a.day
    )
    return made("files beside releases", "/news/default.aspx", page(f"{NAV}<h1>Releases</h1>{rows}{FOOT}"), listed)


@layout
def releases_and_stories() -> Layout:
    releases, stories = articles(TITLES[:5], path="/press/{slug}"), articles(TITLES[5:], path="/stories/{slug}")
    plain = "".join(
        f'<li><span class="d">{a.day.day} {a.day:%B %Y}</span> <a href="{local(a.url)}">{a.title}</a></li>'
        for a in releases
        if a.day
    )
    cards = "".join(
        f'<div class="story"><a href="{local(a.url)}"><img src="/s.jpg" alt=""><h3>{a.title}</h3></a><p class="by">{a.day.day} {a.day:%B %Y}</p></div>'
        for a in stories
        if a.day
    )
    give = '<section class="give"><h2>Support our work</h2><a href="/give-today-and-help-us">Give today</a></section>'
    return made(
        "releases and stories",
        "/news",
        page(
            f'{NAV}<main><section><h2>Press releases</h2><ul>{plain}</ul></section><section><h2>Stories</h2><div class="stories">{cards}</div></section></main>{give}{FOOT}'
        ),
        (*releases, *stories),
    )


@layout
def whole_posts() -> Layout:
    listed = articles(TITLES[:6], path="/{y}/{m:02}/{slug}.html")
    days = ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo")
    months = ("janeiro", "", "", "", "", "", "", "", "", "outubro", "novembro", "dezembro")
    posts = "".join(
        f'<div class="date-outer"><h2 class="date-header"><span>{days[a.day.weekday()]}, {a.day.day} de {months[a.day.month - 1]} de {a.day.year}</span></h2><div class="post"><h3 class="post-title"><a href="{local(a.url)}">{a.title}</a></h3><div class="post-body"><p>{SENTENCE}</p><p>{SENTENCE} <a href="https://study.example/the-whole-study-{n}">The whole study</a> says more. {SENTENCE}</p></div><div class="post-footer">às <a href="{local(a.url)}" title="permanent link"><abbr class="published" title="{a.day}T10:22:00-03:00">10:22</abbr></a></div></div></div>'
        for n, a in enumerate(listed)
        if a.day
    )
    return made("whole posts", "/", page(f'<div id="main">{posts}</div>{FOOT}', lang="pt"), listed)


@layout
def days_with_counts() -> Layout:
    listed = [
        Article(f"{SITE}/abs/2601.{48210 - n}", f"{title}, revisited", TODAY - timedelta(days=1 + n // 5))
        for n, title in enumerate(TITLES)
    ]
    rows, day = "", None
    for a in listed:
        if a.day and a.day != day:
            day = a.day
            rows += f"<h3>{day:%a, %d %b %Y} (showing 5 of 102 entries )</h3>"
        rows += f'<dt><a href="{local(a.url)}" title="Abstract">arXiv:{a.url[-10:]}</a> [<a href="/pdf{a.url[-11:]}">pdf</a>]</dt><dd><div class="list-title"><span class="descriptor">Title:</span>{a.title}</div></dd>'
    return made("days with counts", "/list/recent", page(f'<h1>New papers</h1><dl id="articles">{rows}</dl>'), listed)


@layout
def topic_in_heading() -> Layout:
    listed = articles([f"{title} and what follows from it" for title in TITLES], path="/technology/{y}/{slug}")
    rows = "".join(
        f'<li><a href="{local(a.url)}" aria-label="{a.title}"></a><div><h3><div class="k">Opinion</div><span>{a.title}</span></h3><time datetime="{a.day}T08:00:00Z">2d ago</time></div></li>'
        for a in listed
    )
    return made("topic in heading", "/technology", page(f"{NAV}<main><ul>{rows}</ul></main>{FOOT}"), listed)


@layout
def names_for_tests() -> Layout:
    listed = articles(path="/p/{slug}")
    rows = "".join(
        f'<div class="pc-x"><a data-testid="post-preview-title" class="pc-a" href="{local(a.url)}">{a.title}</a><a class="pc-b" href="{local(a.url)}">{SENTENCE}</a><time datetime="{a.day}T08:00:00.000Z">{a.day:%b} {a.day.day}</time><a href="{local(a.url)}/comments">3</a></div>'
        for a in listed
        if a.day
    )
    return made("names for tests", "/archive", page(f'<div id="entry">{rows}</div>'), listed)


@layout
def links_elsewhere() -> Layout:
    listed = [
        Article(f"https://site{n}.example/{slug(title)}", title, TODAY - timedelta(days=1 + n))
        for n, title in enumerate(TITLES)
    ]
    rows = "".join(
        f'<li class="story"><span role="heading"><a href="{a.url}">{a.title}</a></span> <a class="tag" href="/t/ai">ai</a> <a class="domain" href="/domains/site{n}.example">site{n}.example</a><div class="byline"><a href="/~u{n}">u{n}</a> <span title="{a.day} 09:10:00 -0600">{n + 1} days ago</span> | <a href="/s/{n}/x">{n + 2} comments</a></div></li>'
        for n, a in enumerate(listed)
    )
    return made("links elsewhere", "/", page(f'<ol class="stories">{rows}</ol>'), listed)


@layout
def accounts_before_titles() -> Layout:
    listed = articles(TITLES_JA, path="/user{n}/items/{slug}")
    rows = "".join(
        f'<article class="style-1ws"><header><a href="/user{48210 + n}">@user{48210 + n}(山田花子)</a><time datetime="{a.day}T01:00:00Z">{a.day.year}年{a.day.month}月{a.day.day}日</time></header><h2><a href="{local(a.url)}">{a.title}</a></h2></article>'
        for n, a in enumerate(listed)
        if a.day
    )
    return made("accounts before titles", "/", page(f"<main>{rows}</main>", lang="ja"), listed)
