"""How a namespace like `tinytorch` comes to be: out of every installed tier and the learner's work.

Each subpackage's `__init__.py` is shipped by the one tier that starts it, and says only

    from tito.composition import compose

    compose(__name__)
"""

from tito.composition.facade import compose

__all__ = ["compose"]
