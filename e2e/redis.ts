import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from './free-port.ts';

/** The program of Debian's package redis-server; null where there is none. For tests and benches. */
export const REDIS: string | null = find('redis-server');

export const NO_REDIS =
  'SKIPPED: there is no redis-server on the path (Debian: apt-get install redis-server)';

const START_LIMIT_MS = 10_000;

export interface RedisProcess {
  readonly url: string;
  pid(): number;
  /** Ends it; what it knew is forgotten. */
  stop(): Promise<void>;
  /** On the same port. */
  start(): Promise<void>;
  /** Ends it for good. */
  remove(): Promise<void>;
}

/** Starts a Redis of its own on a free loopback port, in a folder of its own, that writes nothing to the disk. */
export async function startRedis(): Promise<RedisProcess> {
  if (REDIS === null) throw new Error(NO_REDIS);
  const program = REDIS;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'potluck-redis-'));
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const options = [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--save',
      '',
      '--appendonly',
      'no',
    ];
    child = spawn(program, options, { stdio: 'ignore' });
    // A process that ends in the middle takes its Redis along.
    const [started, orphaned] = [child, (): boolean => started.kill('SIGKILL')];
    process.once('exit', orphaned);
    started.once('exit', () => process.off('exit', orphaned));
    const limit = performance.now() + START_LIMIT_MS;
    while (!(await answers(port))) {
      if (performance.now() > limit) throw new Error('redis-server did not start');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const stop = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (!ending) return;
    const ended = new Promise((resolve) => ending.once('exit', resolve));
    ending.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: () => child?.pid ?? 0,
    stop,
    start,
    remove: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(String(data).startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}

function find(program: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not there.
    }
  }
  return null;
}
