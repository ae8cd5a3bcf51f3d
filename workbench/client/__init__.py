"""HOW a model is asked: the vendor's client, and layers that each wrap a Model and are a Model.

Takes a `Request`, gives a `Reply` with every attempt made for it or raises a `ModelError` that carries them;
never knows what the question is for, never keeps a key where it could be read, never retries in two places.
"""
