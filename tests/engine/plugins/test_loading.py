"""A broken plugin is a finding that blames it; the others work on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support import OUR_TIERS
from tito.errors import ManifestError
from tito.model import Finding
from tito.plugins.loading import guarded, load_plugins

Plug = Callable[..., None]

SOUND = "def tito_tiers(): return ['/sound']"


@pytest.mark.parametrize(
    ("code", "entry", "said"),
    [
        ("import no_such_package", "", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("1 / 0", "", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "", "SystemExit: 3"),
        ("raise BaseException('nothing is sacred')", "", "BaseException: nothing is sacred"),
        ("def broken(:", "", "SyntaxError"),
        ("", ":absent", "AttributeError"),
        ("THING = []", ":THING", "TypeError: the entry point does not name a module"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_left_out_and_blamed(
    plug: Plug, code: str, entry: str, said: str
) -> None:
    plug("broken", code, entry=entry)
    plug("sound", SOUND)
    plugins = load_plugins()
    assert list(plugins.modules) == ["sound"]
    [finding] = plugins.findings
    assert finding.message.startswith(f"plugin 'broken' failed: {said}")
    assert finding.where == f"plugin 'broken', loading plugin_dist_broken{entry}"
    assert finding.fix.endswith("TITO_DISABLE_PLUGINS=broken")
    assert finding.level == "warning"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def tito_tiers(): raise KeyError('tier')", "KeyError: 'tier'"),
        ("def tito_tiers(): raise SystemExit('bye')", "SystemExit: bye"),
        ("def tito_tiers():\n    yield '/one'\n    raise OSError('gone')", "OSError: gone"),
        ("def tito_tiers(): return 5", "TypeError: 'int' object is not iterable"),
        ("def tito_tiers(): return [5]", "TypeError: expected str, bytes or os.PathLike object"),
        ("tito_tiers = 5", "TypeError: 'int' object is not callable"),
        ("def tito_tiers(needed): return []", "TypeError: tito_tiers() missing 1 required"),
        ("def __getattr__(name): raise ImportError('half installed')", "ImportError: half"),
    ],
)
def test_a_plugin_that_cannot_name_its_tiers_is_blamed(plug: Plug, code: str, said: str) -> None:
    plug("broken", code)
    plug("sound", SOUND)
    folders, findings = load_plugins().tier_folders()
    assert folders == [("sound", "/sound")]
    assert [f.where for f in findings] == ["plugin 'broken', tito_tiers"]
    assert findings[0].message.startswith(f"plugin 'broken' failed: {said}")


def test_paths_and_texts_name_folders_and_a_plugin_without_tiers_is_fine(plug: Plug) -> None:
    plug("paths", "from pathlib import Path\ndef tito_tiers(): return (Path('/a'), '/b')")
    plug("none", "")
    folders, findings = load_plugins().tier_folders()
    assert folders == [("paths", str(Path("/a"))), ("paths", "/b")]
    assert not findings


@pytest.mark.parametrize(
    ("variable", "loaded"),
    [
        (f"engine,{OUR_TIERS}", ["one", "two"]),
        (f"engine,{OUR_TIERS},one", ["two"]),
        (f" engine , {OUR_TIERS} , two ,, absent", ["one"]),
        ("all", []),
        ("one,all", []),
        (f"engine,{OUR_TIERS},on", ["one", "two"]),
    ],
)
def test_plugins_are_disabled_by_their_names_or_all_at_once(
    plug: Plug, monkeypatch: pytest.MonkeyPatch, variable: str, loaded: list[str]
) -> None:
    plug("one", "")
    plug("two", "")
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", variable)
    assert list(load_plugins().modules) == loaded


def test_a_disabled_plugin_is_not_even_imported(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug("harmful", "raise SystemExit('imported')")
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", "all")
    assert not load_plugins().findings


def test_the_engine_adds_its_own_through_the_same_door(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TITO_DISABLE_PLUGINS", OUR_TIERS)
    assert load_plugins().modules["engine"].__name__ == "tito.builtin"


def test_of_two_plugins_with_one_name_the_second_is_left_out_and_named(plug: Plug) -> None:
    plug("same", "", distribution="first")
    plug("same", "", distribution="second")
    plugins = load_plugins()
    [finding] = plugins.findings
    kept = plugins.modules["same"].__name__.removeprefix("plugin_")
    left_out = {"first": "second", "second": "first"}[kept]
    assert finding.message == f"two plugins are called 'same'; the one of {left_out} is left out"
    assert finding.fix.endswith(f"pip uninstall {left_out}")


@pytest.mark.parametrize(
    "code", ["raise KeyboardInterrupt", "def tito_tiers(): raise KeyboardInterrupt"]
)
def test_ctrl_c_gets_through(plug: Plug, code: str) -> None:
    plug("slow", code)
    with pytest.raises(KeyboardInterrupt):
        load_plugins().tier_folders()


def test_findings_that_a_plugin_raises_itself_are_told_as_they_are() -> None:
    own = Finding("the manifest is broken")

    def call() -> None:
        raise ManifestError(own)

    assert guarded("name", "what", call) == (None, [own])
