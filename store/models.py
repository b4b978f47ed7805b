"""The tables. Rows know nothing of queues, paths or URLs; see the sibling modules."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Double, Enum, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.database import Base, Moment, now
from store.states import JobState

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # in the past by any clock


def new_id() -> str:
    """Return a fresh id: 32 hex digits."""
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
    webhook_secret: Mapped[str | None] = mapped_column(String(64))  # generated on first use; see store.webhooks


class Token(Base):
    """A bearer token of the JSON API; only the hash of its secret is kept."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # access | refresh | personal
    name: Mapped[str] = mapped_column(String(80), default="")  # of a personal one
    scopes: Mapped[str] = mapped_column(String(32), default="read write")  # separated by spaces: read | write
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)  # of a personal one, to the minute
    expires_at: Mapped[datetime | None] = mapped_column(Moment)  # NULL: never
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)

    account: Mapped[Account] = relationship()


class Upload(Base):
    """A file that was received; store.paths says where its bytes are."""

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
    """One run over one upload, with its options and outcome."""

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
    # Same owner, same bytes: set while sending the file again leads to this job.
    same_file_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    # Same owner, same Idempotency-Key: sending the request again leads to this job.
    request_key: Mapped[str | None] = mapped_column(String(96), unique=True)

    attempt: Mapped[int] = mapped_column(default=1)  # the fence: only this attempt's worker may write
    crashes: Mapped[int] = mapped_column(default=0)  # attempts whose worker crashed
    # Renewed while the attempt runs, by its worker's clock, so only for display; NULL: the attempt was released.
    lease_until: Mapped[datetime | None] = mapped_column(Moment)

    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    started_at: Mapped[datetime | None] = mapped_column(Moment)  # the current attempt
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
    keep_until: Mapped[datetime | None] = mapped_column(Moment)

    step: Mapped[str | None] = mapped_column(String(16))
    fraction: Mapped[float] = mapped_column(default=0.0)  # of the whole job, 0 to 1
    rows_read: Mapped[int] = mapped_column(BigInteger, default=0)
    rows_per_second: Mapped[float | None]
    seconds_left: Mapped[float | None]
    # The last heartbeat; the attempt is alive as long as this changes.
    heartbeat_at: Mapped[datetime | None] = mapped_column("seen_at", Moment)

    rejected_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")  # the list of skipped rows
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # its code and parameters, not its sentence
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # the report of processing, without the parts

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
    """A URL to call when a job has ended, and the state of that delivery; see store.webhooks."""

    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)  # also the webhook-id of all tries
    job_id: Mapped[str] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), unique=True)
    url: Mapped[str] = mapped_column(String(2000))
    tries: Mapped[int] = mapped_column(default=0)  # begun so far; the fence: claiming a try increments it
    # Counts only once the job has ended; NULL: delivered or given up.
    next_try_at: Mapped[datetime | None] = mapped_column(Moment, default=AT_ONCE, index=True)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    last_problem: Mapped[str | None] = mapped_column(String(300))  # of the last try that failed, in words

    job: Mapped[Job] = relationship(back_populates="webhook")


class Resumable(Base):
    """An upload that arrives in pieces, and then the job it led to; see store.resumable_uploads."""

    __tablename__ = "resumable"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)  # also the id of its upload
    owner_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))  # as the client gave it, for showing only
    bytes: Mapped[int | None] = mapped_column(BigInteger)  # NULL: not known yet
    arrived: Mapped[int] = mapped_column(BigInteger, default=0)  # as of the last piece; the size of the file is exact
    # Where a piece with a checksum begins that is still arriving: bytes after it do not count yet.
    unproved_from: Mapped[int | None] = mapped_column(BigInteger)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # see store.options
    webhook_url: Mapped[str | None] = mapped_column(String(2000))  # for its job
    said: Mapped[str | None] = mapped_column(Text)  # the header Upload-Metadata, returned as it was received
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
    job_id: Mapped[str | None] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), index=True)


class LeaderLease(Base):
    """A named lease that one process at a time holds; see store.leader_lease."""

    __tablename__ = "duty"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)  # reconciler; webhooks:<host>
    holder: Mapped[str] = mapped_column(String(64))
    turns: Mapped[int] = mapped_column(BigInteger, default=0)  # incremented at each acquisition and renewal
    turned_at: Mapped[datetime] = mapped_column(Moment, default=now)


class Counter(Base):
    """A number that only grows, in the transactions of what it counts; see store.counters."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    label: Mapped[str] = mapped_column(String(80), primary_key=True)  # empty if there is nothing to distinguish
    value: Mapped[float] = mapped_column(Double)
