"""A shop of three people whose tables are perceived day by day; nothing in here needs a graph."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from lake.journal import Actor
from lake.store import Lake
from pipelines.day import Day, open_day
from pipelines.steps import perceive_and_open

ANNA = Actor("person:anna", "", "login")
FILES = {
    "warrant.yaml": "name: corner-shop\ncurrency: EUR\ntimezone: UTC\n"
    "objective: {margin_pct: 30, value_window_days: 28}\n",
    "channels.yaml": "channels:\n  email: {kind: file, cost_per_touch: 0.01}\n",
    "content/hello.md": "---\nasset_id: hello\ntitle: Hello\nkind: reminder\ncategories: [tea]\n---\nGood morning.\n",
    "data/customers.csv": "customer_id,region,joined_at,shoe_size\n"
    "c-willow,North,2024-01-01,38\nc-maple,South,2024-02-01,44\nc-birch,South,2024-03-01,41\n",
    "data/categories.csv": "category_id,name\ntea,Tea\nGREEN TEA,Green tea\n",
    "data/consents.csv": "customer_id,channel_id,purpose,granted,recorded_at,source,basis\n"
    "c-willow,email,marketing,true,2025-01-01,shop,consent\nc-maple,email,marketing,true,2025-01-01,shop,consent\n",
}


class Shop:
    """The shop's playbook and state."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "playbook"
        self.home = root / "state"
        for name, text in FILES.items():
            self.write(name, text)
        for table in ("customers", "categories", "consents"):
            self.write(f"sources/{table}.sql", f"FROM '{table}.csv'\n")

    def write(self, name: str, text: str) -> None:
        """A file of the playbook."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def source(self, table: str, *lines: str) -> None:
        """A further source."""
        self.write(f"sources/{table}.sql", f"FROM '{table}.csv'\n")
        self.write(f"data/{table}.csv", "\n".join(lines) + "\n")

    def day(self, today: int = 6, at: str = "09:00:00") -> Day:
        """A command's day in March 2026."""
        now = f"2026-03-{today:02}T{at}+00:00"
        return open_day(self.folder, {"WARRANT_HOME": str(self.home), "WARRANT_NOW": now}, day=date(2026, 3, today))

    def perceive(self, today: int = 6) -> Day:
        """Perceive a day."""
        day = self.day(today)
        perceive_and_open(day)
        return day

    def table(self, name: str) -> pd.DataFrame:
        """The latest version of a canonical table."""
        return Lake(self.home / "lake" / "corner-shop").read(name)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.perceive()
    return made


@pytest.fixture
def anna() -> Actor:
    return ANNA
