import { afterEach, expect, test } from 'vitest';
import { FetchError, ProtocolError } from '../errors.ts';
import type { Epoch, RequestId } from '../ids.ts';
import { EXAMPLES, me } from './control-examples.ts';
import { decodeActivation, encodeActivation } from './frame.ts';
import type { Activation } from './frame.types.ts';
import type { ControlMessage } from './messages.ts';
import { damagedBytes, damagedJson, pick, type Random, randomBytes, seeded } from './mutations.ts';
import { isMessageKind, PACKET_HEADER_BYTES, readPacketHeader, writePacketHeader } from './packet.ts';
import { parseControl } from './parse.ts';
import { type PeerSignal, parsePeerSignal } from './parse-peer-signal.ts';
import { parsePublished } from './parse-published.ts';
import { parseFromServer, parseIceServers, parseToServer } from './parse-signaling.ts';
import { decodePieceFrame, encodePieceFrame } from './piece-frame.ts';
import { Reassembler } from './reassembler.ts';
import type { FromServer, ToServer } from './signaling.ts';

const SEED = 20_261_129;
/** No input of these sizes may occupy a page for longer: time of the processor, as machines are shared. */
const LONGEST_MS = 500;

const proof = 'p'.repeat(43);
const room = 'maple-otter-7';
const key = 'k'.repeat(32);

/** The compiler asks for an example of each type. */
type Each<T extends { readonly type: string }> = {
  readonly [K in T['type']]: Extract<T, { type: K }> | object;
};
const TO_SERVER: Each<ToServer> = {
  open: { type: 'open', room, peer: me, key, proof, askFirst: true },
  join: { type: 'join', room, peer: me, key, proof, card: 'abc' },
  admit: { type: 'admit', peer: me },
  deny: { type: 'deny', peer: me },
  'ask-first': { type: 'ask-first', value: true },
  signal: { type: 'signal', to: me, sealed: 'abc' },
  leave: { type: 'leave' },
  lead: { type: 'lead', term: 7 },
  yield: { type: 'yield' },
  ping: { type: 'ping' },
};
const iceServers = [{ urls: ['stun:localhost'], username: 'u', credential: 'c' }];
const FROM_SERVER: Each<FromServer> = {
  welcome: { type: 'welcome', leader: me, peers: [me], iceServers },
  'ice-servers': { type: 'ice-servers', iceServers },
  wait: { type: 'wait' },
  refused: { type: 'refused', reason: 'denied', message: 'no' },
  knock: { type: 'knock', peer: me, card: 'abc' },
  'knock-gone': { type: 'knock-gone', peer: me },
  'peer-joined': { type: 'peer-joined', peer: me },
  'peer-left': { type: 'peer-left', peer: me, why: 'away' },
  signal: { type: 'signal', from: me, sealed: 'abc' },
  leading: { type: 'leading', askFirst: true },
  pong: { type: 'pong' },
};
const PEER_SIGNALS: Each<PeerSignal> = {
  session: { type: 'session', session: 4, greeted: false },
  hello: { type: 'hello', page: 3, session: 4 },
  rtc: { type: 'rtc', session: 4, attempt: 1, data: '{"candidate":{}}' },
  bye: { type: 'bye', session: 4, reason: 'closed' },
};
const MANIFEST = {
  origin: { model: 'm.onnx', pieces: [{ file: 'a', offset: 0, length: 4, sha256: '0f'.repeat(32) }] },
};

