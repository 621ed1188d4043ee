"""What the contestants say: the same texts for all of them."""

import json
from typing import Any

TEXT = "Hello, everybody! Is anyone here who can explain backpressure?"

QUESTION: dict[str, Any] = {"action": "say", "payload": {"room": "general", "text": TEXT}}
QUESTION_TEXT = json.dumps(QUESTION)
ANSWER_ACTION = "said"

BODY = b"x" * 1024

GROUP = "everybody"
EVENT: dict[str, Any] = {"type": "chat.message", "text": TEXT}
