"""Pages of single articles as sites of many kinds build them, each with its title, its day and the lines of its text."""

# ruff: noqa: D103 - a text is described by its name

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from tests.parse.layouts.building import FOOT, NAV, SITE, TITLES, TITLES_ZH, page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TITLE = "Counting is harder than it looks"
DAY = date(2025, 10, 21)
URL = f"{SITE}/news/counting-is-harder-than-it-looks"
LINES = (
    "The laboratory asked nine models to count the letters in words that none of them had seen before, and most of them were wrong more often than a child of six.",
    "That is not for want of practice: counting stands in every schoolbook that the models were trained on, in more languages than the authors can read.",
    "What helps is writing each letter on a line of its own, which costs more and is slow, but is right in nineteen cases of twenty.",
    "The next version will be told when to do so, and a table of all results is published with the code that made them.",
)
LINES_ZH = (
    "实验室请九个模型数出它们从未见过的单词中的字母，结果大多数模型出错的次数比六岁的孩子还要多，研究人员对此并不感到意外。",
    "真正有效的办法是把每个字母单独写成一行，这样做成本更高，速度也更慢，但二十次里有十九次是正确的，团队计划在下一版中采用。",
)


@dataclass(frozen=True, slots=True)
class Text:
    """The page of an article, and what a reader would take from it."""

    name: str
    url: str
    html: str
    title: str
    day: date
    lines: tuple[str, ...]
    """The text, a block a line."""


TEXTS: list[Callable[[], Text]] = []


def text(function: Callable[[], Text]) -> Callable[[], Text]:
    """Enter a text into the list of all."""
    TEXTS.append(function)
    return function


def paragraphs(lines: Sequence[str], tag: str = "p") -> str:
    """Return every line in an element of its own."""
    return "".join(f"<{tag}>{line}</{tag}>" for line in lines)


def others(pattern: str) -> str:
    """Return something for each of ten other articles: {t} its title, {n} its number."""
    return "".join(pattern.format(t=title, n=n) for n, title in enumerate(TITLES))


def made(name: str, body: str, *, lines: Sequence[str] = LINES, head: str = "", **more: str) -> Text:
    """Return a text whose page has navigation before and a footer behind it."""
    title = more.pop("title", TITLE)
    named = more.pop("named", f"{title} | Lab")
    html = page(f"{NAV}{body}{FOOT}", title=named, head=head, **more)
    return Text(name, URL, html, title, DAY, tuple(lines))


@text
def short_note_above_others() -> Text:
    notes = others(
        "<div><a href='/notes/{n}'><h3>{t}</h3></a><p>What we found when we looked at it again, number {n}.</p><p>October {n}2, 2024</p></div>"
    )
    return made(
        "short note",
        f"<main><div class='note'><p class='date'>21 October 2025</p><h1>{TITLE}</h1>{paragraphs(LINES[:1])}</div><section class='more'><h2>From the notebook</h2>{notes}</section></main>",
        lines=LINES[:1],
    )


@text
def no_article_element() -> Text:
    head, items = "What was measured", ("Letters in words", "Words in lines", "Lines on pages")
    body = f"{paragraphs(LINES[:2])}<h2>{head}</h2><ul>{paragraphs(items, 'li')}</ul>{paragraphs(LINES[2:])}"
    return made(
        "no article element",
        f"<div class='section_header'><a href='/blog'>All posts</a><div class='small'>October 21, 2025</div><h1>{TITLE}</h1></div><div class='section_content'><div class='content_rich w-richtext'>{body}</div></div><div class='section_more'><h2>Ready?</h2><p>Join the teams that work with it.</p><a href='/signup'>Begin</a></div>",
        lines=(*LINES[:2], head, *items, *LINES[2:]),
    )


