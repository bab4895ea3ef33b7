"""Published documents, judged from outside: what the standards and the W3C's feed validator would say of them.

The validator itself cannot be installed (it is written for Python 2 and in no package registry), so its errors and
warnings for what we publish are written down here anew, each under the validator's own name for it. Where we
know better is said in docs/design.md.
"""

from judges.atom import judge_atom
from judges.jsonfeed import judge_json
from judges.opml import judge_opml
from judges.rss import judge_rss

JUDGES = {"atom": judge_atom, "rss": judge_rss, "json": judge_json, "opml": judge_opml}
"""By the document's ending: functions of its bytes and address that return what is wrong, nothing when all is well."""

__all__ = ["JUDGES", "judge_atom", "judge_json", "judge_opml", "judge_rss"]
