"""Blogs: WordPress, Ghost, Hugo, Jekyll, Medium, plain and old-fashioned pages, microformats, microdata."""

# ruff: noqa: D103 - a layout is described by its name

from __future__ import annotations

from datetime import timedelta

from tests.parse.layouts.building import (
    COOKIES,
    FOOT,
    NAV,
    TITLES,
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
def wordpress_classic() -> Layout:
    listed = articles(path="/{y}/{m:02}/{slug}/")
    posts = "".join(
        f'<article id="post-{n}" class="post-{n} post type-post hentry category-ai tag-x{n}"><header class="entry-header">'
        f'<h2 class="entry-title"><a href="{a.url}" rel="bookmark">{a.title}</a></h2><div class="entry-meta">Posted on '
        f'<time class="entry-date published" datetime="{a.day}T08:00:00+00:00">{a.day:%B %d, %Y}</time> by <a href="/author/jane/">Jane Doe</a> '
        f'<a href="{a.url}#respond">3 Comments</a></div></header><div class="entry-content"><p>A few words on {a.title}, as a teaser for readers.'
        f' <a href="{a.url}#more-{n}">Continue reading <span class="screen-reader-text">{a.title}</span></a></p></div>'
        f'<footer class="entry-footer"><a href="/category/ai/" rel="category tag">AI</a></footer></article>'
        for n, a in enumerate(listed)
    )
    side = (
        '<aside id="secondary" class="widget-area"><section class="widget widget_recent_entries"><h2>Recent Posts</h2><ul>'
        + "".join(f'<li><a href="{a.url}">{a.title}</a></li>' for a in listed[:5])
        + '</ul></section><section class="widget"><h2>Archives</h2><ul><li><a href="/2025/11/">November 2025</a></li></ul></section></aside>'
    )
    nav = '<nav class="navigation pagination"><a class="page-numbers" href="/blog/page/2/">2</a><a class="next page-numbers" href="/blog/page/2/">Older posts</a></nav>'
    return made(
        "wordpress classic",
        "/blog/",
        page(f'{NAV}<div id="content" class="site-content has-sidebar"><main>{posts}{nav}</main>{side}</div>{FOOT}'),
        listed,
    )


@layout
def wordpress_blocks() -> Layout:
    listed = articles(path="/{slug}/")
    posts = "".join(
        f'<li class="wp-block-post post-{n} post type-post"><figure class="wp-block-post-featured-image"><a href="{a.url}"><img src="/i/{n}.jpg" alt="{a.title}"></a></figure>'
        f'<h3 class="wp-block-post-title"><a href="{a.url}" target="_self">{a.title}</a></h3><div class="wp-block-post-date"><time datetime="{a.day}T10:00:00+01:00"><a href="{a.url}">{a.day:%b %d, %Y}</a></time></div></li>'
        for n, a in enumerate(listed)
    )
    related = '<div class="newsletter-box"><h3>Stay in the loop with our monthly letter</h3><a href="/join-our-monthly-letter">Join our monthly letter</a></div>'
    return made(
        "wordpress blocks",
        "/insights/",
        page(
            f'{NAV}<main><h1>Insights</h1><ul class="wp-block-post-template">{posts}</ul>{related}</main>{FOOT}{COOKIES}'
        ),
        listed,
    )


@layout
def elementor_grid() -> Layout:
    listed = articles(path="/{slug}/")
    cards = "".join(
        f'<article class="elementor-post elementor-grid-item post-{n}"><a class="elementor-post__thumbnail__link" href="{a.url}" tabindex="-1"><div class="elementor-post__thumbnail"><img data-src="/i/{n}.webp" src="data:image/gif;base64,R0"></div></a>'
        f'<div class="elementor-post__text"><h3 class="elementor-post__title"><a href="{a.url}">{a.title}</a></h3><div class="elementor-post__meta-data"><span class="elementor-post-date">{a.day:%B} {a.day.day}, {a.day.year}</span></div>'
        f'<div class="elementor-post__excerpt"><p>What happened, in two lines of text that nobody reads to the end.</p></div><a class="elementor-post__read-more" href="{a.url}">Read More »</a></div></article>'
        for n, a in enumerate(listed)
    )
    return made(
        "elementor grid",
        "/news/",
        page(
            f'{NAV}<div class="elementor elementor-widget-posts"><div class="elementor-widget-container"><div class="elementor-posts-container">{cards}</div></div></div>{FOOT}'
        ),
        listed,
    )


@layout
def ghost() -> Layout:
    listed = articles(path="/{slug}/")
    cards = "".join(
        f'<article class="post-card post {"post-card-large" if n == 0 else ""}"><a class="post-card-image-link" href="{local(a.url)}"><img class="post-card-image" srcset="/c/s/w300/{n}.png 300w" src="/c/{n}.png" alt="{a.title}"></a>'
        f'<div class="post-card-content"><a class="post-card-content-link" href="{local(a.url)}"><header class="post-card-header"><div class="post-card-tags"><span class="post-card-primary-tag">Research</span></div><h2 class="post-card-title">{a.title}</h2></header>'
        f'<div class="post-card-excerpt">A short excerpt of the story goes here for readers.</div></a><footer class="post-card-meta"><time class="post-card-meta-date" datetime="{a.day}">{a.day:%d %b %Y}</time><span class="post-card-meta-length">5 min read</span></footer></div></article>'
        for n, a in enumerate(listed)
    )
    return made(
        "ghost",
        "/",
        page(
            f'<header id="gh-head" class="gh-head outer"><nav class="gh-head-menu"><ul class="nav"><li><a href="/tag/research/">Research</a></li></ul></nav></header><main id="site-main" class="site-main outer"><div class="post-feed inner">{cards}</div></main>{FOOT}',
            title="Lab",
        ),
        listed,
    )


@layout
def hugo_archive() -> Layout:
    listed = articles(path="/posts/{slug}/")
    years = dict.fromkeys(a.day.year for a in listed if a.day)
    rows = {
        year: "".join(
            f'<li><span class="date">{a.day:%b} {a.day.day}</span> <a href="{local(a.url)}">{a.title}</a></li>'
            for a in listed
            if a.day and a.day.year == year
        )
        for year in years
    }
    lists = "".join(f'<h2>{year}</h2><ul class="posts-list">{each}</ul>' for year, each in rows.items())
    return made(
        "hugo archive",
        "/posts/",
        page(
            f'<nav><a href="/">Home</a><a href="/posts/">Posts</a><a href="/about/">About</a></nav><div class="content"><h1>Posts</h1>{lists}</div><footer>© 2026 <a href="https://gohugo.io">Powered by Hugo</a></footer>'
        ),
        listed,
    )


@layout
def jekyll_home() -> Layout:
    listed = articles(path="/research/{y}/{m:02}/{d:02}/{slug}.html")
    rows = "".join(
        f'<li><span class="post-meta">{a.day:%b} {a.day.day}, {a.day.year}</span><h3><a class="post-link" href="{local(a.url)}">\n {a.title}\n</a></h3></li>'
        for a in listed
    )
    return made(
        "jekyll home",
        "/",
        page(
            f'<header class="site-header"><div class="wrapper"><a class="site-title" href="/">Lab</a><nav class="site-nav"><a class="page-link" href="/about/">About</a></nav></div></header><main class="page-content"><div class="home"><h2 class="post-list-heading">Posts</h2><ul class="post-list">{rows}</ul><p class="feed-subscribe"><a href="/feed.xml">subscribe</a></p></div></main>'
        ),
        listed,
    )


@layout
def medium_like() -> Layout:
    listed = articles(path="/{slug}-3f9a0c{n}")
    cards = "".join(
        f'<div class="ab ca"><div class="ch bg"><article data-testid="post-preview"><div><a href="/@jane?source=collection_home---{n}" rel="noopener"><p>Jane van der Doe</p></a></div><div role="link" data-href="{a.url}"><a href="{local(a.url)}?source=collection_home---{n}" rel="noopener follow"><h2 class="bf hb">{a.title}</h2><div><h3>And a subtitle that says more about the thing</h3></div></a></div>'
        f'<div><span>{a.day:%b} {a.day.day}, {a.day.year}</span><a href="{local(a.url)}?source=x#responses">12 responses</a></div></article></div></div>'
        for n, a in enumerate(listed)
    )
    return made(
        "medium-like",
        "/",
        page(
            f'<div id="root"><div class="a b"><a href="/about">About</a><a href="https://medium.example/m/signin?x=1">Sign in</a></div><div class="c">{cards}</div></div>'
        ),
        listed,
    )


@layout
def plain_list() -> Layout:
    listed = articles(path="/writing/{slug}.html", dated=False)
    rows = "".join(f'<li><a href="{local(a.url)}">{a.title}</a></li>' for a in listed)
    return made(
        "plain list",
        "/writing/",
        page(f'<p><a href="/">home</a> | <a href="/talks.html">talks</a></p><h1>Writing</h1><ul>{rows}</ul>'),
        listed,
    )


@layout
def flat_headings() -> Layout:
    listed = articles(path="/archive/{slug}")
    rows = "".join(
        f'<h3><a href="{local(a.url)}">{a.title}</a></h3><p class="small">{a.day.day} {a.day:%B %Y}, by the editors</p><p>Some lines on what is in it, so that one may decide whether to read on.</p>'
        for a in listed
    )
    return made(
        "flat headings",
        "/archive/",
        page(
            f'<div id="nav"><a href="/">Home</a> <a href="/archive/">Archive</a></div><div id="main">{rows}</div>',
            lang="en-GB",
        ),
        listed,
    )


@layout
def flat_dates_first() -> Layout:
    listed = articles(path="/notes/{slug}")
    rows = "".join(f'<p class="date">{a.day}</p><h2><a href="{local(a.url)}">{a.title}</a></h2>' for a in listed)
    return made(
        "flat dates first",
        "/notes/",
        page(f'<div class="menu"><a href="/">Home</a></div><section id="notes">{rows}</section>'),
        listed,
    )


@layout
def microformats() -> Layout:
    listed = articles(path="/{y}/{n}")
    cards = "".join(
        f'<div class="h-entry"><a class="u-url p-name" href="{local(a.url)}">{a.title}</a> <time class="dt-published" datetime="{a.day}T12:00:00Z">{a.day:%d/%m}</time><p class="p-summary">What this note is about, more or less.</p><a class="p-author h-card" href="/">Ann Other</a></div>'
        for a in listed
    )
    return made(
        "microformats", "/notes", page(f'<div class="h-feed"><h1 class="p-name">Notes</h1>{cards}</div>'), listed
    )


@layout
def microdata() -> Layout:
    listed = articles(path="/publications/{slug}")
    cards = "".join(
        f'<div itemscope itemtype="https://schema.org/BlogPosting"><meta itemprop="datePublished" content="{a.day}"><a itemprop="url" href="{local(a.url)}"><span itemprop="headline">{a.title}</span></a><span itemprop="author">The team</span></div>'
        for a in listed
    )
    return made("microdata", "/publications", page(f'{NAV}<div id="content">{cards}</div>{FOOT}'), listed)


@layout
def link_blog() -> Layout:
    listed = tuple(
        Article(f"https://{host}.example/{slug(title)}", title, TODAY - timedelta(days=n))
        for n, (title, host) in enumerate(zip(TITLES, "abcdefghij", strict=True))
    )
    rows = "".join(
        f'<tr class="athing"><td class="title"><span class="rank">{n + 1}.</span></td><td class="title"><span class="titleline"><a href="{a.url}">{a.title}</a><span class="sitebit"> (<a href="from?site=x{n}.example">x{n}.example</a>)</span></span></td></tr><tr><td colspan="1"></td><td class="subtext"><span class="score">{200 - n} points</span> by <a href="user?id=u{n}">u{n}</a> <span class="age" title="{a.day}T12:00:00"><a href="item?id={n}">{n} days ago</a></span> | <a href="hide?id={n}">hide</a> | <a href="item?id={n}">{n + 4} comments</a></td></tr>'
        for n, a in enumerate(listed)
    )
    return made(
        "link blog",
        "/",
        page(
            f'<center><table id="hnmain"><tr><td><a href="news">News</a> | <a href="newest">new</a></td></tr><tr><td><table>{rows}</table></td></tr></table></center>'
        ),
        listed,
    )


@layout
def sidebar_left() -> Layout:
    listed = articles(path="/blog/{slug}")
    docs = (
        '<div class="sidebar left"><ul>'
        + "".join(f'<li><a href="/docs/how-to-do-thing-{n}">How to do the thing number {n}</a></li>' for n in range(15))
        + "</ul></div>"
    )
    rows = "".join(
        f'<div class="blog-item"><h2><a href="{local(a.url)}">{a.title}</a></h2><div class="byline"><span>Jane Doe</span> | <span>{a.day.day} {a.day:%b %Y}</span></div></div>'
        for a in listed
    )
    return made(
        "sidebar left",
        "/blog",
        page(f'<div class="layout with-sidebar">{docs}<div class="content">{rows}</div></div>'),
        listed,
    )


@layout
def split_date() -> Layout:
    listed = articles(path="/index.php?id={n}")
    rows = "".join(
        f'<div class="item"><div class="date-box"><b>{a.day.day:02}</b><i>{a.day.year}-{a.day.month:02}</i></div><div class="txt"><a href="{local(a.url)}">{a.title}</a><p>Some words about it, which are long enough to be a teaser for readers.</p></div></div>'
        for a in listed
    )
    undated = tuple(Article(a.url, a.title, None) for a in listed)
    return made(
        "split date",
        "/index.php",
        page(
            f'<div class="head"><a href="/index.php?cat=1">Products</a><a href="/index.php?cat=2">Contact</a></div><div class="news">{rows}</div>',
            lang="en",
        ),
        undated,
    )
