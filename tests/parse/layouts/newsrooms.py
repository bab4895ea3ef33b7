"""Newsrooms and magazines: tables, teasers, portals, in six languages."""

# ruff: noqa: D103 - a layout is described by its name

from __future__ import annotations

from tests.parse.layouts.building import (
    COOKIES,
    FOOT,
    NAV,
    TITLES_DE,
    TITLES_ES,
    TITLES_FR,
    TITLES_JA,
    TITLES_ZH,
    TODAY,
    Layout,
    articles,
    layout,
    local,
    made,
    page,
)


@layout
def newsroom_table() -> Layout:
    listed = articles(path="/newsroom/press-release-details/{y}/{slug}/default.aspx")
    rows = "".join(
        f'<tr><td class="date">{a.day:%m/%d/%Y}</td><td><a href="{local(a.url)}">{a.title}</a></td><td><a href="/files/{n}.pdf">PDF</a></td></tr>'
        for n, a in enumerate(listed)
    )
    return made(
        "newsroom table",
        "/newsroom",
        page(
            f'{NAV}<div class="breadcrumb"><a href="/">Home</a> / <a href="/investors/investor-relations-overview">Investor relations</a></div><div id="main"><table class="press"><thead><tr><th>Date</th><th>Title</th><th></th></tr></thead><tbody>{rows}</tbody></table></div>{FOOT}',
            lang="en-US",
        ),
        listed,
    )


@layout
def corporate_de() -> Layout:
    listed = articles(TITLES_DE, "/de/presse/meldungen/{slug}.html")
    cards = "".join(
        f'<div class="c-teaser"><div class="c-teaser__date">{a.day:%d.%m.%Y}</div><h3 class="c-teaser__headline">{a.title}</h3><p>Kurzer Anriss der Meldung, damit man weiß, worum es in der Meldung geht.</p><a class="c-teaser__link" href="{local(a.url)}">Weiterlesen</a></div>'
        for a in listed
    )
    return made(
        "corporate de",
        "/de/presse/",
        page(
            f'<header><nav><a href="/de/produkte">Produkte</a><a href="/en/press/" hreflang="en">English</a></nav></header><main><h1>Presse</h1>{cards}<nav aria-label="Seiten"><a href="?seite=2" rel="next">Weiter</a></nav></main><footer><a href="/de/impressum">Impressum</a><a href="/de/datenschutz">Datenschutz</a></footer>',
            lang="de",
        ),
        listed,
    )


@layout
def magazine_de() -> Layout:
    listed = articles(TITLES_DE, "/news/{slug}-{n}.html", dated=False)
    cards = "".join(
        f'<article class="a-article-teaser"><a class="a-article-teaser__link" href="{local(a.url)}" title="{a.title}"><figure><img src="/i/{n}.jpg"></figure><div><header><span class="kicker">Künstliche Intelligenz</span><h3 class="a-article-teaser__title"><span class="vh">KI:</span>{a.title}</h3></header><p class="synopsis">Worum es geht und warum das wichtig ist, in einem langen Satz.</p></div></a></article>'
        for n, a in enumerate(listed)
    ).replace('<span class="vh">KI:</span>', "")
    popular = (
        '<section class="box box--most-read"><h2>Meistgelesen</h2><ol>'
        + "".join(
            f'<li><a href="/news/ganz-anderes-thema-im-{n}-{9000 + n}.html">Ganz anderes Thema im Ranking Nummer {n}</a></li>'
            for n in range(5)
        )
        + "</ol></section>"
    )
    return made(
        "magazine de",
        "/thema/ki",
        page(
            f'<header><nav><a href="/newsticker">Newsticker</a></nav></header><div class="stage">{cards}</div>{popular}<footer><a href="/impressum">Impressum</a></footer>',
            lang="de",
        ),
        listed,
    )


@layout
def newspaper_fr() -> Layout:
    listed = articles(TITLES_FR, "/pixels/article/{y}/{m:02}/{d:02}/{slug}_{n}_44.html")
    months = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ]
    cards = "".join(
        f'<section class="teaser teaser--inline-picture"><a class="teaser__link" href="{a.url}"><picture class="teaser__media"><img data-srcset="/i/{n}.jpg 664w" src=""></picture><h3 class="teaser__title">{a.title}</h3><p class="teaser__desc">Le chapô de cet article, qui en dit assez long pour donner envie de lire.</p></a><p class="meta__publisher"><span class="meta__date">Publié le {a.day.day} {months[a.day.month - 1]} {a.day.year} à 11h05</span></p></section>'
        for n, a in enumerate(listed)
    )
    side = '<aside><h4>Les plus lus</h4><ul><li><a href="/sport/article/2026/01/02/un-match-que-personne-n-attendait_1_2.html">Un match que personne n’attendait</a></li></ul></aside>'
    return made(
        "newspaper fr",
        "/intelligence-artificielle/",
        page(
            f'<header><nav><a href="/international/">International</a></nav></header><main><div class="river">{cards}</div><section class="pagination"><a class="river__pagination" href="/intelligence-artificielle/2/">2</a></section>{side}</main><footer><a href="/mentions-legales">Mentions légales</a></footer>',
            lang="fr",
        ),
        listed,
    )


