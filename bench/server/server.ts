import { cpus, loadavg } from 'node:os';
import type { Section } from '../section.ts';
import { quantile, spread, spreadWords } from '../statistics.ts';
import { Crowds } from './crowd-process.ts';
import { cpuSeconds, residentBytes } from './process-use.ts';
import { HAS_TASKSET, rest, settledBytes, startServers } from './processes.ts';
import { type RedisUse, redisUse } from './redis-use.ts';

const ROOMS = 200;
const PEERS_PER_ROOM = 10;
const JOINS_PER_SECOND = 500;
const SECONDS = 10;
/** Rushes, each on servers of its own: one alone tells of this machine's moods as well. */
const ROUNDS = 5;
/** The processor at rest is looked at for so long. */
const REST_MS = 5000;
/** Joins answered, of those asked for. */
const LEAST_SHARE = 0.98;
/** What a rush may leave behind: heaps of V8 grow in steps and do not give all of it back. */
const MOST_LEFT_BYTES = 64e6;

/**
 * 2,000 idle peers in 200 rooms, then 500 joins a second: how long they wait, and what that costs the server, which runs
 * on one core alone where the system lets us say so. With `--processes N` as many servers, each on a core of its own if
 * there are enough, which share the rooms over a Redis; every room has peers at all of them.
 */
export const server: Section = async ({ processes }) => {
  const rounds: Found[] = [];
  const failures: string[] = [];
  const loads: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    loads.push(loadavg()[0] ?? 0);
    rounds.push(await rush(processes, failures));
  }
  const good = rounds.every(
    ({ answered = 0, mostLeftBytes = 0, mostCpuShare = 0 }) =>
      answered >= LEAST_SHARE * JOINS_PER_SECOND * SECONDS &&
      mostLeftBytes <= MOST_LEFT_BYTES &&
      mostCpuShare <= 1,
  );
  return { text: textOf(processes, rounds, failures, loads), good, data: rounds };
};

async function rush(processes: number, failed: string[]): Promise<Found> {
  const { urls, pids, redis, stop } = await startServers(processes);
  const crowds = new Crowds();
  const cpuNow = (): number[] => [...pids, ...(redis ? [redis.pid()] : [])].map(cpuSeconds);
  const redisNow = async (): Promise<RedisUse | undefined> => redis && redisUse(redis.url);
  try {
    const empty = await settledBytes(pids);
    const redisEmpty = await redisNow();
    const waiting = await crowds.send({
      kind: 'idle',
      urls,
      firstRoom: 0,
      rooms: ROOMS,
      peersPerRoom: PEERS_PER_ROOM,
    });
    const idle = await settledBytes(pids);
    const rested = cpuNow();
    await rest(REST_MS);
    const redisBefore = await redisNow();
    const cpuBefore = cpuNow();
    const found = await crowds.send({
      ...{ kind: 'joins', urls, rooms: ROOMS },
      ...{ perSecond: JOINS_PER_SECOND, seconds: SECONDS },
    });
    const cpuAfter = cpuNow();
    const redisAfter = await redisNow();
    const most = pids.map(residentBytes);
    const after = await settledBytes(pids);
    const { times, failures, seconds } = found;
    failed.push(...failures);
    const cpu = cpuAfter.map((used, n) => (used - (cpuBefore[n] ?? 0)) / seconds);
    const atRest = cpuBefore.map((used, n) => (used - (rested[n] ?? 0)) / (REST_MS / 1000));
    const each = pids.flatMap((_, n) => [
      [`empty${n}`, empty[n] ?? 0],
      [`idle${n}`, idle[n] ?? 0],
      [`most${n}`, most[n] ?? 0],
      [`after${n}`, after[n] ?? 0],
      [`left${n}`, (after[n] ?? 0) - (idle[n] ?? 0)],
      [`cpu${n}`, cpu[n] ?? 0],
      [`restCpu${n}`, atRest[n] ?? 0],
    ]);
    return {
      idlePeers: waiting.peers,
      answered: times.length,
      joinsPerSecond: times.length / seconds,
      p50Ms: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
      mostLeftBytes: Math.max(...after.map((bytes, n) => bytes - (idle[n] ?? 0))),
      mostCpuShare: Math.max(...cpu.slice(0, pids.length)),
      ...Object.fromEntries(each),
      ...(redisEmpty && redisBefore && redisAfter
        ? {
            redisCpu: cpu.at(-1) ?? 0,
            redisRestCpu: atRest.at(-1) ?? 0,
            redisRoomBytes: redisBefore.bytesPerRoom,
            redisUsedPerRoom: (redisBefore.usedBytes - redisEmpty.usedBytes) / ROOMS,
            ...perJoin(redisBefore, redisAfter, times.length),
          }
        : {}),
    };
  } finally {
    crowds.end();
    await stop();
  }
}

