"""List pages built as sites of many kinds build them, each with the articles that it lists: address, title, day."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SITE = "https://lab.example"
TODAY = date(2026, 1, 7)
TITLES = (
    "Introducing Nimbus 4: a smaller model that plans ahead",
    "How we measure honesty in long conversations",
    "Gemma opens its weights to everyone",
    "An update on our safety framework",
    "Orion-2",
    "Why reasoning models still fail at counting",
    "Partnering with the city of Lyon on public services",
    "The economics of inference, explained",
    "Weather forecasts from a single GPU",
    "What 10,000 developers told us about agents",
)
TITLES_FR = (
    "Mistral publie un modèle de code sous licence libre",
    "Pourquoi les agents échouent encore souvent",
    "La souveraineté numérique en cinq questions",
    "L'IA au service des hôpitaux",
    "Grok : ce que change l'ouverture des poids",
    "Entretien avec la directrice de la recherche",
)
TITLES_DE = (
    "Neues Sprachmodell spricht zwanzig Dialekte",
    "Wie Behörden KI einsetzen dürfen",
    "Rechenzentrum in Jülich nimmt den Betrieb auf",
    "Förderung für offene Modelle verlängert",
    "Interview: Was Agenten heute leisten",
)
TITLES_ZH = ("通义千问发布新一代开源模型", "人工智能治理白皮书正式发布", "大模型推理成本下降九成", "公司与清华大学共建实验室", "新一代语音模型支持方言")
TITLES_JA = ("生成AIの新モデルを公開しました", "自治体との実証実験を開始", "音声認識エンジンの精度が向上", "人工知能学会で最優秀賞を受賞", "新しい研究拠点を京都に開設")
TITLES_ES = (
    "El nuevo modelo aprende tres idiomas a la vez",
    "Cómo evaluamos los riesgos de los agentes",
    "Abrimos una oficina en Barcelona",
    "Los datos sintéticos no bastan por sí solos",
    "Un año de investigación abierta",
)
NAV = (
    '<header class="site-header"><a href="/" class="logo"><img src="/logo.svg" alt="Lab"></a><nav><ul>'
    '<li><a href="/models">Models</a></li><li><a href="/research/our-approach-to-safety">Our approach to safety</a></li>'
    '<li><a href="/news">News</a></li><li><a href="/careers">Careers</a></li></ul></nav></header>'
)
FOOT = (
    '<footer><div class="cols"><h4>Company</h4><ul><li><a href="/about">About us</a></li>'
    '<li><a href="/legal/privacy-policy-for-users">Privacy policy for users</a></li>'
    '<li><a href="https://x.com/lab">X</a></li><li><a href="https://www.linkedin.com/company/lab">LinkedIn</a></li></ul>'
    '<h4>Latest</h4><ul><li><a href="/news/nimbus-4-system-card">Nimbus 4 system card</a></li></ul></div></footer>'
)
COOKIES = '<div class="cookie-banner"><p>We use cookies.</p><a href="/cookies-and-similar-technologies">Learn about cookies</a></div>'


@dataclass(frozen=True, slots=True)
class Article:
    """An article of a list: address, title and day."""

    url: str
    title: str
    day: date | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A list page and what it lists, in order."""

    name: str
    url: str
    html: str
    articles: tuple[Article, ...]


LAYOUTS: list[Callable[[], Layout]] = []


def layout(function: Callable[[], Layout]) -> Callable[[], Layout]:
    LAYOUTS.append(function)
    return function


def slug(title: str, number: int = 0) -> str:
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in title.lower())
    return "-".join(filter(None, plain.split("-"))) or f"a{number}"


def articles(titles: Sequence[str] = TITLES, path: str = "/news/{slug}", site: str = SITE, dated: bool = True) -> tuple[Article, ...]:
    made = []
    for n, title in enumerate(titles):
        day = TODAY - timedelta(days=1 + 9 * n)
        address = path.format(slug=slug(title, n), n=48210 + n, y=day.year, m=day.month, d=day.day)
        made.append(Article(site + address, title, day if dated else None))
    return tuple(made)


def page(body: str, *, lang: str = "en", title: str = "News", head: str = "") -> str:
    return f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>{body}</body></html>'


def made(name: str, url: str, html: str, listed: Sequence[Article]) -> Layout:
    return Layout(name, SITE + url, html, tuple(listed))


def local(url: str) -> str:
    return url.removeprefix(SITE)


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
    side = '<aside id="secondary" class="widget-area"><section class="widget widget_recent_entries"><h2>Recent Posts</h2><ul>' + "".join(
        f'<li><a href="{a.url}">{a.title}</a></li>' for a in listed[:5]
    ) + '</ul></section><section class="widget"><h2>Archives</h2><ul><li><a href="/2025/11/">November 2025</a></li></ul></section></aside>'
    nav = '<nav class="navigation pagination"><a class="page-numbers" href="/blog/page/2/">2</a><a class="next page-numbers" href="/blog/page/2/">Older posts</a></nav>'
    return made("wordpress classic", "/blog/", page(f'{NAV}<div id="content" class="site-content has-sidebar"><main>{posts}{nav}</main>{side}</div>{FOOT}'), listed)


