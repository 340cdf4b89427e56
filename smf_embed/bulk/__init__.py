"""Folders of tables, too many for one run of one process: decided shard by shard, here or on Ray."""
