"""The engine for a cluster: the stage functions of the local one, mapped by Spark.

What a stage needs of other documents is brought to it by Spark's own joins and groups; what is judged is
judged by the functions of :mod:`dedup.pipeline` and the stages. ``docs/decisions`` has what each of them
needs. Nothing but this package imports pyspark.
"""
