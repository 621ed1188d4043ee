"""Documents that are made from the models and the tables, so that they cannot disagree with them.

Renderers are pure functions that return text; `write` is the only module that touches files.
"""
