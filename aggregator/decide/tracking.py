"""Which parameters of a URL say where a reader came from, and never what is read.

Kept by hand, from what the vendors document: each group names its own. Lists made for browsers (ClearURLs, LGPL) go
further than a key for comparing may: they also drop what only usually does not matter. A name belongs here when its
vendor's documentation calls it a campaign, click, session or share id; a short or common name only with its site, or
with a value that can mean nothing else.
"""

from __future__ import annotations

import re

_NAMES = (
    r"utm_\w+|_ga|_gl|gad_\w+|gclid|gclsrc|dclid|gbraid|wbraid|srsltid",  # Google Analytics, Ads, Merchant
    r"fbclid|fb_(?:source|ref|action_ids|action_types)|igshid?|mibextid",  # Meta
    r"msclkid|ocid",  # Microsoft
    r"twclid|ref_src|ref_url",  # X
    r"ttclid|li_fat_id|epik|rdt_cid|scclid|sccid",  # TikTok, LinkedIn, Pinterest, Reddit, Snap
    r"yclid|ysclid|_openstat",  # Yandex
    r"(?:mtm|pk|piwik|matomo)_(?:campaign|cpn|kwd|keyword|source|medium|content|cid|group|placement)",  # Matomo
    r"mc_[ce]id|mkt_tok|_kx|_bhlid|ck_subscriber_id|ml_subscriber(?:_hash)?|dm_i",  # newsletters
    r"vero_(?:id|conv)|oly_(?:anon|enc)_id|nr_email_referer|bxid|cndid|esrc|mbid",  # and publishers' own
    r"_hsenc|_hsmi|__hs\w{1,4}|hsctatracking|hsa_\w{2,4}",  # HubSpot
    r"s_cid|s_kwcid|ef_id|sc_cid|icid|ncid|cmpid",  # Adobe Analytics and Advertising, and its users
    r"wt_z?mc|wt\.\w+",  # Mapp (Webtrekk), Webtrends
    r"xtor|at_(?:medium|campaign|custom\d|link_\w+|bbc_team)",  # Piano (AT Internet)
    r"irclickid|cjevent|rb_clickid|wickedid|guccounter|guce_referrer(?:_sig)?",  # affiliates, Yahoo
    r"spm|rss_id|amp_js_v|amp_gsa|usqp",  # Alibaba, WordPress, AMP viewers
    r"phpsessid|jsessionid|aspsessionid\w*|cfid|cftoken",  # sessions
)
_ANYWHERE = re.compile("|".join(_NAMES), re.IGNORECASE)
_READER = re.compile(r"rss[\w-]*|atom|feeds?|feedburner|newsletter|email|twitter|facebook", re.IGNORECASE)
_FROM = frozenset({"ref", "source", "src", "from", "via", "referrer", "partner", "emc", "medium", "campaign", "cid"})
"""Common names: dropped where the value says "a feed reader", as in `?source=rss`, kept as in `?source=123`."""
_AMP = frozenset(
    {("amp", ""), ("amp", "1"), ("amp", "true"), ("outputtype", "amp"), ("output", "amp"), ("view", "amp")}
)
_SESSION = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)

_SITES = {
    name: frozenset(parameters.split())
    for names, parameters in {
        "x.com": "s t cxt ref_src",
        "youtube.com": "si feature t pp ab_channel app",
        "spotify.com": "si context nd",
        "linkedin.com": "trk trackingid lipi lici rcm refid midtoken midsig",
        "reddit.com": "share_id rdt",
        "medium.com": "source sk gi",
        "substack.com": "r s isfreemail publication_id post_id triedredirect showwelcomeonshare",
        "nytimes.com": "smid smtyp emc partner ref unlocked_article_code",
        "wsj.com marketwatch.com barrons.com": "mod reflink st",
        "bloomberg.com": "srnd sref leadsource",
        "theguardian.com": "cmp",
        "forbes.com": "sh ss",
        "zdnet.com cnet.com cbsnews.com": "ftag",
        "bbc.com bbc.co.uk": "pinned_post_locator",
        "producthunt.com": "ref",
        "economist.com": "fsrc",
        "weixin.qq.com": "chksm scene sessionid from isappinstalled subscene ascene key uin pass_ticket exportkey",
        "amazon.com": "tag linkcode ref psc",
    }.items()
    for name in names.split()
}
"""What these sites put into the links that they hand out to be shared; elsewhere the same names choose content."""
_CONTENT = dict.fromkeys(("musicbrainz.org", "listenbrainz.org", "last.fm"), frozenset({"mbid"}))
"""Where a name that is tracking elsewhere is content: a MusicBrainz id."""


def is_tracking(site: str, name: str, value: str) -> bool:
    """Tell whether a query's parameter, decoded, tells of the reader; `site` is a registrable domain."""
    name = name.lower()
    if name in _CONTENT.get(site, ()):
        return False
    if name == "ocid" and value.startswith("ocds-"):  # a contract's id (Open Contracting), not a campaign's
        return False
    return (
        _ANYWHERE.fullmatch(name) is not None
        or name in _SITES.get(site, ())
        or (name, value.lower()) in _AMP
        or (name in _FROM and _READER.fullmatch(value) is not None)
        or (name in ("sid", "s") and _SESSION.fullmatch(value) is not None)
        or (name == "m" and value == "1" and ".blogspot." in f".{site}")
    )
