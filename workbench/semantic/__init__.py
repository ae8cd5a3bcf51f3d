"""Meaning as vectors.

Takes texts, gives unit vectors, never asks a paid model; the packaged model never touches the network.
"""
