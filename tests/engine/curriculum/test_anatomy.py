"""Every lesson has the same parts in the same order; what is missing or misplaced is found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support import edit
from tito.curriculum.compile import compile_tier
from tito.model import Finding

Broken = Callable[..., list[Finding]]

SOURCE = "modules/01_counter/counter_dev.py"
IDEA = "# %% [markdown]\n# ## 1. Counting\n"
SUMMARY = "# ## 🎯 Summary\n"

# (what stands there, what is written instead, what is found, the line where: "" for the source)
WRONG = {
    "no title": ("# # 01 · Counter\n", "", "a lesson has one '# ' title; this one has 0", ""),
    "two titles": (IDEA, f"# %% [markdown]\n# # Again\n\n{IDEA}", "this one has 2", ""),
    "an idea before the setup": (
        "# %% [markdown]\n# ## 🔧 Setup",
        "# %% [markdown]\n# ## First\n\n# %% [markdown]\n# ## 🔧 Setup",
        "here stands '## First', where '## 🔧 Setup' belongs",
        "## First",
    ),
    "an idea after the analysis": (
        "# It costs nothing.\n",
        "# It costs nothing.\n#\n# ## Late\n",
        "here stands '## 📊 Systems analysis', where '## Late' belongs",
        "## 📊 Systems",
    ),
    "no idea": (IDEA, "# %% [markdown]\n# Counting\n", "no idea stands between", ""),
    "the summary twice": (SUMMARY, SUMMARY + SUMMARY, "a section stands twice", "\n" + SUMMARY),
    "the setup twice": (
        "# ## 🔧 Setup\n",
        "# ## 🔧 Setup\n#\n# ## 🔧 Setup\n",
        "here stands '## 🔧 Setup', where '## 📦 Where this code lives' belongs",
        None,
    ),
    "no prerequisites": (
        "# **Prerequisites:** none\n",
        "",
        "the header does not give its prerequisites (**Prerequisites:**)",
        "# %% [markdown]",
    ),
    "no map": (
        "# ```mermaid\n",
        "# ```\n",
        "the header does not give a connection map (```mermaid)",
        "# %% [markdown]",
    ),
    "prerequisites too late": (
        "# **Prerequisites:** none\n",
        "# ## 🔧 Setup\n# **Prerequisites:** none\n",
        "the header does not give its prerequisites",
        "# %% [markdown]",
    ),
}


@pytest.mark.parametrize(("old", "new", "message", "at"), WRONG.values(), ids=WRONG.keys())
def test_what_is_out_of_order_is_found_at_its_line(
    broken: Broken, package: Path, old: str, new: str, message: str, at: str | None
) -> None:
    [finding] = [each for each in broken(SOURCE, old, new) if message in each.message]
    text = (package / SOURCE).read_text(encoding="utf-8")
    if at is not None:
        line = text[: text.rindex(at.lstrip("\n")) + 1].count("\n") + 1 if at else 0
        line = 1 if at == "# %% [markdown]" else line
        assert finding.where == (f"counter_dev.py:{line}" if line else "counter_dev.py")


FIXED = (
    "🔧 Setup",
    "📦 Where this code lives",
    "📊 Systems analysis",
    "🧪 Module test",
    "🤔 Questions to think about",
    "🎯 Summary",
)


@pytest.mark.parametrize("title", FIXED)
def test_each_section_is_missed(broken: Broken, title: str) -> None:
    found = broken(SOURCE, f"# ## {title}\n", "# Nothing\n")
    assert f"the section '## {title}' is missing" in [finding.message for finding in found]


def test_all_missing_sections_are_said_at_once(package: Path, broken: Broken) -> None:
    for title in FIXED[:-1]:
        edit(package / SOURCE, f"# ## {title}\n", "# Nothing\n")
    found = broken(SOURCE, f"# ## {FIXED[-1]}\n", "# Nothing\n")
    missing = [finding.message for finding in found if "is missing" in finding.message]
    assert missing == [f"the section '## {title}' is missing" for title in FIXED]


@pytest.mark.parametrize(
    "text",
    [
        "# ```\n# # no title\n# ## no section\n# ```\n",
        "# ~~~python\n# # no title\n# ~~~\n",
        "# ### A smaller heading\n",
        "# #hashtag\n",
        "# ## 2. Another idea\n",
    ],
)
def test_what_is_no_heading_is_no_section(package: Path, text: str) -> None:
    edit(package / SOURCE, IDEA, IDEA + text)
    assert compile_tier(package, "abacus-base", "0.1.0")


def test_a_comment_in_code_is_no_heading(package: Path) -> None:
    edit(package / SOURCE, "#| default_exp core.counter", "#| default_exp core.counter\n# # Title")
    assert compile_tier(package, "abacus-base", "0.1.0")
