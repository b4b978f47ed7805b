"""All faults, in the order in which they are carried out."""

from __future__ import annotations

from tests.faults import (
    faults_clock,
    faults_database,
    faults_disks,
    faults_jobs,
    faults_points,
    faults_processes,
    faults_redis,
    faults_uploads,
)
from tests.faults.fault import Fault

FAMILIES: dict[str, tuple[Fault, ...]] = {
    module.__name__.rpartition("_")[2]: tuple(module.faults())
    for module in (
        faults_points,
        faults_processes,
        faults_redis,
        faults_database,
        faults_disks,
        faults_uploads,
        faults_jobs,
        faults_clock,
    )
}
FAULTS: tuple[Fault, ...] = tuple(fault for family in FAMILIES.values() for fault in family)

assert len({fault.name for fault in FAULTS}) == len(FAULTS)
