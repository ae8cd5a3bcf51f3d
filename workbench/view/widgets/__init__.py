"""Live widgets: one Python file each, its .js and .css beside it.

Takes a handle that is still moving, gives a widget and its static twin (so that an exported notebook shows
the same), never blocks the kernel, never shows a model's text as markup.
"""