const tensor = { dtype: 'float32', dims: [2, 3], data: new Uint8Array(24).fill(7) } as const;
const plain: Activation = {
  epoch: 4 as Epoch,
  origin: me,
  request: 3 as RequestId,
  sequence: 0,
  step: 0,
  microBatch: 0,
  microBatches: 1,
  stage: 1,
  trail: [{ stage: 0, computeMs: 1, queueMs: 2 }],
  tensors: [tensor],
};
const decode = {
  from: 0,
  keep: 4,
  count: 1,
  picks: 1,
  before: [5, 6],
  sampling: { temperature: 1, topK: 4, topP: 0.9, repetitionPenalty: 1.1, seed: 3 },
};
const written: Activation = { ...plain, sequence: 2, step: 1, decode };
const together: Activation = {
  ...written,
  joined: [{ origin: me, request: 8 as RequestId, sequence: 5, step: 1, decode }],
};
const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const FRAMES = [plain, written, together].map((each) => joined(encodeActivation(each)));
const PIECE = joined(encodePieceFrame({ ticket: 7, bytes: randomBytes(seeded(1), 100) }));

/** Inputs that a parser was given. */
let fed = 0;

/** Feeds `count` inputs to a parser: how many it took. Anything but a typed refusal fails the test. */
function feed<T>(count: number, make: (random: Random) => T, parse: (input: T) => unknown): number {
  const random = seeded(SEED);
  let taken = 0;
  for (let n = 0; n < count; n++) {
    const input = make(random);
    const before = process.cpuUsage();
    fed += 1;
    try {
      parse(input);
      taken++;
    } catch (error) {
      if (!(error instanceof ProtocolError || error instanceof FetchError)) throw error;
    }
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(LONGEST_MS);
  }
  return taken;
}

afterEach(() => expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false));

const texts: readonly [string, number, Readonly<Record<string, object>>, (text: string) => unknown][] = [
  ['messages to the server', 8000, TO_SERVER, parseToServer],
  ['messages of the server', 8000, FROM_SERVER, parseFromServer],
  ['signals of peers', 8000, PEER_SIGNALS, parsePeerSignal],
  ['lists of ICE servers', 2000, { ice: iceServers }, parseIceServers],
  ['manifests', 4000, { manifest: MANIFEST }, parsePublished],
];

test.each(texts)('damaged %s meet nothing but typed refusals', (_, count, examples, parse) => {
  const taken = feed(count, (random) => damagedJson(random, pick(random, Object.values(examples))), parse);
  expect(taken).toBeLessThan(count / 2);
});

test.each(Object.keys(EXAMPLES) as ControlMessage['type'][])('damaged messages of type %s', (type) => {
  const taken = feed(1000, (random) => damagedJson(random, EXAMPLES[type]), parseControl);
  expect(taken).toBeLessThan(1000);
});

test('damaged activations meet nothing but typed refusals', () => {
  const taken = feed(25_000, (random) => damagedBytes(random, pick(random, FRAMES)), decodeActivation);
  expect(taken).toBeLessThan(25_000);
});

test('damaged pieces of weights meet nothing but typed refusals', () => {
  expect(feed(10_000, (random) => damagedBytes(random, PIECE), decodePieceFrame)).toBeLessThan(10_000);
});

test('damaged packets meet nothing but typed refusals, and what they leave half done has an end', () => {
  const packet = new Uint8Array(PACKET_HEADER_BYTES + 16);
  const header = {
    kind: 'activation',
    sequence: 3,
    acknowledged: 2,
    message: 1,
    total: 64,
    offset: 16,
  } as const;
  writePacketHeader(packet, header);
  const reassembler = new Reassembler();
  feed(
    25_000,
    (random) => damagedBytes(random, packet),
    (bytes) => {
      const { kind, ...rest } = readPacketHeader(bytes);
      if (isMessageKind(kind)) reassembler.add({ ...rest, kind }, bytes);
    },
  );
  expect(reassembler.unfinished).toBeLessThanOrEqual(128);
});

test('text that is huge or deep is refused at once', () => {
  for (const open of ['[', '{"a":', '{"type":"card","card":']) {
    expect(feed(20, () => open.repeat(1024 ** 2 / open.length), parseControl)).toBe(0);
  }
  expect(feed(20, () => ' '.repeat(64 * 1024 ** 2), parseControl)).toBe(0);
});

test('that was a hundred thousand inputs at least, each given to its parser', () => {
  expect(fed).toBeGreaterThanOrEqual(100_000);
});