@layout
def small_site_fr() -> Layout:
    listed = articles(TITLES_FR, "/actualites/{slug}")
    cards = "".join(
        f'<article class="news-card"><a class="news-card__link" href="{local(a.url)}"><h3 class="news-card__title">{a.title}</h3></a><p class="news-card__date">{a.day:%B} {a.day.day}, {a.day.year}</p></article>'
        for a in listed
    )
    return made(
        "small site fr",
        "/actualites/",
        page(
            f'<header><nav><a href="/">Accueil</a> <a href="/produits">Produits</a> <a href="/actualites/">Actualités</a></nav></header><main><h1>Toutes les actualités</h1><section class="news-list">{cards}</section></main><footer><a href="/mentions">Mentions légales</a></footer>',
            lang="fr",
        ),
        listed,
    )


@layout
def portal_es() -> Layout:
    listed = articles(TITLES_ES, "/tecnologia/noticia/{slug}/")
    months = [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ]
    cards = "".join(
        f'<div class="noticia-item"><a href="{local(a.url)}"><img src="/f/{n}.jpg" alt="{a.title}"></a><span class="fecha">{a.day.day} de {months[a.day.month - 1]} de {a.day.year}</span><h2><a href="{local(a.url)}">{a.title}</a></h2><p class="autor">Por <a href="/autor/ana-maria-lopez-garcia/">Ana María López García</a></p></div>'
        for n, a in enumerate(listed)
    )
    return made(
        "portal es",
        "/tecnologia/",
        page(
            f'{NAV}<div id="contenido"><div class="listado">{cards}</div><div class="lateral sidebar"><h3>Lo más leído</h3><div class="noticia-item"><h2><a href="/deportes/noticia/otro-tema-muy-distinto-de-hoy/">Otro tema muy distinto de hoy</a></h2></div></div></div>{FOOT}',
            lang="es",
        ),
        listed,
    )


@layout
def newsroom_zh() -> Layout:
    listed = articles(TITLES_ZH, "/news/{y}{m:02}{d:02}/{n}.html")
    rows = "".join(
        f'<li><a href="{local(a.url)}" target="_blank" title="{a.title}">{a.title[:8]}…</a><span>{a.day}</span></li>'
        for a in listed
    )
    return made(
        "newsroom zh",
        "/news/",
        page(
            f'<div class="top"><ul class="nav"><li><a href="/">首页</a></li><li><a href="/about/">关于我们</a></li></ul></div><div class="w1200"><div class="list_box"><ul class="list">{rows}</ul></div><div class="pages"><a href="index_2.html">下一页</a></div></div><div class="footer">版权所有</div>',
            lang="zh-CN",
        ),
        listed,
    )


@layout
def portal_zh() -> Layout:
    listed = articles(TITLES_ZH, "/p/{n}")
    cards = "".join(
        f'<div class="article-item"><a class="item-pic" href="{local(a.url)}"><img src="/i/{n}.png"></a><div class="item-main"><a class="title" href="{local(a.url)}">{a.title}</a><a class="desc" href="{local(a.url)}">这里是文章的摘要，介绍文章的主要内容以及背景，供读者快速了解。</a><div class="meta"><a href="/user/{n}">作者名</a><span class="time">{(TODAY - a.day).days}天前</span></div></div></div>'
        for n, a in enumerate(listed)
    )
    hot = (
        '<div class="sidebar"><div class="hd">热门文章</div>'
        + "".join(
            f'<div class="hot-item"><a href="/p/77{n}">完全不同的热门文章标题在这里{n}</a></div>' for n in range(4)
        )
        + "</div>"
    )
    return made(
        "portal zh",
        "/ai",
        page(
            f'<div class="header"><a href="/newsflashes">快讯</a></div><div class="main-wrap"><div class="flow-list">{cards}</div>{hot}</div>',
            lang="zh",
        ),
        listed,
    )


