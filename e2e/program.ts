import { spawn } from 'node:child_process';
import { ROOT } from './repository.ts';

/** A program that runs beside the tests. */
export interface RunningProgram {
  readonly pid: number;
  /** Everything it has printed so far. */
  printed(): string;
  /** Waits until it has printed something that matches. @throws Error with what it printed instead. */
  says(what: RegExp, patienceMs?: number): Promise<void>;
  /** Sends a signal, and waits for the end: the exit status, or the signal that ended it. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | string>;
  readonly ended: Promise<number | string>;
}

/** Native code starts and a network is measured within this, on a busy machine. */
const PATIENCE_MS = 90_000;
const POLL_MS = 50;

/** Starts it in Potluck's folder; `name` is for errors. The caller ends it. */
export function startProgram(name: string, program: string, parameters: readonly string[]): RunningProgram {
  const child = spawn(program, parameters, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      printed += text;
    });
  }
  // A process that ends in the middle takes its programs along.
  const orphaned = (): boolean => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const ended = new Promise<number | string>((resolve) =>
    child.once('close', (code, signal) => {
      process.off('exit', orphaned);
      resolve(code ?? signal ?? 'lost');
    }),
  );
  return {
    pid: child.pid ?? 0,
    ended,
    printed: () => printed,
    says: async (what, patienceMs = PATIENCE_MS) => {
      const limit = performance.now() + patienceMs;
      while (!what.test(printed)) {
        if (child.exitCode !== null || performance.now() > limit) {
          throw new Error(`${name} did not say ${what}, but:\n${printed}`);
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    end: (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return ended;
    },
  };
}