@layout
def wordpress_blocks() -> Layout:
    listed = articles(path="/{slug}/")
    posts = "".join(
        f'<li class="wp-block-post post-{n} post type-post"><figure class="wp-block-post-featured-image"><a href="{a.url}"><img src="/i/{n}.jpg" alt="{a.title}"></a></figure>'
        f'<h3 class="wp-block-post-title"><a href="{a.url}" target="_self">{a.title}</a></h3><div class="wp-block-post-date"><time datetime="{a.day}T10:00:00+01:00"><a href="{a.url}">{a.day:%b %d, %Y}</a></time></div></li>'
        for n, a in enumerate(listed)
    )
    related = '<div class="newsletter-box"><h3>Stay in the loop with our monthly letter</h3><a href="/join-our-monthly-letter">Join our monthly letter</a></div>'
    return made("wordpress blocks", "/insights/", page(f'{NAV}<main><h1>Insights</h1><ul class="wp-block-post-template">{posts}</ul>{related}</main>{FOOT}{COOKIES}'), listed)


@layout
def elementor_grid() -> Layout:
    listed = articles(path="/{slug}/")
    cards = "".join(
        f'<article class="elementor-post elementor-grid-item post-{n}"><a class="elementor-post__thumbnail__link" href="{a.url}" tabindex="-1"><div class="elementor-post__thumbnail"><img data-src="/i/{n}.webp" src="data:image/gif;base64,R0"></div></a>'
        f'<div class="elementor-post__text"><h3 class="elementor-post__title"><a href="{a.url}">{a.title}</a></h3><div class="elementor-post__meta-data"><span class="elementor-post-date">{a.day:%B} {a.day.day}, {a.day.year}</span></div>'
        f'<div class="elementor-post__excerpt"><p>What happened, in two lines of text that nobody reads to the end.</p></div><a class="elementor-post__read-more" href="{a.url}">Read More »</a></div></article>'
        for n, a in enumerate(listed)
    )
    return made("elementor grid", "/news/", page(f'{NAV}<div class="elementor elementor-widget-posts"><div class="elementor-widget-container"><div class="elementor-posts-container">{cards}</div></div></div>{FOOT}'), listed)


@layout
def ghost() -> Layout:
    listed = articles(path="/{slug}/")
    cards = "".join(
        f'<article class="post-card post {"post-card-large" if n == 0 else ""}"><a class="post-card-image-link" href="{local(a.url)}"><img class="post-card-image" srcset="/c/s/w300/{n}.png 300w" src="/c/{n}.png" alt="{a.title}"></a>'
        f'<div class="post-card-content"><a class="post-card-content-link" href="{local(a.url)}"><header class="post-card-header"><div class="post-card-tags"><span class="post-card-primary-tag">Research</span></div><h2 class="post-card-title">{a.title}</h2></header>'
        f'<div class="post-card-excerpt">A short excerpt of the story goes here for readers.</div></a><footer class="post-card-meta"><time class="post-card-meta-date" datetime="{a.day}">{a.day:%d %b %Y}</time><span class="post-card-meta-length">5 min read</span></footer></div></article>'
        for n, a in enumerate(listed)
    )
    return made("ghost", "/", page(f'<header id="gh-head" class="gh-head outer"><nav class="gh-head-menu"><ul class="nav"><li><a href="/tag/research/">Research</a></li></ul></nav></header><main id="site-main" class="site-main outer"><div class="post-feed inner">{cards}</div></main>{FOOT}', title="Lab"), listed)


@layout
def hugo_archive() -> Layout:
    listed = articles(path="/posts/{slug}/")
    rows = "".join(f'<li><span class="date">{a.day:%b} {a.day.day}</span> <a href="{local(a.url)}">{a.title}</a></li>' for a in listed)
    return made("hugo archive", "/posts/", page(f'<nav><a href="/">Home</a><a href="/posts/">Posts</a><a href="/about/">About</a></nav><div class="content"><h1>Posts</h1><h2>2025</h2><ul class="posts-list">{rows}</ul></div><footer>© 2026 <a href="https://gohugo.io">Powered by Hugo</a></footer>'), listed)


@layout
def jekyll_home() -> Layout:
    listed = articles(path="/research/{y}/{m:02}/{d:02}/{slug}.html")
    rows = "".join(f'<li><span class="post-meta">{a.day:%b} {a.day.day}, {a.day.year}</span><h3><a class="post-link" href="{local(a.url)}">\n {a.title}\n</a></h3></li>' for a in listed)
    return made("jekyll home", "/", page(f'<header class="site-header"><div class="wrapper"><a class="site-title" href="/">Lab</a><nav class="site-nav"><a class="page-link" href="/about/">About</a></nav></div></header><main class="page-content"><div class="home"><h2 class="post-list-heading">Posts</h2><ul class="post-list">{rows}</ul><p class="feed-subscribe"><a href="/feed.xml">subscribe</a></p></div></main>'), listed)


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
    return made("next cards", "/news", page(f'<header class="SiteHeader"><nav><a href="/research">Research</a><a href="/news">News</a></nav></header><main id="main"><section>{first}</section><section><h2>News</h2><ul class="PublicationList_list__x">{rows}</ul><button>See more</button></section></main>{foot}'), listed)


