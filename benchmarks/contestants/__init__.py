"""One module for each contestant; `CONTESTANT` in it is what `worker.py` asks for."""
