"""Backup of a home with its registry, wherever that lies, and bringing both back.

In a backup the registry is an SQLite file, whether it was one or a PostgreSQL database; it comes back as such a file
or is loaded into an empty PostgreSQL database. A restored home never points to the database of the one that was
backed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.orm import Session

from certs.backup import DATABASES, BackupMade, Manifest, copy_sqlite, restore_files, write_backup
from certs.backup_file import BACKUP_COST
from certs.config import Password, load_config, store_config
from certs.moments import write_moment
from certs.pkcs8 import ScryptCost
from registry.binding import ID_FILE, make_home_id
from registry.database import FILE, Registry, check_encoding, migrate
from registry.deploy import settle
from registry.engines import WRITES, begin_writing, place, postgresql_engine, sqlite_engine, translated
from registry.errors import RegistryCode, RegistryError
from registry.tables import Base, Meta

__all__ = ["backup_home", "rejoin", "restore_home"]

_ROWS: Final = 16                                    # documents have up to 8 MiB
_BESIDE: Final = DATABASES[1:]


def backup_home(
    home: Path, out: Path, *, password: Password, now: datetime, packages: bool = True, cost: ScryptCost = BACKUP_COST,
) -> BackupMade:
    """Write a backup of a home and its registry, and note in the registry's audit log that one was made.

    Args:
        now: the present, aware; the rest as :func:`certs.backup.write_backup`.

    Raises:
        BackupError, HomeError, FileError: as :func:`certs.backup.write_backup`.
        RegistryError: the registry cannot be read; there is no backup then.
    """
    def snapshots(folder: Path) -> Mapping[str, Path]:
        found: dict[str, Path] = {}
        if has_registry(home):
            _copy_registry(home, folder / FILE)
            found[FILE] = folder / FILE
        for name in _BESIDE:
            if (home / name).is_file():
                found[name] = folder / Path(name).name
                copy_sqlite(home / name, found[name])
        return found

    made = write_backup(home, out, password=password, now=now, snapshots=snapshots, packages=packages, cost=cost)
    if has_registry(home):
        with Registry.open(home, clock=lambda: now) as registry, registry.transaction() as t:
            t.log("home.backed-up", sm3=made.sm3.hex(), files=made.files, packages=packages)
    return made


def has_registry(home: Path) -> bool:
    """Say whether a home has a registry, or names the database of one."""
    return bool(load_config(home).registry) or (home / FILE).is_file()


def _copy_registry(home: Path, target: Path) -> None:
    """Make an SQLite file of the registry as it stands at one moment."""
    if not load_config(home).registry:
        copy_sqlite(home / FILE, target)
        return
    target.touch(mode=0o600)
    engine = sqlite_engine(target)
    try:
        with Registry.open(home) as registry, registry.reading() as session, translated(str(target)), \
                engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            migrate(connection)
            _transfer(session.connection(), connection)
    finally:
        engine.dispose()


def _transfer(source: Connection, target: Connection) -> None:
    """Copy every row, in an order in which each finds what it refers to, a few at a time."""
    for table in Base.metadata.sorted_tables:
        rows = source.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key.columns))
        for part in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in part])


def restore_home(backup: Path, home: Path, *, password: Password, url: str = "") -> Manifest:
    """Make a new home of a backup; :func:`rejoin` is to follow.

    Args:
        home: must not exist.
        url: of an empty PostgreSQL database for the registry; without it the registry is the file
            ``registry.sqlite3``.

    Raises:
        BackupError, FileError: as :func:`certs.backup.restore_files`.
        RegistryError: the database cannot be used, or holds a registry already (``registry.exists``).
    """
    def finish(folder: Path) -> None:
        config = load_config(folder)
        file = folder / FILE
        if file.is_file():
            _give_own_id(folder, file)
            if url:
                _load_registry(file, url)
                file.unlink()
        if config.registry != url:
            store_config(folder, replace(config, registry=url))

    return restore_files(backup, home, password=password, finish=finish)


def _give_own_id(folder: Path, file: Path) -> None:
    """Tell the restored home and its registry from those that were backed up, and may live on."""
    (folder / ID_FILE).unlink(missing_ok=True)
    engine = sqlite_engine(file)
    try:
        with translated(str(file)), engine.connect().execution_options(**{WRITES: True}) as connection, \
                Session(bind=connection) as session:
            session.merge(Meta(key="home", value=make_home_id(folder)))
            session.commit()
    finally:
        engine.dispose()


def _load_registry(file: Path, url: str) -> None:
    """Fill an empty PostgreSQL database with the rows of an SQLite file, all or none."""
    origin = sqlite_engine(file)
    engine, parsed = postgresql_engine(url)
    name = place(file, parsed)
    try:
        with translated(name), origin.connect() as source, engine.begin() as target:
            begin_writing(target)
            if inspect(target).has_table("alembic_version"):
                raise RegistryError(
                    RegistryCode.EXISTS, f"{name} 中已有登记库，不作任何改动，请另建空的数据库",
                    f"there is a registry in {name} already; nothing is changed: make an empty database")
            check_encoding(target, name)
            migrate(target)
            _transfer(source, target)
            for table in ("act", "actor_role"):      # the next number is one that no row has
                target.execute(text(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'number'), "  # noqa: S608 (names given above)
                    f"(SELECT coalesce(max(number), 0) + 1 FROM {table}), false)"))
    finally:
        origin.dispose()
        engine.dispose()


def rejoin(home: Path, manifest: Manifest, *, now: datetime) -> tuple[str, ...]:
    """Note in a restored registry that it was restored, and make the files agree with it.

    Args:
        now: the present, aware.

    Returns:
        What :func:`registry.deploy.settle` left blocked.

    Raises:
        RegistryError, FileError, HomeError, SealError: the registry or a file is damaged; the home is there.
    """
    if not has_registry(home):
        return ()
    with Registry.open(home, clock=lambda: now) as registry:
        with registry.transaction() as t:
            t.log("home.restored", backup=write_moment(manifest.created), packages=manifest.packages)
        return settle(registry, everything=True)