@layout
def next_tailwind() -> Layout:
    listed = articles(path="/index/{slug}/")
    cards = "".join(
        f'<div class="group relative"><a class="transition ease-curve-a" aria-label="{a.title} - Research - {a.day:%b} {a.day.day}, {a.day.year}" href="{local(a.url)}"><div class="relative aspect-1/1"><img alt="x" src="/i/{n}.png"></div>'
        f'<div class="mb-2 text-h5">{a.title}</div><p class="text-meta"><span class="text-primary">Research</span><span><time datetime="{a.day}T00:00">{a.day:%b} {a.day.day}, {a.day.year}</time></span></p></a></div>'
        for n, a in enumerate(listed)
    )
    return made("next tailwind", "/news/", page(f'<div id="__next"><header><nav><a href="/research/index/">Research</a></nav></header><main><div class="grid md:grid-cols-3">{cards}</div></main></div>{FOOT}'), listed)


@layout
def next_data_only() -> Layout:
    listed = articles(path="/blog/{slug}")
    posts = [{"id": n, "title": a.title, "slug": a.url.rpartition("/")[2], "publishedAt": f"{a.day}T09:00:00Z", "excerpt": "Some words."} for n, a in enumerate(listed)]
    data = {"props": {"pageProps": {"nav": [{"title": "Models", "href": "/models"}, {"title": "Pricing", "href": "/pricing"}, {"title": "Docs", "href": "/docs"}], "posts": posts}}, "page": "/blog"}
    return made("next data only", "/blog", page(f'<div id="__next"><header><nav><a href="/models">Models</a></nav></header><main><div class="skeleton"></div></main></div><script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script>'), listed)


@layout
def next_pushed() -> Layout:
    listed = articles(path="/news/{slug}")
    posts = [{"title": a.title, "url": local(a.url), "date": f"{a.day}", "category": {"name": "x"}} for a in listed]
    chunk = "5:" + json.dumps(["$", "$L12", None, {"items": posts}]) + "\n"
    half = len(chunk) // 2
    scripts = "".join(f"<script>self.__next_f.push({json.dumps([1, part])})</script>" for part in ('1:"$Sreact.fragment"\n', chunk[:half], chunk[half:]))
    return made("next pushed", "/news", page(f'<div class="app"><nav><a href="/models">Models</a></nav><div class="loading">…</div></div>{scripts}'), listed)


@layout
def webflow() -> Layout:
    listed = articles(path="/post/{slug}")
    cards = "".join(
        f'<div role="listitem" class="collection-item w-dyn-item"><a href="{local(a.url)}" class="blog-card w-inline-block"><div class="image-wrap"><img loading="lazy" src="https://cdn.example/{n}.jpg" alt=""></div><div class="blog-card-content"><div class="tag-small">Company</div>'
        f'<div class="heading-style-h5">{a.title}</div><div class="text-size-small">{a.day:%B} {a.day.day}, {a.day.year}</div></div></a></div>'
        for n, a in enumerate(listed)
    )
    return made("webflow", "/blog", page(f'<div class="navbar w-nav" role="banner"><nav role="navigation" class="w-nav-menu"><a href="/product-tour-and-demo" class="w-nav-link">Product tour and demo</a></nav></div><section class="section"><div class="container w-container"><h1>Blog</h1><div class="w-dyn-list"><div role="list" class="w-dyn-items">{cards}</div></div></div></section><div class="cta-section"><h2>Build with us</h2><a class="button" href="/get-started-for-free-today">Get started for free today</a></div><div class="footer w-section"><a href="/terms-and-conditions">Terms and conditions</a></div>'), listed)


@layout
def medium_like() -> Layout:
    listed = articles(path="/{slug}-3f9a0c{n}")
    cards = "".join(
        f'<div class="ab ca"><div class="ch bg"><article data-testid="post-preview"><div><a href="/@jane?source=collection_home---{n}" rel="noopener"><p>Jane van der Doe</p></a></div><div role="link" data-href="{a.url}"><a href="{local(a.url)}?source=collection_home---{n}" rel="noopener follow"><h2 class="bf hb">{a.title}</h2><div><h3>And a subtitle that says more about the thing</h3></div></a></div>'
        f'<div><span>{a.day:%b} {a.day.day}, {a.day.year}</span><a href="{local(a.url)}?source=x#responses">12 responses</a></div></article></div></div>'
        for n, a in enumerate(listed)
    )
    return made("medium-like", "/", page(f'<div id="root"><div class="a b"><a href="/about">About</a><a href="https://medium.example/m/signin?x=1">Sign in</a></div><div class="c">{cards}</div></div>'), listed)


