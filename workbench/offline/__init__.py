"""A real OpenAI-compatible endpoint on loopback, for a machine with no key.

Takes chats over HTTP, gives answers of small local classifiers and of recordings with counted tokens, never
leaves the machine, and never claims to be a language model.
"""
