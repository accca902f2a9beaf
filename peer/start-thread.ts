import { Worker } from 'node:worker_threads';

/** Starts a module of this folder as a thread; `data` is what it finds as its `workerData`. */
export function startThread(entry: `./${string}.ts`, name: string, data: object = {}): Worker {
  return new Worker(new URL('./thread-start.mjs', import.meta.url), {
    name,
    execArgv: [],
    workerData: { ...data, entry: new URL(entry, import.meta.url).href },
  });
}
