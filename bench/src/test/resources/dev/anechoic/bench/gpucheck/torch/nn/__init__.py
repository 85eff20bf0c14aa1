from torch import Anything


class Module:
    def to(self, *args):
        return self

    def eval(self):
        return self

    def parameters(self):
        return []

    def register_buffer(self, name, value):
        setattr(self, name, value)

    def __call__(self, *args):
        return Anything()


def __getattr__(name):
    return Anything()
