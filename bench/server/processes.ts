import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { freePort } from '../../e2e/free-port.ts';
import { type RedisProcess, startRedis } from '../../e2e/redis.ts';
import { ROOT } from '../../e2e/repository.ts';
import { residentBytes } from './process-use.ts';

/** Memory counts once garbage has been collected; it has settled when it moves by less than this in a second, or then. */
const SETTLED_BYTES = 1e6;
const SETTLING_MS = 30_000;

/** Linux's way to keep a process on one core; elsewhere it has all. */
const TASKSET = '/usr/bin/taskset';
export const HAS_TASKSET: boolean = existsSync(TASKSET);
/** On which a server, told so by the module that is loaded first, collects its garbage. */
const COLLECT = 'SIGUSR2';

/** Signaling servers under measurement, each on a core of its own where there are as many. */
export interface Servers {
  readonly urls: readonly string[];
  readonly pids: readonly number[];
  /** What they share their rooms over; undefined for one alone. */
  readonly redis: RedisProcess | undefined;
  stop(): Promise<void>;
}

/** More than one share their rooms over a Redis of their own. The caller stops them. */
export async function startServers(count: number): Promise<Servers> {
  const redis = count > 1 ? await startRedis() : undefined;
  const children: ChildProcess[] = [];
  const ports: number[] = [];
  for (let n = 0; n < count; n++) {
    const port = await freePort();
    ports.push(port);
    children.push(startServer(port, n % cpus().length, redis?.url));
  }
  const stop = async (): Promise<void> => {
    for (const child of children) child.kill('SIGKILL');
    await redis?.remove();
  };
  try {
    for (const port of ports) await answering(port, redis !== undefined);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    urls: ports.map((port) => `ws://127.0.0.1:${port}/signal`),
    pids: children.map(({ pid = 0 }) => pid),
    redis,
    stop,
  };
}

/** Resident memory of each after its garbage was collected, and the allocator has given back what it gives back. */
export async function settledBytes(pids: readonly number[]): Promise<number[]> {
  return Promise.all(pids.map(settled));
}

async function settled(pid: number): Promise<number> {
  let before = residentBytes(pid);
  for (let waited = 0; waited < SETTLING_MS; waited += 1000) {
    process.kill(pid, COLLECT);
    await rest(1000);
    const now = residentBytes(pid);
    // Not before the second look: closed sockets are let go a moment after their crowd has gone.
    if (waited > 0 && Math.abs(now - before) < SETTLED_BYTES) return now;
    before = now;
  }
  return before;
}

function startServer(port: number, core: number, redis: string | undefined): ChildProcess {
  const args = ['--http', '--host', '127.0.0.1', '--port', String(port), '--behind-proxy'];
  const modules = ['--expose-gc', '--import', 'tsx', '--import', './bench/server/collect.ts'];
  const [command = process.execPath, ...rest] = [
    ...(HAS_TASKSET ? [TASKSET, '--cpu-list', String(core)] : []),
    process.execPath,
    ...modules,
    'signaling-server/main.ts',
    ...args,
    ...(redis === undefined ? [] : ['--redis', redis]),
  ];
  const child = spawn(command, rest, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const orphaned = (): boolean => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('exit', () => process.off('exit', orphaned));
  return child;
}

async function answering(port: number, shares: boolean): Promise<void> {
  const good = shares ? 'connected' : 'none';
  for (let tries = 0; tries < 200; tries++) {
    const health = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      (response) => response.json() as Promise<{ redis: string }>,
      () => undefined,
    );
    if (health?.redis === good) return;
    await rest(100);
  }
  throw new Error('the server did not start');
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