/** What Redis does for one peer that joins and, a second later, leaves. */
function perJoin(before: RedisUse, after: RedisUse, joins: number): Found {
  return {
    changes: (after.calls.evalsha - before.calls.evalsha) / joins,
    counts: (after.calls.eval - before.calls.eval) / joins,
    looks: (after.calls.get - before.calls.get) / joins,
    publishes: (after.calls.publish - before.calls.publish) / joins,
    redisReceived: (after.receivedBytes - before.receivedBytes) / joins,
    redisSent: (after.sentBytes - before.sentBytes) / joins,
  };
}

type Found = Readonly<Record<string, number>>;

function textOf(
  processes: number,
  rounds: readonly Found[],
  failures: readonly string[],
  loads: readonly number[],
): string {
  const words = (key: string, digits: number, per = 1): string =>
    spreadWords(spread(rounds.map((found) => (found[key] ?? 0) * per)), digits);
  const mb = (key: string): string => `${words(key, 0, 1e-6)} MB`;
  const percent = (key: string, digits: number): string => `${words(key, digits, 100)} %`;
  const { idlePeers = 0 } = rounds[0] ?? {};
  const cores = HAS_TASKSET
    ? `on ${Math.min(processes, cpus().length)} of ${cpus().length} cores`
    : 'on whatever core';
  const what = processes === 1 ? 'Signaling server' : `${processes} signaling servers with one Redis,`;
  const ofEach = Array.from({ length: processes }, (_, n) => [
    `  server ${n + 1}: processor ${percent(`restCpu${n}`, 1)} of a core at rest, ${percent(`cpu${n}`, 0)} during the joins`,
    `    memory, after garbage was collected: ${mb(`empty${n}`)} empty, ${mb(`idle${n}`)} with the idle peers, ${mb(`after${n}`)} after the joins, which is ${mb(`left${n}`)} more; ${mb(`most${n}`)} at the end of the joins`,
  ]).flat();
  const ofRedis = [
    `  Redis: processor ${percent('redisRestCpu', 1)} of a core at rest, ${percent('redisCpu', 0)} during the joins`,
    `    a room of ${PEERS_PER_ROOM}: ${words('redisRoomBytes', 0)} bytes by MEMORY USAGE, ${words('redisUsedPerRoom', 0)} bytes of used_memory`,
    `    a peer that joins and leaves: ${words('changes', 2)} changes (EVALSHA), ${words('counts', 2)} rate limits (EVAL), ${words('looks', 2)} looks (GET), ${words('publishes', 2)} PUBLISH; ${words('redisReceived', 0)} bytes in, ${words('redisSent', 0)} bytes out`,
  ];
  return [
    `${what} ${cores}: ${idlePeers} idle peers in ${ROOMS} rooms, then ${JOINS_PER_SECOND} joins a second for ${SECONDS} s; ${rounds.length} rounds, median (p10 to p90)`,
    `  load average of the machine before each round: ${loads.map((load) => load.toFixed(1)).join(', ')}`,
    `  joins answered: ${words('joinsPerSecond', 0)} a second, in ${words('p50Ms', 1)} ms (median), ${words('p95Ms', 1)} ms (95th percentile)`,
    `  refused or lost: ${failures.length}${failures[0] === undefined ? '' : ` (${failures[0]})`}`,
    ...ofEach,
    ...(processes > 1 ? ofRedis : []),
  ].join('\n');
}
