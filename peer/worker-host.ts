import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Endpoint } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { messageOf } from '../core/errors.ts';
import { ipcEndpoint } from './ipc-endpoint.ts';
import { startThread } from './start-thread.ts';
import type { ThreadData } from './thread.ts';

/** What a stage worker runs in. */
export interface WorkerHost {
  readonly endpoint: Endpoint;
  /** Weights larger than this come in parts. */
  readonly mostBytes: number;
  /** At once, whatever it does. */
  end(): void;
}

/** One message of a process: its length is a number of 32 bits, and a copy of it waits on each side. */
const PART_BYTES = 64 * 1024 ** 2;

/** `broken` is told in words when it ends by itself. */
export function threadHost(data: ThreadData, broken: (why: string) => void): WorkerHost {
  const worker = startThread('./thread.ts', 'stage', data);
  worker.on('error', (error) => broken(messageOf(error)));
  worker.on('exit', (code) => broken(`it ended with ${code}`));
  return {
    endpoint: nodeEndpoint(worker),
    mostBytes: Number.POSITIVE_INFINITY,
    end: () => void worker.terminate(),
  };
}

/**
 * A process of its own, for graphics cards: ended in the middle of a run, their code takes the whole process with it
 * (ONNX Runtime for Node 1.30 on WebGPU), and drivers may do so at any time.
 */
export function processHost({ runtimeUrl }: ThreadData, broken: (why: string) => void): WorkerHost {
  const entry = new URL('./thread.ts', import.meta.url).href;
  const start = fileURLToPath(new URL('./thread-start.mjs', import.meta.url));
  const child = fork(start, [entry, runtimeUrl], { serialization: 'advanced', execArgv: [] });
  child.on('error', (error) => broken(messageOf(error)));
  child.on('exit', (code, signal) => broken(`it ended with ${signal ?? code}`));
  return {
    endpoint: ipcEndpoint(child),
    mostBytes: PART_BYTES,
    end: () => void child.kill('SIGKILL'),
  };
}