@layout
def framer_like() -> Layout:
    listed = articles(path="/blog/{slug}")
    cards = "".join(
        f'<div class="ssr-variant"><div class="framer-1x{n}-container"><a class="framer-kd9 framer-lux" href="./blog/{a.url.rpartition("/")[2]}" data-framer-name="Card"><div class="framer-img"><img src="https://f.example/{n}.png" alt=""></div><div data-framer-name="Date" class="framer-z"><p class="framer-text">{a.day:%b} {a.day.day}, {a.day.year}</p></div><div data-framer-name="Title" class="framer-y"><p class="framer-text">{a.title}</p></div></a></div></div>'
        for n, a in enumerate(listed)
    )
    return made("framer-like", "/blog", page(f'<div id="main"><div class="framer-root"><nav class="framer-nav"><a href="./">Home</a><a href="./pricing">Pricing</a></nav><div data-framer-name="Posts">{cards}</div><footer><a href="./legal/terms">Terms</a></footer></div></div>'), listed)


@layout
def newsroom_table() -> Layout:
    listed = articles(path="/newsroom/press-release-details/{y}/{slug}/default.aspx")
    rows = "".join(f'<tr><td class="date">{a.day:%m/%d/%Y}</td><td><a href="{local(a.url)}">{a.title}</a></td><td><a href="/files/{n}.pdf">PDF</a></td></tr>' for n, a in enumerate(listed))
    return made("newsroom table", "/newsroom", page(f'{NAV}<div class="breadcrumb"><a href="/">Home</a> / <a href="/investors/investor-relations-overview">Investor relations</a></div><div id="main"><table class="press"><thead><tr><th>Date</th><th>Title</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>{FOOT}', lang="en-US"), listed)


@layout
def arxiv_like() -> Layout:
    listed = tuple(Article(f"{SITE}/abs/2601.0{1234 + n}", title, None) for n, title in enumerate(TITLES))
    rows = "".join(
        f'<dt><a name="item{n}">[{n}]</a> <a href="{local(a.url)}" title="Abstract" id="{a.url[-10:]}">arXiv:{a.url[-10:]}</a> [<a href="/pdf/{a.url[-10:]}">pdf</a>, <a href="/html/{a.url[-10:]}">html</a>, <a href="/format/{a.url[-10:]}">other</a>]</dt>'
        f'<dd><div class="meta"><div class="list-title mathjax"><span class="descriptor">Title:</span> {a.title}</div><div class="list-authors"><a href="/search/cs?searchtype=author&amp;query=Doe,+J">Jane Doe</a>, <a href="/search/cs?searchtype=author&amp;query=Roe">Richard Roe</a></div><div class="list-subjects"><span class="primary-subject">Artificial Intelligence (cs.AI)</span></div></div></dd>'
        for n, a in enumerate(listed)
    )
    return made("arxiv-like", "/list/cs.AI/recent", page(f'<div id="header"><a href="/">arXiv</a></div><div id="content"><div id="dlpage"><h1>Artificial Intelligence</h1><dl id="articles"><h3>New submissions</h3>{rows}</dl></div></div><footer><a href="/help">Help</a></footer>'), listed)


@layout
def hub_papers() -> Layout:
    listed = tuple(Article(f"{SITE}/papers/2601.0{1234 + n}", title, None) for n, title in enumerate(TITLES))
    cards = "".join(
        f'<article class="relative flex flex-col"><a href="{local(a.url)}" class="shadow"><img src="/t/{n}.png"></a><div class="from-gray-50-to-white"><div class="pb-12"><div>Submitted by <div><img alt="u{n}"> user{n}</div></div><div class="flex"><div><label><input type="checkbox"><div class="leading-none">{70 - n}</div></label></div>'
        f'<div class="w-full"><h3 class="mb-1 text-lg/6 font-semibold"><a href="{local(a.url)}" class="line-clamp-3 cursor-pointer text-balance">{a.title}</a></h3><div class="flex"><a href="{local(a.url)}"><ul><li>·</li><li>7 authors</li></ul></a><a href="{local(a.url)}#community">2</a></div></div></div></div></div></article>'
        for n, a in enumerate(listed)
    )
    return made("hub papers", "/papers", page(f'<div class="flex"><header><nav><ul><li><a href="/models">Models</a></li><li><a href="/datasets">Datasets</a></li></ul></nav></header><main><section><h1>Daily Papers</h1><a href="/papers/date/2026-01-06">Previous</a><div class="grid">{cards}</div></section></main></div>{FOOT}'), listed)


