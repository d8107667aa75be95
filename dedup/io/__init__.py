"""Readers and writers.

What comes in, whatever its format, becomes Arrow batches of one schema; what could not be used becomes a
reject with its place and reason. What goes out is written beside its place and moved there when it is whole.
"""

from dedup.io.documents import from_documents
from dedup.io.folder import OutputFolder, output_file
from dedup.io.identity import Resolution, hash_records, resolve_ids
from dedup.io.reader import needed, nothing_usable, read, read_sources
from dedup.io.schema import FIELDS, SCHEMA, Reject, RejectSink
from dedup.io.writer import rejects_table, write_jsonl, write_parquet, write_records, write_table

__all__ = [
    "FIELDS",
    "SCHEMA",
    "OutputFolder",
    "Reject",
    "RejectSink",
    "Resolution",
    "from_documents",
    "hash_records",
    "needed",
    "nothing_usable",
    "output_file",
    "read",
    "read_sources",
    "rejects_table",
    "resolve_ids",
    "write_jsonl",
    "write_parquet",
    "write_records",
    "write_table",
]
