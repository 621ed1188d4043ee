"""What the contestants say: the same texts for all of them."""

import json
from typing import Any

TEXT = "Hello, everybody! Is anyone here who can explain backpressure?"

PAYLOAD: dict[str, Any] = {"room": "general", "text": TEXT}
QUESTION: dict[str, Any] = {"action": "say", "payload": PAYLOAD}
QUESTION_TEXT = json.dumps(QUESTION)
ANSWER_ACTION = "said"

MANY = 10_000
ITEMS_TEXT = json.dumps({"action": "add", "items": [100] * MANY})
WRONG_ITEMS_TEXT = json.dumps({"action": "add", "items": ["a"] * MANY})
"""A frame in which everything is wrong, of the same size."""

BODY = b"x" * 1024

GROUP = "everybody"
EVENT: dict[str, Any] = {"type": "chat.message", "text": TEXT}
EVENT_JSON: dict[str, Any] = {"type": "chat.said", "payload": PAYLOAD}
