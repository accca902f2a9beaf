import { loadavg } from 'node:os';
import type { Section } from '../section.ts';
import { Crowds } from './crowd-process.ts';
import { cpuSeconds } from './process-use.ts';
import { settledBytes, startServers } from './processes.ts';
import { redisUse } from './redis-use.ts';

/** Rooms and peers in each: members and rooms are told apart by having many of one and few of the other. */
const POINTS: readonly (readonly [rooms: number, peersPerRoom: number])[] = [
  [100, 10],
  [400, 10],
  [800, 10],
  [2000, 2],
  [200, 30],
];
const RELAYED_BYTES = 512e6;

interface Point {
  readonly rooms: number;
  readonly members: number;
  /** Of all servers together, above what they have when empty. */
  readonly bytes: number;
  readonly redisRoomBytes: number;
  readonly redisUsedBytes: number;
}

/** What a room and a member cost where they idle, and what a relayed byte costs: the points of docs/capacity.md. */
export const capacity: Section = async () => {
  const load = loadavg()[0] ?? 0;
  const lines = [`Capacity; load average of the machine before: ${load.toFixed(1)}`];
  const data: Record<string, unknown> = { load };
  for (const processes of [1, 2]) {
    const name = processes === 1 ? 'one server, alone' : `${processes} servers with one Redis`;
    const points: Point[] = [];
    for (const [rooms, peersPerRoom] of POINTS) points.push(await idleAt(processes, rooms, peersPerRoom));
    const relay = await relayedBy(processes);
    const { room, member } = leastSquares(points);
    lines.push(
      `  ${name}:`,
      ...points.map(
        (point) =>
          `    ${point.rooms} rooms, ${point.members} members: ${(point.bytes / 1e6).toFixed(1)} MB more than empty${
            processes === 1
              ? ''
              : `; in Redis ${point.redisRoomBytes} bytes a room by MEMORY USAGE, ${(point.redisUsedBytes / point.rooms).toFixed(0)} of used_memory`
          }`,
      ),
      `    by least squares: ${(room / 1e3).toFixed(1)} KB a room, ${(member / 1e3).toFixed(1)} KB a member`,
      `    relay of ${RELAYED_BYTES / 1e6} MB: ${(RELAYED_BYTES / 1e6 / relay.seconds).toFixed(0)} MB/s, ${relay.cpu.map((cpu) => ((cpu / RELAYED_BYTES) * 1e9).toFixed(1)).join(' + ')} s of processor for each GB (servers, then Redis)`,
    );
    data[name] = { points, room, member, relay };
  }
  return { text: lines.join('\n'), good: true, data };
};

async function idleAt(processes: number, rooms: number, peersPerRoom: number): Promise<Point> {
  const { urls, pids, redis, stop } = await startServers(processes);
  const crowds = new Crowds();
  try {
    // A first crowd that leaves: what is compiled and allocated once is no member's.
    const first = new Crowds();
    await first.send({ kind: 'idle', urls, firstRoom: 60_000, rooms: 20, peersPerRoom: 10 });
    first.end();
    const empty = sum(await settledBytes(pids));
    const redisEmpty = redis && (await redisUse(redis.url));
    const { peers } = await crowds.send({ kind: 'idle', urls, firstRoom: 0, rooms, peersPerRoom });
    const bytes = sum(await settledBytes(pids)) - empty;
    const used = redis && (await redisUse(redis.url));
    return {
      ...{ rooms, members: peers, bytes },
      redisRoomBytes: used?.bytesPerRoom ?? 0,
      redisUsedBytes: (used?.usedBytes ?? 0) - (redisEmpty?.usedBytes ?? 0),
    };
  } finally {
    crowds.end();
    await stop();
  }
}

async function relayedBy(processes: number): Promise<{ seconds: number; cpu: number[] }> {
  const { urls, pids, redis, stop } = await startServers(processes);
  const crowds = new Crowds();
  try {
    const all = [...pids, ...(redis ? [redis.pid()] : [])];
    const before = all.map(cpuSeconds);
    const { seconds } = await crowds.send({ kind: 'relay', urls, bytes: RELAYED_BYTES });
    return { seconds, cpu: all.map((pid, n) => cpuSeconds(pid) - (before[n] ?? 0)) };
  } finally {
    crowds.end();
    await stop();
  }
}

/** The two costs whose sum comes nearest to all points. */
function leastSquares(points: readonly Point[]): { room: number; member: number } {
  const of = (one: keyof Point, other: keyof Point): number =>
    sum(points.map((point) => point[one] * point[other]));
  const [rr, rm, mm] = [of('rooms', 'rooms'), of('rooms', 'members'), of('members', 'members')];
  const [rb, mb] = [of('rooms', 'bytes'), of('members', 'bytes')];
  const determinant = rr * mm - rm * rm;
  return { room: (rb * mm - mb * rm) / determinant, member: (mb * rr - rb * rm) / determinant };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
