"""The feed over all streams: who follows it is answered from what one reader a process has read for all."""
