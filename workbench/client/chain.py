"""Layers around a model, in the order in which a request meets them."""

from __future__ import annotations

from workbench.core.protocols import Layer, Model

__all__ = ["chain"]


def chain(model: Model, *layers: Layer) -> Model:
    """Return the model within its layers.

    Parameters
    ----------
    layers
        Outermost first: ``chain(model, cache, retry)`` looks into the cache, then retries, then asks.
    """
    for layer in reversed(layers):
        model = layer(model)
    return model
