"""What this library costs beside its peers (`python -m benchmarks`), and under load.

The runner measures nothing by itself: every contestant is a process of its own (`worker.py`), because one of
them has the import name of this library. What the runner imports (rich, matplotlib) is not there.
"""
