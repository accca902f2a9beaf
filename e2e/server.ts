import { spawn } from 'node:child_process';
import { freePort } from './free-port.ts';
import { ROOT } from './repository.ts';

/** The product's server as `npm start` runs it, over plain HTTP on loopback. */
export interface ProductServer {
  /** `http://127.0.0.1:PORT`, a secure context for browsers. */
  readonly origin: string;
  /** Everything it has printed so far. */
  printed(): string;
  /** Its process; another one after a restart. */
  pid(): number | undefined;
  /** Ends the process and starts another on the same port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A cold start compiles a few files; more than this means that it hangs. */
const START_LIMIT_MS = 20_000;

/** Starts the server in a process of its own, with further options if any. dist/ must be built. The caller stops it. */
export async function startProduct(options: readonly string[] = []): Promise<ProductServer> {
  return startProcess((port) => [
    'signaling-server/main.ts',
    ...['--http', '--host', '127.0.0.1', '--port', String(port), ...options],
  ]);
}

/** Starts the same server for a page that was built into another folder. The caller stops it. */
export async function startServing(folder: string): Promise<ProductServer> {
  return startProcess((port) => ['e2e/lab/serve.ts', folder, String(port)]);
}

async function startProcess(command: (port: number) => readonly string[]): Promise<ProductServer> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  let printed = '';
  const start = () => startChild(command(port), origin, (text) => (printed += text));
  let child = await start();
  return {
    origin,
    printed: () => printed,
    pid: () => child.pid,
    restart: async () => {
      await child.stop();
      child = await start();
    },
    stop: () => child.stop(),
  };
}

interface Child {
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

async function startChild(
  command: readonly string[],
  origin: string,
  print: (text: string) => void,
): Promise<Child> {
  const child = spawn(process.execPath, ['--import', 'tsx', ...command], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      printed += text;
      print(String(text));
    });
  }
  // A process that ends in the middle takes its server along.
  const orphaned = (): boolean => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const ended = new Promise<void>((resolve) =>
    child.once('exit', () => {
      process.off('exit', orphaned);
      resolve();
    }),
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  const limit = performance.now() + START_LIMIT_MS;
  while (!(await answers(origin))) {
    if (child.exitCode !== null || performance.now() > limit) {
      await stop();
      throw new Error(`The server did not start:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { pid: child.pid, stop };
}

async function answers(origin: string): Promise<boolean> {
  return fetch(origin).then(
    (response) => response.ok,
    () => false,
  );
}
