"""Documents that are made from what an application declares, so that they cannot disagree with it.

Renderers are pure functions that return text; `write` is the only module that touches files.
"""
