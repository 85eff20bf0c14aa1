"""Stands in for PyTorch where only what pytorch_peer.py does with its results is tried: everything is one
object that takes any call and any operator and computes nothing."""


class Anything:
    def __getattr__(self, name):
        return Anything()

    def __call__(self, *args, **kwargs):
        return Anything()

    def __getitem__(self, key):
        return Anything()

    def __iter__(self):
        return iter(())

    def __enter__(self):
        return self

    def __exit__(self, *args):
        return False

    def _operator(self, *args):
        return Anything()

    __add__ = __radd__ = __sub__ = __mul__ = __rmul__ = __truediv__ = __pow__ = __rpow__ = _operator
    __neg__ = __le__ = _operator


__version__ = "none"


def __getattr__(name):
    return Anything()
