"""A chat: rooms, names, who is here, and the last messages. `python -m examples.chat` serves it."""
