"""The text: Python's own library, as it stands on this machine."""

import sys
import sysconfig
from pathlib import Path

# Modules in plain Python that have been there for long, and change little from version to version.
TO_LEARN = """argparse ast bdb cmd configparser copy csv dataclasses difflib dis doctest enum
fractions functools gettext inspect ipaddress locale mailbox numbers optparse pickletools plistlib
queue random shutil socket statistics subprocess tarfile tempfile textwrap threading types"""
HELD_OUT = "calendar heapq selectors string uuid weakref"
MOST = 50_000  # characters of a file, so that no file and no version of Python has too much to say


def read(names):
    """The beginnings of these modules' sources, one after another."""
    folder, texts = Path(sysconfig.get_path("stdlib")), []
    for name in names.split():
        path = folder / f"{name}.py"
        try:
            texts.append(path.read_text(encoding="utf-8")[:MOST])
        except (OSError, UnicodeDecodeError) as error:
            sys.exit(
                f"\nthis milestone reads the sources of Python's library, and {path} can't be read:"
                f"\n{error}. Some Pythons are installed without them: install the whole library, for"
                "\nexample from python.org, make an environment with that Python, and come back"
            )
    return "".join(texts)
