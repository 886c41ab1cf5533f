-- Where events are pruned there is no way back: what came before this version could not tell their log from one that was cut.
DROP TABLE audit_pruned_blocks;
