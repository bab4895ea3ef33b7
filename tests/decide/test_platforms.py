from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.decide.platforms import platform_feed

CHANNEL = "UC" + "x" * 22
KNOWN = {
    f"https://www.youtube.com/channel/{CHANNEL}/videos": f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}",
    "https://youtube.com/playlist?list=PLab-1&si=x": "https://www.youtube.com/feeds/videos.xml?playlist_id=PLab-1",
    "https://m.youtube.com/user/OpenAI": "https://www.youtube.com/feeds/videos.xml?user=OpenAI",
    "https://github.com/openai/whisper": "https://github.com/openai/whisper/releases.atom",
    "https://github.com/openai/whisper.git": "https://github.com/openai/whisper/releases.atom",
    "http://github.com/openai/gym.js/releases/": "https://github.com/openai/gym.js/releases.atom",
    "https://github.com/openai/whisper/tags": "https://github.com/openai/whisper/tags.atom",
    "https://github.com/openai/whisper/commits": "https://github.com/openai/whisper/commits.atom",
    "https://github.com/openai/whisper/commits/main": "https://github.com/openai/whisper/commits/main.atom",
    "https://github.com/karpathy": "https://github.com/karpathy.atom",
    "https://old.reddit.com/r/LocalLLaMA/": "https://www.reddit.com/r/LocalLLaMA/.rss",
    "https://www.reddit.com/r/MachineLearning/top/?t=week": "https://www.reddit.com/r/MachineLearning/top/.rss?t=week",
    "https://arxiv.org/list/cs.AI/recent": "https://rss.arxiv.org/rss/cs.AI",
    "https://arxiv.org/archive/cs": "https://rss.arxiv.org/rss/cs",
    "https://huggingface.co/blog": "https://huggingface.co/blog/feed.xml",
    "https://huggingface.co/papers": "https://raw.githubusercontent.com/mibuhand/AI-News-Direct/main/feeds/huggingface_daily_papers.xml",
    "https://medium.com/@karpathy": "https://medium.com/feed/@karpathy",
    "https://medium.com/tag/ai/latest": "https://medium.com/feed/tag/ai",
    "https://medium.com/airbnb-engineering": "https://medium.com/feed/airbnb-engineering",
    "https://netflixtechblog.medium.com/": "https://netflixtechblog.medium.com/feed",
    "https://importai.substack.com/archive": "https://importai.substack.com/feed",
    "https://bsky.app/profile/bsky.app": "https://bsky.app/profile/bsky.app/rss",
    "https://stackoverflow.com/questions/tagged/python": "https://stackoverflow.com/feeds/tag/python",
    "https://ai.stackexchange.com/questions/tagged/llm": "https://ai.stackexchange.com/feeds/tag/llm",
    "https://stackoverflow.com/users/22656/jon-skeet": "https://stackoverflow.com/feeds/user/22656",
    "https://pypi.org/project/torch/#history": "https://pypi.org/rss/project/torch/releases.xml",
    "https://news.google.com/topics/CAAq?hl=fr&gl=FR&ceid=FR:fr": "https://news.google.com/rss/topics/CAAq?hl=fr&gl=FR&ceid=FR:fr",
    "https://news.google.com/search?q=openai": "https://news.google.com/rss/search?q=openai",
    "https://lemmy.world/c/technology@beehaw.org": "https://lemmy.world/feeds/c/technology@beehaw.org.xml?sort=New",
    "https://programming.dev/u/ann": "https://programming.dev/feeds/u/ann.xml?sort=New",
    "https://mastodon.social/@Gargron": "https://mastodon.social/@Gargron.rss",
    "https://sigmoid.social/@thegradient/": "https://sigmoid.social/@thegradient.rss",
    "https://mastodon.social/tags/ai": "https://mastodon.social/tags/ai.rss",
}  # fmt: skip


@pytest.mark.parametrize(("address", "feed"), KNOWN.items())
def test_plain_addresses(address: str, feed: str) -> None:
    """What is copied from the browser leads to the feed that the platform documents."""
    known = platform_feed(address)
    assert known is not None
    assert known.url == feed


@pytest.mark.parametrize("feed", KNOWN.values())
def test_feeds_are_left_alone(feed: str) -> None:
    """The address of a feed is not taken for a plain one."""
    assert platform_feed(feed) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://www.youtube.com/@OpenAI",
        "https://www.youtube.com/playlist",
        "https://www.youtube.com/watch?v=x",
        "https://github.com/features/copilot",
        "https://github.com/topics",
        "https://github.com/o/r/issues/1",
        "https://medium.com/tag",
        "https://www.threads.net/@openai",
        "https://substack.com/@ann",
        "https://blog.example.org/tags/ai",
        "http://127.0.0.1/@ann",
        "http://nas.lan/@ann",
        "https://example.org/",
        "mailto:x",
        "",
    ],
)
def test_other_addresses(address: str) -> None:
    """Where a rule would have to guess there is none, nor for hosts of our own network."""
    assert platform_feed(address) is None


@given(
    st.text(max_size=30),
    st.sampled_from(["github.com", "medium.com", "youtube.com/playlist?list=", "news.google.com/search?q="]),
)
def test_any_text(tail: str, head: str) -> None:
    """No text breaks a rule; what a rule makes has no blank in it."""
    known = platform_feed(f"https://{head}{tail}")
    assert known is None or known.url.startswith("https://")
