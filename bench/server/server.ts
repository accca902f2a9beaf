import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { freePort } from '../../e2e/free-port.ts';
import { ROOT } from '../../e2e/repository.ts';
import type { Section } from '../section.ts';
import { quantile, spread, spreadWords } from '../statistics.ts';
import type { CrowdReport, CrowdTask } from './crowd.types.ts';
import { cpuSeconds, residentBytes } from './process-use.ts';

const ROOMS = 200;
const JOINS_PER_SECOND = 500;
const SECONDS = 10;
/** Rushes, each on a server of its own: one alone tells of this machine's moods as well. */
const ROUNDS = 5;
/** The processor at rest is looked at for so long. */
const REST_MS = 5000;
/** Memory counts once garbage has been collected; it has settled when it moves by less than this in a second, or then. */
const SETTLED_BYTES = 1e6;
const SETTLING_MS = 30_000;
/** Joins answered, of those asked for. */
const LEAST_SHARE = 0.98;
/** What a rush may leave behind: heaps of V8 grow in steps and do not give all of it back. */
const MOST_LEFT_BYTES = 64e6;

/**
 * 2,000 idle peers in 200 rooms, then 500 joins a second: how long they wait, and what that costs the server, which runs
 * on one core alone where the system lets us say so.
 */
export const server: Section = async () => {
  const rounds: Found[] = [];
  const failures: string[] = [];
  const [loadBefore = 0] = loadavg();
  for (let round = 0; round < ROUNDS; round++) rounds.push(await rush(failures));
  const good = rounds.every(
    ({ answered = 0, leftBytes = 0, cpuShare = 0 }) =>
      answered >= LEAST_SHARE * JOINS_PER_SECOND * SECONDS && leftBytes <= MOST_LEFT_BYTES && cpuShare <= 1,
  );
  return { text: textOf(rounds, failures, loadBefore), good, data: rounds };
};

async function rush(failed: string[]): Promise<Found> {
  const port = await freePort();
  const running = startServer(port);
  const url = `ws://127.0.0.1:${port}/signal`;
  const crowds: ChildProcess[] = [];
  const crowd = async (task: CrowdTask): Promise<CrowdReport> => {
    const child = fork('bench/server/crowd.ts', { cwd: ROOT, execArgv: ['--import', 'tsx'] });
    crowds.push(child);
    child.send(task);
    const [report] = await once(child, 'message');
    return report as CrowdReport;
  };
  try {
    await answering(port);
    const { pid = 0 } = running;
    const emptyBytes = await settledBytes(pid);
    const waiting = await crowd({ kind: 'idle', url, rooms: ROOMS });
    const idleBytes = await settledBytes(pid);
    const restedAt = cpuSeconds(pid);
    await rest(REST_MS);
    const cpuBefore = cpuSeconds(pid);
    const found = await crowd({
      kind: 'joins',
      url,
      rooms: ROOMS,
      perSecond: JOINS_PER_SECOND,
      seconds: SECONDS,
    });
    const cpu = cpuSeconds(pid) - cpuBefore;
    const mostBytes = residentBytes(pid);
    const afterBytes = await settledBytes(pid);
    if (waiting.kind !== 'idle' || found.kind !== 'joins') throw new Error('a crowd answered out of turn');
    const { times, failures, seconds } = found;
    failed.push(...failures);
    return {
      idlePeers: waiting.peers,
      answered: times.length,
      joinsPerSecond: times.length / seconds,
      p50Ms: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
      idleCpuShare: (cpuBefore - restedAt) / (REST_MS / 1000),
      cpuShare: cpu / seconds,
      emptyBytes,
      idleBytes,
      mostBytes,
      afterBytes,
      leftBytes: afterBytes - idleBytes,
    };
  } finally {
    for (const child of [...crowds, running]) child.kill();
  }
}

/** Resident memory of the server after its garbage was collected, and the allocator has given back what it gives back. */
async function settledBytes(pid: number): Promise<number> {
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

type Found = Readonly<Record<string, number>>;

function textOf(rounds: readonly Found[], failures: readonly string[], loadBefore: number): string {
  const words = (key: string, digits: number, per = 1): string =>
    spreadWords(spread(rounds.map((found) => (found[key] ?? 0) * per)), digits);
  const mb = (key: string): string => `${words(key, 0, 1e-6)} MB`;
  const { idlePeers = 0 } = rounds[0] ?? {};
  return [
    `Signaling server on ${ONE_CORE.length > 0 ? 'one core' : 'whatever core'}: ${idlePeers} idle peers in ${ROOMS} rooms, then ${JOINS_PER_SECOND} joins a second for ${SECONDS} s; ${rounds.length} rounds, median (p10 to p90)`,
    `  load average of the machine before: ${loadBefore.toFixed(1)}`,
    `  joins answered: ${words('joinsPerSecond', 0)} a second, in ${words('p50Ms', 1)} ms (median), ${words('p95Ms', 1)} ms (95th percentile)`,
    `  refused or lost: ${failures.length}${failures[0] === undefined ? '' : ` (${failures[0]})`}`,
    `  processor: ${words('idleCpuShare', 1, 100)} % of a core at rest, ${words('cpuShare', 0, 100)} % during the joins`,
    `  memory, after garbage was collected: ${mb('emptyBytes')} empty, ${mb('idleBytes')} with the idle peers, ${mb('afterBytes')} after the joins, which is ${mb('leftBytes')} more; ${mb('mostBytes')} at the end of the joins`,
  ].join('\n');
}

/** Linux's way to keep a process on one core; elsewhere it has all. */
const ONE_CORE: readonly string[] = existsSync('/usr/bin/taskset')
  ? ['/usr/bin/taskset', '--cpu-list', '0']
  : [];
/** On which the server, told so by the module that is loaded first, collects its garbage. */
const COLLECT = 'SIGUSR2';

function startServer(port: number): ChildProcess {
  const args = ['--http', '--host', '127.0.0.1', '--port', String(port), '--behind-proxy'];
  const modules = ['--expose-gc', '--import', 'tsx', '--import', './bench/server/collect.ts'];
  const [command = process.execPath, ...rest] = [
    ...ONE_CORE,
    process.execPath,
    ...modules,
    'signaling-server/main.ts',
    ...args,
  ];
  const child = spawn(command, rest, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const answered = await fetch(`http://127.0.0.1:${port}/addresses.json`).then(
      () => true,
      () => false,
    );
    if (answered) return;
    await rest(100);
  }
  throw new Error('the server did not start');
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
