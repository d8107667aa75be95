"""Engines: where the stages of the pipeline run."""
