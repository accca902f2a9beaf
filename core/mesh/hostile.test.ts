import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PeerId } from '../ids.ts';
import { EXAMPLES } from '../protocol/control-examples.ts';
import { PACKET_HEADER_BYTES, type PacketKind, writePacketHeader } from '../protocol/packet.ts';
import { systemClock } from './clock.ts';
import { listeningLink } from './link-contract.ts';
import { MemoryDialler } from './memory-dial.ts';
import { MemoryRendezvous, MemoryRoom } from './memory-rendezvous.ts';
import { memoryWirePair } from './memory-wire.ts';
import { Mesh } from './mesh.ts';
import type { RendezvousListener } from './rendezvous.ts';
import type { Wire } from './wire.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function packet(kind: PacketKind, payload: number, sequence = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PACKET_HEADER_BYTES + payload);
  const header = { kind, sequence, acknowledged: 0, message: sequence, total: payload, offset: 0 };
  writePacketHeader(bytes, header);
  return bytes;
}

/** The far end of a wire, in the hands of somebody who does as they please. */
function wireToEve(): { wire: Wire; say: (bytes: Uint8Array<ArrayBuffer>) => void; sent: number[] } {
  let hear: (bytes: Uint8Array<ArrayBuffer>) => void = () => undefined;
  let lost: (reason: string) => void = () => undefined;
  const sent: number[] = [];
  const wire: Wire = {
    kind: 'memory',
    maxPacketBytes: 65_536,
    bufferedBytes: () => 0,
    send: (bytes) => sent.push(bytes.byteLength),
    listen: ({ packet, closed }) => {
      [hear, lost] = [packet, closed];
    },
    close: (reason) => lost(reason),
  };
  return { wire, say: (bytes) => hear(bytes), sent };
}

/** Eve answers pings for so long, and says of nothing that it came. */
async function answering(say: (bytes: Uint8Array<ArrayBuffer>) => void, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    say(packet('pong', 0));
    await vi.advanceTimersByTimeAsync(250);
  }
}

test.each([
  ['packets about the wire', 'ack', 0, 16_000],
  ['tiny messages', 'probe', 1, 80_000],
  ['large messages', 'probe', 65_000, 16_513],
] as const)('a flood of %s ends the link', (_, kind, bytes, most) => {
  const { wire, say } = wireToEve();
  const { link, log } = listeningLink();
  link.addWire(wire);
  let said = 0;
  while (log.length < 2 && said < 200_000) {
    said += 1;
    say(packet(kind, bytes, kind === 'ack' ? 0 : said));
  }
  expect(said).toBe(most + 1);
  expect(log[1]).toMatch(/^broken: A device floods this one/);
  expect(log[2]).toMatch(/^closed/);
});

test('work at 80 MB/s in both directions for ten seconds is no flood', async () => {
  const { wire, say } = wireToEve();
  const { link, log } = listeningLink();
  link.addWire(wire);
  let sequence = 0;
  const large = packet('probe', 65_000);
  for (let ms = 0; ms < 10_000; ms += 10) {
    // And the acknowledgements of as much in the other direction.
    for (let n = 0; n < 3; n++) say(packet('ack', 0));
    for (let n = 0; n < 12; n++) {
      sequence += 1;
      const header = { sequence, acknowledged: 0, message: sequence, total: 65_000, offset: 0 };
      writePacketHeader(large, { kind: 'probe', ...header });
      say(large);
    }
    await vi.advanceTimersByTimeAsync(10);
  }
  expect(log).toEqual(['up']);
  link.close('done');
});

test('a peer that answers and takes nothing, nor when it comes again, is shown out; who waits for it is told', async () => {
  const { wire, say, sent } = wireToEve();
  const { link, log } = listeningLink();
  link.addWire(wire);
  const bytes = (): number => sent.reduce((sum, each) => sum + each, 0);
  const waiting = link.send('activation', [new Uint8Array(20 * 1024 ** 2)]);
  const told = expect(waiting).rejects.toThrow(/takes nothing/);
  await answering(say, 19_000);
  const once = bytes();
  await answering(say, 2000);
  expect(bytes() - once).toBeGreaterThan(8 * 1024 ** 2);
  expect(log).toEqual(['up']);
  await answering(say, 20_000);
  expect(log[1]).toMatch(/^broken: The device answers, and takes nothing/);
  await told;
});

test('what a wire that nobody listens to has swallowed comes after all', async () => {
  const deaf = wireToEve();
  const [a, b] = [listeningLink(), listeningLink()];
  a.link.addWire(deaf.wire);
  a.link.sendControl('hello');
  const direct = memoryWirePair({ clock: systemClock, kind: 'direct', delayMs: 5 });
  // Of those alike the last one is in use.
  const { left, right } = direct;
  a.link.addWire(left);
  b.link.addWire(right);
  await vi.advanceTimersByTimeAsync(10_000);
  a.link.sendControl('again');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(b.control).toEqual(['hello', 'again']);
  expect([a.log, b.log]).toEqual([['up'], ['up']]);
  a.link.close('done');
});