@layout
def hub_blog() -> Layout:
    listed = articles(path="/blog/{slug}")
    cards = "".join(
        f'<div class="col-span-1"><a href="{local(a.url)}" class="flex"><img src="/b/{n}.png" class="aspect-video"><h2 class="font-serif font-bold">{a.title}</h2></a><p class="text-sm">By <a href="/jdoe{n}"><span>jdoe{n}</span></a> <span>{a.day:%B} {a.day.day}, {a.day.year}</span> <span>• 12</span></p></div>'
        for n, a in enumerate(listed)
    )
    tags = "".join(f'<a href="/blog?tag={t}">{t}</a>' for t in ("llm", "audio", "open-source-collab"))
    return made("hub blog", "/blog", page(f'{NAV}<main><div class="tags">{tags}</div><div class="grid grid-cols-12">{cards}</div><div class="pages"><a href="?p=0">1</a><a href="?p=1">2</a><a href="?p=1">Next</a></div></main>{FOOT}'), listed)


@layout
def corporate_de() -> Layout:
    listed = articles(TITLES_DE, "/de/presse/meldungen/{slug}.html")
    cards = "".join(
        f'<div class="c-teaser"><div class="c-teaser__date">{a.day:%d.%m.%Y}</div><h3 class="c-teaser__headline">{a.title}</h3><p>Kurzer Anriss der Meldung, damit man weiß, worum es in der Meldung geht.</p><a class="c-teaser__link" href="{local(a.url)}">Weiterlesen</a></div>'
        for a in listed
    )
    return made("corporate de", "/de/presse/", page(f'<header><nav><a href="/de/produkte">Produkte</a><a href="/en/press/" hreflang="en">English</a></nav></header><main><h1>Presse</h1>{cards}<nav aria-label="Seiten"><a href="?seite=2" rel="next">Weiter</a></nav></main><footer><a href="/de/impressum">Impressum</a><a href="/de/datenschutz">Datenschutz</a></footer>', lang="de"), listed)


@layout
def magazine_de() -> Layout:
    listed = articles(TITLES_DE, "/news/{slug}-{n}.html", dated=False)
    cards = "".join(
        f'<article class="a-article-teaser"><a class="a-article-teaser__link" href="{local(a.url)}" title="{a.title}"><figure><img src="/i/{n}.jpg"></figure><div><header><span class="kicker">Künstliche Intelligenz</span><h3 class="a-article-teaser__title"><span class="vh">KI:</span>{a.title}</h3></header><p class="synopsis">Worum es geht und warum das wichtig ist, in einem langen Satz.</p></div></a></article>'
        for n, a in enumerate(listed)
    ).replace('<span class="vh">KI:</span>', "")
    popular = '<section class="box box--most-read"><h2>Meistgelesen</h2><ol>' + "".join(f'<li><a href="/news/ganz-anderes-thema-im-{n}-{9000 + n}.html">Ganz anderes Thema im Ranking Nummer {n}</a></li>' for n in range(5)) + "</ol></section>"
    return made("magazine de", "/thema/ki", page(f'<header><nav><a href="/newsticker">Newsticker</a></nav></header><div class="stage">{cards}</div>{popular}<footer><a href="/impressum">Impressum</a></footer>', lang="de"), listed)


@layout
def newspaper_fr() -> Layout:
    listed = articles(TITLES_FR, "/pixels/article/{y}/{m:02}/{d:02}/{slug}_{n}_44.html")
    months = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
    cards = "".join(
        f'<section class="teaser teaser--inline-picture"><a class="teaser__link" href="{a.url}"><picture class="teaser__media"><img data-srcset="/i/{n}.jpg 664w" src=""></picture><h3 class="teaser__title">{a.title}</h3><p class="teaser__desc">Le chapô de cet article, qui en dit assez long pour donner envie de lire.</p></a><p class="meta__publisher"><span class="meta__date">Publié le {a.day.day} {months[a.day.month - 1]} {a.day.year} à 11h05</span></p></section>'
        for n, a in enumerate(listed)
    )
    side = '<aside><h4>Les plus lus</h4><ul><li><a href="/sport/article/2026/01/02/un-match-que-personne-n-attendait_1_2.html">Un match que personne n’attendait</a></li></ul></aside>'
    return made("newspaper fr", "/intelligence-artificielle/", page(f'<header><nav><a href="/international/">International</a></nav></header><main><div class="river">{cards}</div><section class="pagination"><a class="river__pagination" href="/intelligence-artificielle/2/">2</a></section>{side}</main><footer><a href="/mentions-legales">Mentions légales</a></footer>', lang="fr"), listed)


@layout
def small_site_fr() -> Layout:
    listed = articles(TITLES_FR, "/actualites/{slug}")
    cards = "".join(f'<article class="news-card"><a class="news-card__link" href="{local(a.url)}"><h3 class="news-card__title">{a.title}</h3></a><p class="news-card__date">{a.day:%B} {a.day.day}, {a.day.year}</p></article>' for a in listed)
    return made("small site fr", "/actualites/", page(f'<header><nav><a href="/">Accueil</a> <a href="/produits">Produits</a> <a href="/actualites/">Actualités</a></nav></header><main><h1>Toutes les actualités</h1><section class="news-list">{cards}</section></main><footer><a href="/mentions">Mentions légales</a></footer>', lang="fr"), listed)


