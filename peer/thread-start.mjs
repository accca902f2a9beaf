import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

// A thread does not have the loader of its parent everywhere: it brings its own. In a process of its own the module to
// start is an argument.
register();
await import(workerData?.entry ?? process.argv[2]);
