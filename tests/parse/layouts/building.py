"""What list pages are made of: articles, and what stands on every page beside them."""

from __future__ import annotations

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
TITLES_ZH = (
    "通义千问发布新一代开源模型",
    "人工智能治理白皮书正式发布",
    "大模型推理成本下降九成",
    "公司与清华大学共建实验室",
    "新一代语音模型支持方言",
)
TITLES_JA = (
    "生成AIの新モデルを公開しました",
    "自治体との実証実験を開始",
    "音声認識エンジンの精度が向上",
    "人工知能学会で最優秀賞を受賞",
    "新しい研究拠点を京都に開設",
)
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
    """Enter a layout into the list of all."""
    LAYOUTS.append(function)
    return function


def slug(title: str, number: int = 0) -> str:
    """Return a title as it stands in an address."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in title.lower())
    return "-".join(filter(None, plain.split("-"))) or f"a{number}"


def articles(
    titles: Sequence[str] = TITLES, path: str = "/news/{slug}", site: str = SITE, dated: bool = True
) -> tuple[Article, ...]:
    """Return articles of these titles, nine days apart, at addresses of a pattern."""
    made = []
    for n, title in enumerate(titles):
        day = TODAY - timedelta(days=1 + 9 * n)
        address = path.format(slug=slug(title, n), n=48210 + n, y=day.year, m=day.month, d=day.day)
        made.append(Article(site + address, title, day if dated else None))
    return tuple(made)


def page(body: str, *, lang: str = "en", title: str = "News", head: str = "") -> str:
    """Return a whole page."""
    return f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>{head}</head><body>{body}</body></html>'


def made(name: str, url: str, html: str, listed: Sequence[Article]) -> Layout:
    """Return a layout."""
    return Layout(name, SITE + url, html, tuple(listed))


def local(url: str) -> str:
    """Return an address without the site."""
    return url.removeprefix(SITE)
