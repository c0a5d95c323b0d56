"""Places where runs can work besides this box: how to reach them, their schedulers, and the watcher of a run there."""
