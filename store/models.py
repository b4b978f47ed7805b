"""Rows. They are dumb: no queue, no paths, no addresses; see the sibling modules."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Double, Enum, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.database import Base, Moment, now
from store.states import JobState

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # by every clock it is past


def new_id() -> str:
    """A fresh identifier: 32 hex digits."""
    return uuid.uuid4().hex


class Account(Base):
    """A person or script that may sign in."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)  # kept in lower case
    password_hash: Mapped[str] = mapped_column(String(255))
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    webhook_secret: Mapped[str | None] = mapped_column(String(64))  # made on first use; see store.webhooks


class Token(Base):
    """A bearer token of the JSON API; only the hash of its secret is kept."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # access | refresh | personal
    name: Mapped[str] = mapped_column(String(80), default="")  # of a personal one
    scopes: Mapped[str] = mapped_column(String(32), default="read write")  # apart by blanks: read | write
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)  # of a personal one, to the minute
    expires_at: Mapped[datetime | None] = mapped_column(Moment)  # NULL: never
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)

    account: Mapped[Account] = relationship()


class Upload(Base):
    """The file that was received; its bytes lie where store.paths says."""

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_owner_sha256", "owner_id", "sha256"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str] = mapped_column(String(255))  # as the client gave it, for showing only
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)

    owner: Mapped[Account] = relationship()


class Job(Base):
    """One run over one upload, with its options and its one end."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_state_queue", "state", "queue", "created_at"),
        Index("ix_job_owner_created", "owner_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    upload_id: Mapped[str] = mapped_column(ForeignKey("upload.id"), index=True)
    state: Mapped[JobState] = mapped_column(
        Enum(JobState, native_enum=False, length=16, values_callable=lambda states: [s.value for s in states])
    )
    queue: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # see store.options
    # Same owner, same bytes: set while another upload of the file would be answered with this job.
    same_file_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    # Same owner, same Idempotency-Key: another request with it is answered with this job.
    request_key: Mapped[str | None] = mapped_column(String(96), unique=True)

    attempt: Mapped[int] = mapped_column(default=1)  # the fence: only this attempt's worker may write
    crashes: Mapped[int] = mapped_column(default=0)  # attempts that ended with a dead worker
    # Renewed while the attempt is at work, by its worker's clock, so only for reading; NULL: the attempt was let go.
    lease_until: Mapped[datetime | None] = mapped_column(Moment)

    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Moment)  # of the present attempt
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    keep_until: Mapped[datetime | None] = mapped_column(Moment)

    step: Mapped[str | None] = mapped_column(String(16))
    fraction: Mapped[float] = mapped_column(default=0.0)  # of the whole job, 0 to 1
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_per_second: Mapped[float | None]
    seconds_left: Mapped[float | None]
    heartbeat_at: Mapped[datetime | None] = mapped_column(
        "seen_at", Moment
    )  # last sign of life; other than before: it lives

    rejected_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # of the rows left out
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # code, message, line, column, value
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what processing reports, without the parts

    upload: Mapped[Upload] = relationship()
    owner: Mapped[Account] = relationship()
    parts: Mapped[list[Part]] = relationship(
        back_populates="job", order_by="Part.number", cascade="all, delete-orphan", passive_deletes=True
    )
    webhook: Mapped[Webhook | None] = relationship(
        back_populates="job", cascade="all, delete-orphan", passive_deletes=True
    )


class Part(Base):
    """One output file of a job that is done."""

    __tablename__ = "part"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]  # 1 upwards
    name: Mapped[str] = mapped_column(String(80))
    rows: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(80), default="text/csv", server_default="text/csv")

    job: Mapped[Job] = relationship(back_populates="parts")


class Webhook(Base):
    """An address that is told of a job's end, and how far that has come; see store.webhooks."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)  # also the webhook-id of all tries
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), unique=True)
    url: Mapped[str] = mapped_column(String(2000))
    tries: Mapped[int] = mapped_column(default=0)  # begun so far; the fence: who takes the next one raises it
    # Once the job has ended; NULL: delivered or given up.
    next_try_at: Mapped[datetime | None] = mapped_column(Moment, default=AT_ONCE, index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    last_problem: Mapped[str | None] = mapped_column(String(300))  # of the last try that failed, in words

    job: Mapped[Job] = relationship(back_populates="webhook")


class Resumable(Base):
    """An upload that arrives in pieces, and afterwards which job came of it; see store.resumable_uploads."""

    __tablename__ = "resumable"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)  # its upload gets the same
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))  # as the client gave it, for showing only
    bytes: Mapped[int | None] = mapped_column(BigInteger)  # NULL: the client has not said yet
    arrived: Mapped[int] = mapped_column(BigInteger, default=0)  # after the last piece; the file alone says it exactly
    # While a piece with a checksum arrives, where it begins: nothing behind counts yet.
    unproved_from: Mapped[int | None] = mapped_column(BigInteger)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # see store.options
    webhook_url: Mapped[str | None] = mapped_column(String(2000))  # for its job
    said: Mapped[str | None] = mapped_column(Text)  # the header Upload-Metadata, to be given back as it came
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)


class LeaderLease(Base):
    """Work that one process at a time does for all or for its host, and who does it; see store.leader_lease."""

    __tablename__ = "duty"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)  # reconciler; webhooks:<host>
    holder: Mapped[str] = mapped_column(String(64))
    turns: Mapped[int] = mapped_column(BigInteger, default=0)  # grows with each turn, whoever holds it
    turned_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Counter(Base):
    """A number that only grows, in the same transactions as what it counts; see store.counters."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    label: Mapped[str] = mapped_column(String(80), primary_key=True)  # empty where there is nothing to tell apart
    value: Mapped[float] = mapped_column(Double)
