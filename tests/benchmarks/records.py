"""Records of runs that never were."""

from benchmarks.figures import Account, Figures, LoadRecord, Machine, Record, Sample

MACHINE = Machine(cpu="A processor", cores=2, memory=8, system="An OS", load=(0.5, 1.5))
FIGURES: Figures = {
    "text": {
        "raw": {"instructions": [10.0], "cpu": [1.0, 1.0], "callbacks": [1.0], "tasks": [0.0]},
        "ours": {"instructions": [20.0], "cpu": [2.0, 4.0], "callbacks": [1.0], "tasks": [0.0]},
    }
}
RECORD = Record(date="2026-01-31", machine=MACHINE, versions={"Python": "3.11.7"}, figures=FIGURES)
LOAD = LoadRecord(
    date="2026-01-30",
    machine=MACHINE,
    versions={"Python": "3.11.7"},
    idle=10,
    busy=2,
    samples=[Sample(second=n, memory=50 + n, tasks=30, answers=2, p50=1, p99=n) for n in (1, 2, 3)],
    accounts={
        "full": Account(
            seconds=1, members=2, sent=10, delivered=18, counted=2, missing=0, disorder=0, delivery=5.5
        )
    },
)
