"""List pages built as sites of many kinds build them, each with the articles that it lists: address, title, day."""

from tests.parse.layouts import blogs, hard, labs, newsrooms, odd
from tests.parse.layouts.building import LAYOUTS, SITE, Layout, page

__all__ = ["LAYOUTS", "SITE", "Layout", "blogs", "hard", "labs", "newsrooms", "odd", "page"]
