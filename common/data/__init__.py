"""Read a prepared dataset, and draw batches from it; `common.preparing` makes one."""