@layout
def portal_es() -> Layout:
    listed = articles(TITLES_ES, "/tecnologia/noticia/{slug}/")
    months = "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split()
    cards = "".join(
        f'<div class="noticia-item"><a href="{local(a.url)}"><img src="/f/{n}.jpg" alt="{a.title}"></a><span class="fecha">{a.day.day} de {months[a.day.month - 1]} de {a.day.year}</span><h2><a href="{local(a.url)}">{a.title}</a></h2><p class="autor">Por <a href="/autor/ana-maria-lopez-garcia/">Ana María López García</a></p></div>'
        for n, a in enumerate(listed)
    )
    return made("portal es", "/tecnologia/", page(f'{NAV}<div id="contenido"><div class="listado">{cards}</div><div class="lateral sidebar"><h3>Lo más leído</h3><div class="noticia-item"><h2><a href="/deportes/noticia/otro-tema-muy-distinto-de-hoy/">Otro tema muy distinto de hoy</a></h2></div></div></div>{FOOT}', lang="es"), listed)


@layout
def newsroom_zh() -> Layout:
    listed = articles(TITLES_ZH, "/news/{y}{m:02}{d:02}/{n}.html")
    rows = "".join(f'<li><a href="{local(a.url)}" target="_blank" title="{a.title}">{a.title[:8]}…</a><span>{a.day}</span></li>' for a in listed)
    return made("newsroom zh", "/news/", page(f'<div class="top"><ul class="nav"><li><a href="/">首页</a></li><li><a href="/about/">关于我们</a></li></ul></div><div class="w1200"><div class="list_box"><ul class="list">{rows}</ul></div><div class="pages"><a href="index_2.html">下一页</a></div></div><div class="footer">版权所有</div>', lang="zh-CN"), listed)


@layout
def portal_zh() -> Layout:
    listed = articles(TITLES_ZH, "/p/{n}")
    cards = "".join(
        f'<div class="article-item"><a class="item-pic" href="{local(a.url)}"><img src="/i/{n}.png"></a><div class="item-main"><a class="title" href="{local(a.url)}">{a.title}</a><a class="desc" href="{local(a.url)}">这里是文章的摘要，介绍文章的主要内容以及背景，供读者快速了解。</a><div class="meta"><a href="/user/{n}">作者名</a><span class="time">{(TODAY - a.day).days}天前</span></div></div></div>'
        for n, a in enumerate(listed)
    )
    hot = '<div class="sidebar"><div class="hd">热门文章</div>' + "".join(f'<div class="hot-item"><a href="/p/77{n}">完全不同的热门文章标题在这里{n}</a></div>' for n in range(4)) + "</div>"
    return made("portal zh", "/ai", page(f'<div class="header"><a href="/newsflashes">快讯</a></div><div class="main-wrap"><div class="flow-list">{cards}</div>{hot}</div>', lang="zh"), listed)


@layout
def newsroom_ja() -> Layout:
    listed = articles(TITLES_JA, "/news/{y}/{m:02}{d:02}.html")
    rows = "".join(f'<dt class="newsList__date">{a.day.year}年{a.day.month}月{a.day.day}日<span class="label">ニュースリリース</span></dt><dd class="newsList__body"><a href="{local(a.url)}">{a.title}</a></dd>' for a in listed)
    return made("newsroom ja", "/news/", page(f'<header><nav><a href="/company/">会社情報</a></nav></header><div id="contents"><h1>ニュース</h1><dl class="newsList">{rows}</dl></div><footer><a href="/privacy/">プライバシーポリシー</a></footer>', lang="ja"), listed)


@layout
def cards_ja() -> Layout:
    listed = articles(TITLES_JA, "/topics/{n}")
    rows = "".join(f'<li class="p-topics__item"><a href="{local(a.url)}"><span class="p-topics__date">{a.day.year}.{a.day.month:02}.{a.day.day:02}</span><span class="p-topics__cat">お知らせ</span><p class="p-topics__ttl">{a.title}</p></a></li>' for a in listed)
    return made("cards ja", "/topics/", page(f'<header class="l-header"><nav class="gnav"><a href="/service/">サービス</a></nav></header><main class="l-main"><ul class="p-topics">{rows}</ul><div class="c-pager"><a href="/topics/page/2/">次へ</a></div></main><div class="c-ranking"><h2>人気記事</h2><ul><li><a href="/topics/1001">まったく別の人気記事のタイトルです</a></li></ul></div>', lang="ja"), listed)


@layout
def plain_list() -> Layout:
    listed = articles(path="/writing/{slug}.html", dated=False)
    rows = "".join(f'<li><a href="{local(a.url)}">{a.title}</a></li>' for a in listed)
    return made("plain list", "/writing/", page(f'<p><a href="/">home</a> | <a href="/talks.html">talks</a></p><h1>Writing</h1><ul>{rows}</ul>'), listed)