test('a slow peer that takes a packet now and then is waited for', async () => {
  const { wire, say } = wireToEve();
  const { link, log } = listeningLink();
  link.addWire(wire);
  void link.send('activation', [new Uint8Array(4 * 1024 ** 2)]).catch(() => undefined);
  for (let taken = 1; taken < 5; taken++) {
    await answering(say, 15_000);
    const word = packet('ack', 0);
    writePacketHeader(word, {
      kind: 'ack',
      sequence: 0,
      acknowledged: taken,
      message: 0,
      total: 0,
      offset: 0,
    });
    say(word);
  }
  expect(log).toEqual(['up']);
  link.close('done');
});

test.each([
  ['small messages', 'x', 12_200],
  ['large messages', 'x'.repeat(1024 ** 2), 34],
])('%s to a peer that takes none are kept up to a bound; then the link ends', (_, text, most) => {
  const { wire } = wireToEve();
  const { link, log } = listeningLink();
  link.addWire(wire);
  let sent = 0;
  for (; log.length < 2 && sent < 50_000; sent++) link.sendControl(text);
  // A window of packets is with the wire, the rest in the queue.
  expect(sent).toBeLessThan(most);
  expect(sent).toBeGreaterThan(most * 0.9);
  expect(log[1]).toBe('closed: the device takes no messages');
});

test('asking for receipts without taking them fills nothing', () => {
  const { wire, say } = wireToEve();
  const { link, log } = listeningLink();
  link.addWire(wire);
  let said = 0;
  for (; log.length < 2 && said < 50_000; said++) {
    const bytes = packet('probe', 1, said + 1);
    bytes[1] = 1;
    say(bytes);
  }
  expect(said).toBeLessThan(12_200);
  expect(log[1]).toBe('closed: the device takes no messages');
});

const [ANN, EVE] = ['a', 'e'].map((x) => x.repeat(16)) as [PeerId, PeerId];

/** And what Ann hears of the server. */
function twoMeshes(
  report: (peer: PeerId, error: Error) => void,
): readonly [Mesh, Mesh, RendezvousListener | undefined] {
  const listen = vi.spyOn(MemoryRendezvous.prototype, 'listen');
  const room = new MemoryRoom(systemClock, { delayMs: 3 });
  const dialler = new MemoryDialler(systemClock, { delayMs: 2, mbitPerSec: 100 });
  let seed = 1;
  const nothing = (): void => undefined;
  const [ann, eve] = [ANN, EVE].map((peer) => {
    const mesh = new Mesh({
      me: peer,
      rendezvous: room.join(peer),
      dial: dialler.dial,
      clock: systemClock,
      random32: () => (seed = Math.imul(seed, 48271) >>> 0),
      report: peer === ANN ? report : nothing,
    });
    const listener = { peerUp: nothing, peerDown: nothing, linkChanged: nothing };
    mesh.listen({ ...listener, control: nothing, binary: nothing });
    return mesh;
  });
  if (!ann || !eve) throw new Error('two meshes');
  const [heard] = listen.mock.calls[0] ?? [];
  listen.mockRestore();
  return [ann, eve, heard];
}

test('whoever breaks the protocol goes, also where telling the person of it fails', async () => {
  const [ann, , heard] = twoMeshes(() => {
    throw new Error('the code for the notice did not come');
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(ann.peers()).toEqual([EVE]);
  expect(() => heard?.signal(EVE, 'nonsense')).toThrow('the code for the notice did not come');
  expect(ann.peers()).toEqual([]);
});

test('packets for links that are no more count as well: a flood of them through the relay is the end', async () => {
  const reports: string[] = [];
  const [ann, , heard] = twoMeshes((peer, error) => reports.push(`${peer[0]}: ${error.message}`));
  await vi.advanceTimersByTimeAsync(1000);
  for (let n = 0; n < 80_000; n++) heard?.relay(EVE, new Uint8Array(8));
  expect(reports).toEqual([]);
  heard?.relay(EVE, new Uint8Array(8));
  expect(reports).toEqual([expect.stringMatching(/^e: A device floods this one/)]);
  expect(ann.peers()).toEqual([]);
});

test('a card now and then is news, hundreds at once are a flood', async () => {
  const reports: string[] = [];
  const [ann, eve] = twoMeshes((peer, error) => reports.push(`${peer[0]}: ${error.message}`));
  await vi.advanceTimersByTimeAsync(1000);
  for (let n = 0; n < 200; n++) eve.sendControl(ANN, EXAMPLES.card);
  await vi.advanceTimersByTimeAsync(1000);
  expect(reports).toEqual([]);
  for (let n = 0; n < 200; n++) eve.sendControl(ANN, EXAMPLES.card);
  await vi.advanceTimersByTimeAsync(1000);
  expect(reports).toEqual([expect.stringMatching(/at most 20 cards a second/)]);
  expect(ann.peers()).toEqual([]);
});
