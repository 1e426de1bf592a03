"""Tables of a benchmark, printed as they come and kept for its JSON; and its targets, told at the end."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Value = str | float | bool | None
Row = Mapping[str, Value]  # the name of a column -> what is in it


@dataclass(frozen=True)
class Target:
    """What is to be reached; one of `at_least` and `at_most` is given."""

    name: str
    unit: str
    measured: float | None  # None: not in this run
    at_least: float | None = None
    at_most: float | None = None
    bound: str = ""  # what keeps it from being better, in words

    @property
    def reached(self) -> bool | None:
        """Whether it is; None if it was not measured."""
        if self.measured is None:
            return None
        if self.at_least is not None:
            return self.measured >= self.at_least
        return self.at_most is not None and self.measured <= self.at_most


@dataclass
class Report:
    """All that a run finds."""

    tables: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)

    def table(self, title: str, rows: list[Row]) -> None:
        """Print a table, and keep it."""
        self.tables[title] = [dict(row) for row in rows]
        print(f"\n{title}")
        if rows:
            print_table(rows)
        else:
            print("  (nothing was told)")

    def note(self, text: str) -> None:
        """Print a line, and keep it."""
        self.notes.append(text)
        print(f"  {text}", flush=True)

    def target(self, *args: Any, **kwargs: Any) -> None:
        """Add a `Target`."""
        self.targets.append(Target(*args, **kwargs))

    def tell_targets(self) -> None:
        """Print what was to be reached, and what bounds that which was not."""
        if not self.targets:
            return
        words = {True: "reached", False: "not reached", None: "not measured"}
        rows = []
        for target in self.targets:
            most = target.at_least is None
            wanted = target.at_most if most else target.at_least
            rows.append(
                {
                    "target": target.name,
                    "measured": target.measured,
                    "wanted": f"{'<=' if most else '>='} {show(wanted)} {target.unit}".rstrip(),
                    "ratio": None if target.measured is None or not wanted else target.measured / wanted,
                    "": words[target.reached],
                }
            )
        print("\nTargets, which are set for two cores with AMX")
        print_table(rows)
        for target in self.targets:
            if target.reached is False and target.bound:
                print(f"  {target.name}: {target.bound}")

    def as_json(self) -> dict[str, Any]:
        """All of it, plain."""
        targets = [{**asdict(target), "reached": target.reached} for target in self.targets]
        return {"tables": self.tables, "notes": self.notes, "targets": targets}


def show(value: Value) -> str:
    """A value for the eye: three digits of a number are enough."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def print_table(rows: list[Row]) -> None:
    """Columns side by side: words to the left, numbers to the right."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        cells = [name, *map(show, values)]
        width = max(map(len, cells))
        words = any(isinstance(value, str) for value in values)
        columns.append([cell.ljust(width) if words else cell.rjust(width) for cell in cells])
    lines = list(zip(*columns, strict=True))
    for line in lines if any(name.strip() for name in names) else lines[1:]:
        print(("  " + "  ".join(line)).rstrip(), flush=True)
