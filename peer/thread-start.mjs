import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

// A thread does not have the loader of its parent everywhere: it brings its own.
register();
await import(workerData.entry);