@layout
def newsroom_ja() -> Layout:
    listed = articles(TITLES_JA, "/news/{y}/{m:02}{d:02}.html")
    rows = "".join(
        f'<dt class="newsList__date">{a.day.year}年{a.day.month}月{a.day.day}日<span class="label">ニュースリリース</span></dt><dd class="newsList__body"><a href="{local(a.url)}">{a.title}</a></dd>'
        for a in listed
    )
    return made(
        "newsroom ja",
        "/news/",
        page(
            f'<header><nav><a href="/company/">会社情報</a></nav></header><div id="contents"><h1>ニュース</h1><dl class="newsList">{rows}</dl></div><footer><a href="/privacy/">プライバシーポリシー</a></footer>',
            lang="ja",
        ),
        listed,
    )


@layout
def cards_ja() -> Layout:
    listed = articles(TITLES_JA, "/topics/{n}")
    rows = "".join(
        f'<li class="p-topics__item"><a href="{local(a.url)}"><span class="p-topics__date">{a.day.year}.{a.day.month:02}.{a.day.day:02}</span><span class="p-topics__cat">お知らせ</span><p class="p-topics__ttl">{a.title}</p></a></li>'
        for a in listed
    )
    return made(
        "cards ja",
        "/topics/",
        page(
            f'<header class="l-header"><nav class="gnav"><a href="/service/">サービス</a></nav></header><main class="l-main"><ul class="p-topics">{rows}</ul><div class="c-pager"><a href="/topics/page/2/">次へ</a></div></main><div class="c-ranking"><h2>人気記事</h2><ul><li><a href="/topics/1001">まったく別の人気記事のタイトルです</a></li></ul></div>',
            lang="ja",
        ),
        listed,
    )


@layout
def rows_of_three() -> Layout:
    listed = articles(path="/en/articles/{n}-{slug}")
    groups = [listed[n : n + 3] for n in range(0, len(listed), 3)]
    rows = "".join(
        '<div class="row">'
        + "".join(
            f'<div class="col-md-4"><div class="card h-100"><img class="card-img-top" src="/i.jpg"><div class="card-body"><span class="badge">AI</span><h5 class="card-title">{a.title}</h5><p class="card-text"><small class="text-muted">{a.day:%d %b %Y}</small></p><a href="{local(a.url)}" class="btn btn-primary stretched-link">Read more</a></div></div></div>'
            for a in group
        )
        + "</div>"
        for group in groups
    )
    return made(
        "rows of three",
        "/en/articles",
        page(
            f'<nav class="navbar"><a class="navbar-brand" href="/">Lab</a></nav><div class="container">{rows}</div>{FOOT}'
        ),
        listed,
    )


@layout
def portal_mixed() -> Layout:
    listed = articles(path="/{y}/{m:02}/{d:02}/{slug}/")
    mega = (
        '<div class="mega-menu"><ul>'
        + "".join(
            f'<li><a href="/category/{t}/">{t.title()}</a></li>'
            for t in ("ai", "apps", "security", "startups", "venture")
        )
        + '</ul><div class="menu-feature"><h3><a href="/events/disrupt-2026-early-bird-tickets/">Get your early bird tickets for Disrupt 2026</a></h3></div></div>'
    )
    hero = f'<section class="hero"><div class="hero__primary"><h2><a href="{listed[0].url}">{listed[0].title}</a></h2><span class="byline">Jane Doe</span><time datetime="{listed[0].day}T10:00:00-08:00">{(TODAY - listed[0].day).days} days ago</time></div></section>'
    river = (
        '<div class="river">'
        + "".join(
            f'<div class="wp-block-techcrunch-card loop-card"><div class="loop-card__content"><a class="loop-card__cat" href="/category/ai/">AI</a><h3 class="loop-card__title"><a class="loop-card__title-link" href="{a.url}">{a.title}</a></h3><div class="loop-card__meta"><a class="loop-card__author" href="/author/john-q-public-esq/">John Q. Public Esq</a><time datetime="{a.day}T10:00:00-08:00">{a.day:%b} {a.day.day}</time></div></div></div>'
            for a in listed[1:]
        )
        + "</div>"
    )
    popular = (
        '<div class="most-popular"><h2>Most Popular</h2><ul>'
        + "".join(
            f'<li><h3><a href="/2025/12/0{n}/something-else-that-was-popular-{n}/">Something else that was popular {n}</a></h3></li>'
            for n in range(1, 6)
        )
        + "</ul></div>"
    )
    return made(
        "portal mixed",
        "/category/artificial-intelligence/",
        page(
            f'{mega}<main>{hero}{river}{popular}<a class="next" href="/category/artificial-intelligence/page/2/">Next</a></main>{FOOT}{COOKIES}'
        ),
        listed,
    )
