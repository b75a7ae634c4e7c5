"""Hooks are called each on its own: one that fails is a finding, the others give what they have."""

from collections.abc import Callable

import click
import pytest

from support import OUR_TIERS
from tito.model import Finding
from tito.plugins.hooks import Hooks
from tito.plugins.loading import load_plugins

Plug = Callable[..., None]

CHECK = "tito_environment_checks"
SOUND = f"from tito.model import Finding\ndef {CHECK}(workspace): return [Finding('sound')]"


def hooks() -> Hooks:
    return Hooks(load_plugins())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise ValueError('no')", "ValueError: no"),
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("import os, sys; sys.exit('bye')", "SystemExit: bye"),
        ("yield 1; raise ValueError('late')", "ValueError: late"),
        ("return 5", "TypeError: 'int' object is not iterable"),
        ("return 'text'", "TypeError: it gave 't', which is no Finding"),
        ("return [None]", "TypeError: it gave None, which is no Finding"),
    ],
)
def test_a_hook_that_fails_or_gives_nonsense_is_blamed(plug: Plug, body: str, said: str) -> None:
    plug("broken", f"def {CHECK}(workspace): {body}")
    plug("sound", SOUND)
    made = hooks()
    found = made.call(CHECK, Finding, workspace=None)
    assert [finding.message for finding in found] == ["sound"]
    [finding] = made.findings
    assert finding.message == f"plugin 'broken' failed: {said}"
    assert finding.where == f"plugin 'broken', {CHECK}"


@pytest.mark.parametrize("body", ["return None", "return []", "yield from ()", "pass"])
def test_a_hook_may_have_nothing_to_say(plug: Plug, body: str) -> None:
    plug("quiet", f"def {CHECK}(): {body}")
    made = hooks()
    assert (made.call(CHECK, Finding, workspace=None), made.findings) == ([], [])


def test_a_hook_takes_only_the_arguments_that_it_names(plug: Plug) -> None:
    plug("none", "def tito_module_completed(): return ['none']")
    plug("one", "def tito_module_completed(module): return [f'one {module}']")
    plug("two", "def tito_module_completed(workspace, course): return [f'{course} {workspace}']")
    lines = hooks().call("tito_module_completed", str, course="c", workspace="w", module="m")
    assert lines == ["none", "one m", "c w"]


def test_hooks_answer_in_the_order_of_their_plugins_names(plug: Plug) -> None:
    for name in ("b", "c", "a"):
        plug(name, f"def tito_module_completed(): return ['{name}']")
    arguments = {"course": None, "workspace": None, "module": None}
    assert hooks().call("tito_module_completed", str, **arguments) == ["a", "b", "c"]


def test_the_engines_own_answer_comes_first(plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    plug("aaa", "import click\ndef tito_commands(): return [click.Command('aaa')]")
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    commands = hooks().call("tito_commands", click.Command)
    assert [command.name for command in commands] == ["dev", "aaa"]


def test_an_argument_that_the_hook_does_not_have_is_a_finding(plug: Plug) -> None:
    plug("broken", f"def {CHECK}(workspace, colour): return []")
    plug("sound", SOUND)
    made = hooks()
    [finding] = made.findings
    assert "plugin 'broken' failed: PluginValidationError" in finding.message
    assert "colour" in finding.message
    assert len(made.call(CHECK, Finding, workspace=None)) == 1


def test_a_hook_that_this_engine_does_not_know_is_a_finding(plug: Plug) -> None:
    plug("typo", "def tito_enviroment_checks(): return []\ndef tito_module_completed(): pass")
    [finding] = hooks().findings
    message = "plugin 'typo' implements 'tito_enviroment_checks', which is no hook of this engine"
    assert finding.message == message
    assert finding.where == "plugin_dist_typo.tito_enviroment_checks"


def test_what_failed_on_loading_is_among_the_findings(plug: Plug) -> None:
    plug("broken", "1 / 0")
    assert hooks().findings[0].message.startswith("plugin 'broken' failed: ZeroDivisionError")


def test_ctrl_c_gets_through(plug: Plug) -> None:
    plug("slow", f"def {CHECK}(): raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        hooks().call(CHECK, Finding, workspace=None)
