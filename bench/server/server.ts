import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../e2e/free-port.ts';
import { ROOT } from '../../e2e/repository.ts';
import type { Section } from '../section.ts';
import { quantile } from '../statistics.ts';
import type { CrowdReport, CrowdTask } from './crowd.types.ts';
import { cpuSeconds, residentBytes } from './process-use.ts';

const ROOMS = 200;
const JOINS_PER_SECOND = 500;
const SECONDS = 10;
/** Until memory and processor are looked at: what the rush left has been cleared away by then. */
const REST_MS = 20_000;
/** Joins answered, of those asked for. */
const LEAST_SHARE = 0.98;
/** What a rush may leave behind: heaps of V8 grow in steps and shrink late. */
const MOST_LEFT_BYTES = 64e6;

/** 2,000 idle peers in 200 rooms, then 500 joins a second: how long they wait, and what that costs the server. */
export const server: Section = async () => {
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
    const before = residentBytes(pid);
    const waiting = await crowd({ kind: 'idle', url, rooms: ROOMS });
    await rest(REST_MS / 4);
    const restedAt = cpuSeconds(pid);
    await rest(REST_MS / 4);
    const idleCpu = (cpuSeconds(pid) - restedAt) / (REST_MS / 4000);
    const idle = residentBytes(pid);
    const cpuBefore = cpuSeconds(pid);
    const found = await crowd({
      kind: 'joins',
      url,
      rooms: ROOMS,
      perSecond: JOINS_PER_SECOND,
      seconds: SECONDS,
    });
    const cpu = cpuSeconds(pid) - cpuBefore;
    const most = residentBytes(pid);
    await rest(REST_MS);
    const after = residentBytes(pid);
    if (waiting.kind !== 'idle' || found.kind !== 'joins') throw new Error('a crowd answered out of turn');
    const { times, failures, seconds } = found;
    const data = {
      idlePeers: waiting.peers,
      rooms: ROOMS,
      joinsPerSecond: times.length / seconds,
      failures: failures.length,
      p50Ms: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
      idleCpuShare: idleCpu,
      cpuShare: cpu / seconds,
      beforeBytes: before,
      idleBytes: idle,
      mostBytes: most,
      afterBytes: after,
    };
    const good =
      times.length >= LEAST_SHARE * JOINS_PER_SECOND * SECONDS &&
      after - idle <= MOST_LEFT_BYTES &&
      data.cpuShare <= 1;
    return { text: textOf(data, failures), good, data };
  } finally {
    for (const child of [...crowds, running]) child.kill();
  }
};

type Found = Readonly<Record<string, number>>;

function textOf(data: Found, failures: readonly string[]): string {
  const {
    idlePeers = 0,
    rooms = 0,
    joinsPerSecond = 0,
    p50Ms = 0,
    p95Ms = 0,
    idleCpuShare = 0,
    cpuShare = 0,
  } = data;
  const mb = (bytes = 0): string => `${Math.round(bytes / 1e6)} MB`;
  return [
    `Signaling server: ${idlePeers} idle peers in ${rooms} rooms, then ${JOINS_PER_SECOND} joins a second for ${SECONDS} s`,
    `  joins answered: ${joinsPerSecond.toFixed(0)} a second, ${p50Ms.toFixed(1)} ms (median), ${p95Ms.toFixed(1)} ms (95th percentile)`,
    `  refused or lost: ${failures.length}${failures[0] === undefined ? '' : ` (${failures[0]})`}`,
    `  processor: ${(100 * idleCpuShare).toFixed(1)} % of a core at rest, ${(100 * cpuShare).toFixed(0)} % during the joins`,
    `  memory: ${mb(data.beforeBytes)} empty, ${mb(data.idleBytes)} with the idle peers, ${mb(data.mostBytes)} after the joins, ${mb(data.afterBytes)} ${REST_MS / 1000} s later`,
  ].join('\n');
}

function startServer(port: number): ChildProcess {
  const args = ['--http', '--host', '127.0.0.1', '--port', String(port), '--behind-proxy'];
  const child = spawn(process.execPath, ['--import', 'tsx', 'signaling-server/main.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
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
