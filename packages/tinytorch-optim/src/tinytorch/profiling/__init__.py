from tito.composition import compose

compose(__name__)