@layout
def flat_headings() -> Layout:
    listed = articles(path="/archive/{slug}")
    rows = "".join(f'<h3><a href="{local(a.url)}">{a.title}</a></h3><p class="small">{a.day.day} {a.day:%B %Y}, by the editors</p><p>Some lines on what is in it, so that one may decide whether to read on.</p>' for a in listed)
    return made("flat headings", "/archive/", page(f'<div id="nav"><a href="/">Home</a> <a href="/archive/">Archive</a></div><div id="main">{rows}</div>', lang="en-GB"), listed)


@layout
def flat_dates_first() -> Layout:
    listed = articles(path="/notes/{slug}")
    rows = "".join(f'<p class="date">{a.day}</p><h2><a href="{local(a.url)}">{a.title}</a></h2>' for a in listed)
    return made("flat dates first", "/notes/", page(f'<div class="menu"><a href="/">Home</a></div><section id="notes">{rows}</section>'), listed)


@layout
def day_headings() -> Layout:
    listed = articles(path="/changelog/{slug}")
    days = "".join(f'<section><h2>{a.day:%B} {a.day.day}, {a.day.year}</h2><ul><li><a href="{local(a.url)}">{a.title}</a> is available to all customers.</li></ul></section>' for a in listed)
    return made("day headings", "/changelog/", page(f"{NAV}<main><h1>Changelog</h1>{days}</main>{FOOT}"), listed)


@layout
def rows_of_three() -> Layout:
    listed = articles(path="/en/articles/{n}-{slug}")
    groups = [listed[n : n + 3] for n in range(0, len(listed), 3)]
    rows = "".join(
        '<div class="row">' + "".join(f'<div class="col-md-4"><div class="card h-100"><img class="card-img-top" src="/i.jpg"><div class="card-body"><span class="badge">AI</span><h5 class="card-title">{a.title}</h5><p class="card-text"><small class="text-muted">{a.day:%d %b %Y}</small></p><a href="{local(a.url)}" class="btn btn-primary stretched-link">Read more</a></div></div></div>' for a in group) + "</div>"
        for group in groups
    )
    return made("rows of three", "/en/articles", page(f'<nav class="navbar"><a class="navbar-brand" href="/">Lab</a></nav><div class="container">{rows}</div>{FOOT}'), listed)


@layout
def portal_mixed() -> Layout:
    listed = articles(path="/{y}/{m:02}/{d:02}/{slug}/")
    mega = '<div class="mega-menu"><ul>' + "".join(f'<li><a href="/category/{t}/">{t.title()}</a></li>' for t in ("ai", "apps", "security", "startups", "venture")) + '</ul><div class="menu-feature"><h3><a href="/events/disrupt-2026-early-bird-tickets/">Get your early bird tickets for Disrupt 2026</a></h3></div></div>'
    hero = f'<section class="hero"><div class="hero__primary"><h2><a href="{listed[0].url}">{listed[0].title}</a></h2><span class="byline">Jane Doe</span><time datetime="{listed[0].day}T10:00:00-08:00">{(TODAY - listed[0].day).days} days ago</time></div></section>'
    river = '<div class="river">' + "".join(f'<div class="wp-block-techcrunch-card loop-card"><div class="loop-card__content"><a class="loop-card__cat" href="/category/ai/">AI</a><h3 class="loop-card__title"><a class="loop-card__title-link" href="{a.url}">{a.title}</a></h3><div class="loop-card__meta"><a class="loop-card__author" href="/author/john-q-public-esq/">John Q. Public Esq</a><time datetime="{a.day}T10:00:00-08:00">{a.day:%b} {a.day.day}</time></div></div></div>' for a in listed[1:]) + "</div>"
    popular = '<div class="most-popular"><h2>Most Popular</h2><ul>' + "".join(f'<li><h3><a href="/2025/12/0{n}/something-else-that-was-popular-{n}/">Something else that was popular {n}</a></h3></li>' for n in range(1, 6)) + "</ul></div>"
    return made("portal mixed", "/category/artificial-intelligence/", page(f'{mega}<main>{hero}{river}{popular}<a class="next" href="/category/artificial-intelligence/page/2/">Next</a></main>{FOOT}{COOKIES}'), listed)


@layout
def lab_with_products() -> Layout:
    listed = articles(TITLES[:6], path="/news/{slug}")
    cards = "".join(f'<a class="news-row" href="{local(a.url)}"><h3>{a.title}</h3><span>{a.day:%B} {a.day.day}, {a.day.year}</span></a>' for a in listed)
    products = "".join(f'<a class="product-card" href="/products/{p}-for-your-whole-team"><img src="/p.png"><h3>{p.title()} for your whole team</h3><p>Everything that it can do for you, in one place, from today.</p></a>' for p in ("chat", "code", "search", "voice", "vision", "agents", "cloud", "edge"))
    return made("lab with products", "/news", page(f'{NAV}<main><section class="list">{cards}</section><section class="products"><h2>Explore our products</h2><div class="grid">{products}</div></section></main>{FOOT}'), listed)


