"""What can be wrong with a submission or a result: told as findings, like every error of tito."""

from tito.errors import TitoError
from tito.model import Finding


class Refused(TitoError):
    """A file that is not taken, or a model that does not run."""


def refused(message, where="", fix=""):
    return Refused(Finding(message, str(where), fix))
