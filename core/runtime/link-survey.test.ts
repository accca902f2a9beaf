import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { seededRandom } from '../graph/seeded-random.ts';
import type { PeerId } from '../ids.ts';
import { systemClock } from '../mesh/clock.ts';
import { MemoryDialler } from '../mesh/memory-dial.ts';
import { MemoryRoom } from '../mesh/memory-rendezvous.ts';
import { Mesh } from '../mesh/mesh.ts';
import type { LinkReport } from '../protocol/messages.ts';
import { readPacketHeader } from '../protocol/packet.ts';
import { LinkSurvey } from './link-survey.ts';

const [A, B, C] = ['a', 'b', 'c'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId, PeerId];
/** As a cut of a vision model has it. */
const ACTIVATION = 140_000;

interface Surveyor {
  readonly mesh: Mesh;
  readonly survey: LinkSurvey;
  /** Each report, newest last. */
  readonly reports: (readonly LinkReport[])[];
  /** What was last said of a link. */
  last(peer: PeerId): LinkReport | undefined;
}

let room: MemoryRoom;
let dialler: MemoryDialler;
let open: Surveyor[];
beforeEach(() => {
  vi.useFakeTimers();
  room = new MemoryRoom(systemClock, { delayMs: 3 });
  dialler = new MemoryDialler(systemClock, { delayMs: 20, mbitPerSec: 20 });
  open = [];
});
afterEach(() => {
  for (const { survey, mesh } of open) {
    survey.stop();
    mesh.close('the test ended');
  }
  vi.useRealTimers();
});

function join(me: PeerId): Surveyor {
  let seed = me.charCodeAt(0);
  const mesh = new Mesh({
    me,
    rendezvous: room.join(me),
    dial: dialler.dial,
    clock: systemClock,
    random32: () => (seed = Math.imul(seed, 48271) >>> 0),
    report: (_, error) => {
      throw error;
    },
  });
  const reports: (readonly LinkReport[])[] = [];
  const survey = new LinkSurvey(mesh, systemClock, (links) => reports.push(links));
  mesh.listen({
    peerUp: () => survey.start(),
    peerDown: (peer) => survey.forget(peer),
    linkChanged: () => undefined,
    control: () => undefined,
    binary: () => undefined,
  });
  const surveyor: Surveyor = {
    mesh,
    survey,
    reports,
    last: (peer) => reports.at(-1)?.find((link) => link.peer === peer),
  };
  open.push(surveyor);
  return surveyor;
}

const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function within(found: number | undefined, expected: number, share: number): void {
  expect(Math.abs((found ?? 0) / expected - 1)).toBeLessThan(share);
}

/** Activations from one page to the other, ten a second, as long as `until` is not so. Returns the time it took. */
async function traffic(from: Surveyor, to: PeerId, ms: number, until = () => false): Promise<number> {
  for (let passed = 0; passed < ms; passed += 100) {
    if (until()) return passed;
    // Some are still under way when the test ends.
    from.mesh.send(to, 'activation', [new Uint8Array(ACTIVATION)]).catch(() => undefined);
    await after(100);
  }
  return ms;
}

test('each side finds delay and bandwidth of its own way within a twentieth', async () => {
  dialler.conditions = { delayMs: 20, mbitPerSec: 20, back: { mbitPerSec: 5 } };
  const [a, b] = [join(A), join(B)];
  await after(30_000);
  const [pair] = dialler.pairs;
  const caller = pair?.conditions.mbitPerSec === 20 ? a : b;
  const [fast, slow] = caller === a ? [a.last(B), b.last(A)] : [b.last(A), a.last(B)];
  within(fast?.delayMs, 20, 0.05);
  within(fast?.mbitPerSec, 20, 0.05);
  within(slow?.delayMs, 20, 0.05);
  within(slow?.mbitPerSec, 5, 0.05);
});

test('three devices that come at once measure all six ways, and rightly', async () => {
  const pages = [join(A), join(B), join(C)];
  await after(40_000);
  for (const { mesh, last } of pages) {
    for (const peer of mesh.peers()) {
      within(last(peer)?.delayMs, 20, 0.06);
      within(last(peer)?.mbitPerSec, 20, 0.06);
    }
    expect(mesh.peers().length).toBe(2);
  }
});

test('a link that degrades is noticed by the traffic alone within 3 s', async () => {
  const a = join(A);
  join(B);
  await after(30_000);
  await traffic(a, B, 5000);
  const told = a.reports.length;
  for (const { conditions } of dialler.pairs) conditions.mbitPerSec = 6;
  expect(await traffic(a, B, 10_000, () => a.reports.length > told)).toBeLessThanOrEqual(3000);
  // Queues build up: the way itself is told, not the time in the queue.
  await traffic(a, B, 3000);
  within(a.last(B)?.mbitPerSec, 6, 0.35);
});

test('jitter of a fifth is told of by nobody', async () => {
  dialler.conditions = { delayMs: 60, mbitPerSec: 40, jitterMs: 20, random: seededRandom(3) };
  const a = join(A);
  join(B);
  await after(30_000);
  const told = a.reports.length;
  await traffic(a, B, 180_000);
  expect(a.reports.length).toBe(told);
});

test('probes wait while activations keep coming, and are made up for later', async () => {
  const a = join(A);
  join(B);
  while (dialler.pairs.length === 0) await after(5);
  let probes = 0;
  const [pair] = dialler.pairs;
  for (const wire of pair ? [pair.left, pair.right] : []) {
    const send = wire.send.bind(wire);
    wire.send = (packet) => {
      if (readPacketHeader(packet).kind === 'probe') probes += 1;
      send(packet);
    };
  }
  while (!a.mesh.peers().includes(B)) await after(5);
  await traffic(a, B, 20_000);
  expect(probes).toBe(0);
  // The traffic told meanwhile.
  within((a.last(B)?.delayMs ?? 0) + (ACTIVATION * 8) / ((a.last(B)?.mbitPerSec ?? 0) * 1000), 76, 0.1);
  await after(5000);
  expect(probes).toBeGreaterThan(10);
});

test('an idle link that got faster is found within two minutes', async () => {
  const a = join(A);
  join(B);
  await after(60_000);
  for (const { conditions } of dialler.pairs) conditions.mbitPerSec = 100;
  await after(120_000);
  within(a.last(B)?.mbitPerSec, 100, 0.1);
});

test('an idle link costs less than 4 KB a second', async () => {
  const a = join(A);
  join(B);
  await after(60_000);
  const before = a.mesh.stats(B)?.bytesOut ?? 0;
  await after(240_000);
  expect(((a.mesh.stats(B)?.bytesOut ?? 0) - before) / 240).toBeLessThan(4000);
});