@layout
def json_ld_list() -> Layout:
    listed = articles(path="/story/{slug}")
    data = {"@context": "https://schema.org", "@type": "CollectionPage", "mainEntity": {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": n + 1, "item": {"@type": "NewsArticle", "url": a.url, "headline": a.title, "datePublished": f"{a.day}T06:00:00Z"}} for n, a in enumerate(listed)]}}
    cards = "".join(f'<div class="card"><a href="{local(a.url)}"><div class="t">{a.title}</div></a></div>' for a in listed)
    return made("json-ld list", "/stories", page(f'{NAV}<main>{cards}</main>{FOOT}', head=f'<script type="application/ld+json">{json.dumps(data)}</script>'), listed)


@layout
def microformats() -> Layout:
    listed = articles(path="/{y}/{n}")
    cards = "".join(f'<div class="h-entry"><a class="u-url p-name" href="{local(a.url)}">{a.title}</a> <time class="dt-published" datetime="{a.day}T12:00:00Z">{a.day:%d/%m}</time><p class="p-summary">What this note is about, more or less.</p><a class="p-author h-card" href="/">Ann Other</a></div>' for a in listed)
    return made("microformats", "/notes", page(f'<div class="h-feed"><h1 class="p-name">Notes</h1>{cards}</div>'), listed)


@layout
def microdata() -> Layout:
    listed = articles(path="/publications/{slug}")
    cards = "".join(f'<div itemscope itemtype="https://schema.org/BlogPosting"><meta itemprop="datePublished" content="{a.day}"><a itemprop="url" href="{local(a.url)}"><span itemprop="headline">{a.title}</span></a><span itemprop="author">The team</span></div>' for a in listed)
    return made("microdata", "/publications", page(f'{NAV}<div id="content">{cards}</div>{FOOT}'), listed)


@layout
def link_blog() -> Layout:
    listed = tuple(Article(f"https://{host}.example/{slug(title)}", title, TODAY - timedelta(days=n)) for n, (title, host) in enumerate(zip(TITLES, "abcdefghij", strict=True)))
    rows = "".join(f'<tr class="athing"><td class="title"><span class="rank">{n + 1}.</span></td><td class="title"><span class="titleline"><a href="{a.url}">{a.title}</a><span class="sitebit"> (<a href="from?site=x{n}.example">x{n}.example</a>)</span></span></td></tr><tr><td colspan="1"></td><td class="subtext"><span class="score">{200 - n} points</span> by <a href="user?id=u{n}">u{n}</a> <span class="age" title="{a.day}T12:00:00"><a href="item?id={n}">{n} days ago</a></span> | <a href="hide?id={n}">hide</a> | <a href="item?id={n}">{n + 4} comments</a></td></tr>' for n, a in enumerate(listed))
    return made("link blog", "/", page(f'<center><table id="hnmain"><tr><td><a href="news">News</a> | <a href="newest">new</a></td></tr><tr><td><table>{rows}</table></td></tr></table></center>'), listed)


@layout
def sidebar_left() -> Layout:
    listed = articles(path="/blog/{slug}")
    docs = '<div class="sidebar left"><ul>' + "".join(f'<li><a href="/docs/how-to-do-thing-{n}">How to do the thing number {n}</a></li>' for n in range(15)) + "</ul></div>"
    rows = "".join(f'<div class="blog-item"><h2><a href="{local(a.url)}">{a.title}</a></h2><div class="byline"><span>Jane Doe</span> | <span>{a.day.day} {a.day:%b %Y}</span></div></div>' for a in listed)
    return made("sidebar left", "/blog", page(f'<div class="layout with-sidebar">{docs}<div class="content">{rows}</div></div>'), listed)


@layout
def sections_by_topic() -> Layout:
    listed = articles(path="/research/{slug}")
    def card(a: Article) -> str:
        return f'<li><a href="{local(a.url)}"><figure><img src="/x.png"></figure><h4>{a.title}</h4><time>{a.day:%B} {a.day.day}, {a.day.year}</time></a></li>'
    groups = "".join(f'<section class="topic topic-{n}"><h2>{name}</h2><ul>{"".join(map(card, listed[n * 5 : n * 5 + 5]))}</ul><a class="all" href="/research?topic={n}">See all research</a></section>' for n, name in enumerate(("Alignment", "Interpretability")))
    return made("sections by topic", "/research", page(f"{NAV}<main><h1>Research</h1>{groups}</main>{FOOT}"), listed)


@layout
def split_date() -> Layout:
    listed = articles(path="/index.php?id={n}")
    rows = "".join(f'<div class="item"><div class="date-box"><b>{a.day.day:02}</b><i>{a.day.year}-{a.day.month:02}</i></div><div class="txt"><a href="{local(a.url)}">{a.title}</a><p>Some words about it, which are long enough to be a teaser for readers.</p></div></div>' for a in listed)
    undated = tuple(Article(a.url, a.title, None) for a in listed)
    return made("split date", "/index.php", page(f'<div class="head"><a href="/index.php?cat=1">Products</a><a href="/index.php?cat=2">Contact</a></div><div class="news">{rows}</div>', lang="en"), undated)