@text
def comments_in_microdata() -> Text:
    said = "".join(
        f"<div itemprop='comment' itemscope><span>Reader {n}</span><p>I tried this at home with my own words and it was right every time, {n} of them.</p></div>"
        for n in range(5)
    )
    return made(
        "comments in microdata",
        f"<main><h1><a href='/t/1'>{TITLE}</a></h1><div itemscope><div><span>Ada</span><time datetime='2025-10-21T09:00:00Z'>October 21, 2025</time></div><div class='post' itemprop='text'>{paragraphs(LINES)}</div>{said}</div></main>",
    )


@text
def site_in_h1() -> Text:
    return made(
        "site in h1",
        f"<div id='header'><h1><a href='/'>Lab Daily</a></h1></div><div id='content'><div class='box'><h2>{TITLE}</h2><p class='small'>Posted on October 21, 2025 by Ada Byron in <a href='/c/misc'>Misc</a> | <a href='#r'>3 Comments</a></p><div class='entry'>{paragraphs(LINES)}</div></div></div>",
        named=f"Lab Daily » {TITLE}",
        head="<meta property='og:site_name' content='Lab Daily'>",
    )


@text
def site_before_title() -> Text:
    return made(
        "site before title",
        f"<div class='header'><h1><a href='/'>Notas do laboratório</a></h1></div><div id='main'><h2><span>terça-feira, 21 de outubro de 2025</span></h2><div class='hentry'><h3 class='post-title'>{TITLE}</h3><div class='post-body entry-content'>{'<br><br>'.join(LINES)}</div><div class='post-footer'>às <abbr class='published' title='2025-10-21T10:22:00Z'>10:22</abbr></div></div></div>",
        named=f"Notas do laboratório: {TITLE}",
        lang="pt",
    )


@text
def topic_and_mark_in_h1() -> Text:
    return made(
        "topic and mark in h1",
        f"<main><article><h1 id='t'><span class='kicker'>Research</span><span>{TITLE}</span><a href='#t'>¶</a></h1><p>Published October 21, 2025, updated December 2, 2025</p>{paragraphs(LINES)}</article></main>",
    )


@text
def day_above_in_chinese() -> Text:
    rows = "".join(f"<li><a href='/n/{n}'>{title}</a> 2025年12月{n + 1}日</li>" for n, title in enumerate(TITLES_ZH))
    return made(
        "day above in Chinese",
        f"<div class='w'><p class='rq'>2025年10月21日</p><h1>数数比看起来更难</h1>{paragraphs(LINES_ZH)}</div><div class='list'><ul>{rows}</ul></div>",
        lines=LINES_ZH,
        title="数数比看起来更难",
        named="数数比看起来更难|人工智能_科技_实验室",
        lang="zh-CN",
    )


@text
def invitations_inside() -> Text:
    between = "<div class='inline-cta'><h4>Meet us in Lyon</h4><p>Register now and save a third of the price before Friday.</p><a href='/e'>Register</a></div><div><p>Advertisement</p></div>"
    return made(
        "invitations inside",
        f"<main><article><h1>{TITLE}</h1><p>By Ada Byron and Alan Kay</p><time datetime='2025-10-21'>Oct. 21</time><div class='text'>{paragraphs(LINES[:2])}{between}{paragraphs(LINES[2:])}</div></article></main>",
    )


@text
def month_before_day() -> Text:
    return made(
        "month before day",
        f"<section class='newsdetail'><h1>{TITLE}</h1><div class='x'>10/21/2025</div><div class='newsbody'>{paragraphs(LINES)}</div></section>",
        named=TITLE,
    )


@text
def day_in_the_margin() -> Text:
    return made(
        "day in the margin",
        f"<div class='grid'><div class='margin'><nav><ul><li><time datetime='2025-10-21 00:00:00'>October 21, 2025</time></li><li>4 min read</li></ul></nav></div><article><h1>{TITLE}</h1>{paragraphs(LINES)}</article></div>",
    )


@text
def title_in_a_line() -> Text:
    return made(
        "title in a line",
        f"<div class='col'><div class='headline-x'>{TITLE}</div><div class='sub'>21 October 2025 | Ada Byron</div><div class='txt'>{paragraphs(LINES, 'div')}</div></div>",
        named=TITLE,
    )
