import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { concat } from '../graph/protobuf-writer.ts';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import type { Decode } from '../language/decode.ts';
import { GREEDY } from '../language/sampling.ts';
import { DTYPES } from '../tensor/dtype.ts';
import { tensorBytes } from '../tensor/tensor.ts';
import { decodeActivation, encodeActivation, MAX_JOINED } from './frame.ts';
import { type Activation, type JoinedRun, RESULT_STAGE } from './frame.types.ts';

const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const ms = fc.float({ min: 0, max: 1e9, noNaN: true }).map(Math.fround).map(Math.abs);

const someTensor = fc
  .tuple(fc.constantFrom(...DTYPES.map((d) => d.name)), fc.array(fc.nat(5), { maxLength: 4 }), fc.nat(255))
  .map(([dtype, dims, fill]) => ({
    dtype,
    dims,
    data: new Uint8Array(tensorBytes(dtype, dims)).map((_, i) => fill + i),
  }));

const f32 = (min: number, max: number) =>
  fc
    .float({ min: Math.fround(min), max: Math.fround(max), noNaN: true })
    .map((x) => Math.abs(Math.fround(x)));
const someDecode: fc.Arbitrary<Decode> = fc.record(
  {
    alone: fc.constant(true as const),
    from: u32,
    keep: fc.nat(1 << 20),
    count: fc.integer({ min: 64, max: 1 << 20 }),
    picks: fc.nat(64),
    before: fc.array(u32, { maxLength: 20 }),
    sampling: fc.record({
      temperature: f32(0, 1000),
      topK: u32,
      topP: f32(0, 1),
      repetitionPenalty: f32(0.5, 100),
      seed: u32,
    }),
  },
  { requiredKeys: ['from', 'keep', 'count', 'picks', 'before', 'sampling'] },
);

const someRun = {
  origin: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => n.toString(16).padStart(16, '0') as PeerId),
  request: u32.map((n) => n as RequestId),
};
const someJoined: fc.Arbitrary<JoinedRun> = fc.record({
  ...someRun,
  sequence: u32.map((n) => n || 1),
  step: u32,
  decode: someDecode,
});

const someActivation: fc.Arbitrary<Activation> = fc
  .record({
    epoch: u32.map((n) => n as Epoch),
    ...someRun,
    run: fc.oneof(
      fc.constant({ sequence: 0, step: 0 }),
      fc.record({ sequence: u32.map((n) => n || 1), step: u32 }),
      fc.record({ sequence: u32.map((n) => n || 1), step: u32, decode: someDecode }),
      fc.record({
        sequence: u32.map((n) => n || 1),
        step: u32,
        decode: someDecode,
        joined: fc.array(someJoined, { minLength: 1, maxLength: 4 }),
      }),
    ),
    batch: fc.tuple(fc.integer({ min: 1, max: 0xffff }), u16),
    stage: u16,
    trail: fc.array(fc.record({ stage: u32, computeMs: ms, queueMs: ms }), { maxLength: 8 }),
    tensors: fc.array(someTensor, { maxLength: 6 }),
  })
  .map(({ batch: [microBatches, n], run, ...rest }) => ({
    ...rest,
    ...run,
    microBatches,
    microBatch: n % microBatches,
  }));

const example: Activation = {
  epoch: 3 as Epoch,
  origin: '00ab45ef01234567' as PeerId,
  request: 9 as RequestId,
  sequence: 4,
  step: 17,
  microBatch: 0,
  microBatches: 1,
  stage: RESULT_STAGE,
  trail: [{ stage: 0, computeMs: 1.5, queueMs: 0.25 }],
  tensors: [
    { dtype: 'float32', dims: [1, 3], data: new Uint8Array(12).fill(7) },
    { dtype: 'int64', dims: [], data: new Uint8Array(8).fill(9) },
  ],
};

test('an activation comes back as it went', () => {
  fc.assert(
    fc.property(someActivation, (activation) => {
      expect(decodeActivation(concat(encodeActivation(activation)))).toEqual(activation);
    }),
  );
});

test('tensor bytes are views on both ways, and start at multiples of 8', () => {
  const parts = encodeActivation(example);
  for (const { data } of example.tensors) expect(parts).toContain(data);
  const message = concat(parts);
  for (const { data } of decodeActivation(message).tensors) {
    expect(data.buffer).toBe(message.buffer);
    expect(data.byteOffset % 8).toBe(0);
  }
});

test('a message cut anywhere, or one byte too long, is refused', () => {
  const message = concat(encodeActivation(example));
  for (let length = 0; length < message.byteLength; length++) {
    expect(() => decodeActivation(message.subarray(0, length))).toThrow(ProtocolError);
  }
  expect(() => decodeActivation(concat([message, new Uint8Array(1)]))).toThrow(ProtocolError);
});

test('a tensor whose shape and bytes disagree is refused', () => {
  const [tensor] = example.tensors;
  if (!tensor) throw new Error('the example has a tensor');
  const wrong = { ...example, tensors: [{ ...tensor, dims: [1, 4] }] };
  expect(() => decodeActivation(concat(encodeActivation(wrong)))).toThrow(/16 bytes for float32/);
});

test('a step of no sequence is refused', () => {
  expect(() => decodeActivation(concat(encodeActivation({ ...example, sequence: 0 })))).toThrow(
    /step 17 of none/,
  );
});

test('257 tensors or 17 dims are refused by the sender', () => {
  const tiny = { dtype: 'uint8', dims: [1], data: new Uint8Array(1) } as const;
  expect(() => encodeActivation({ ...example, tensors: Array(257).fill(tiny) })).toThrow(ProtocolError);
  expect(() => encodeActivation({ ...example, tensors: [{ ...tiny, dims: Array(17).fill(1) }] })).toThrow(
    ProtocolError,
  );
});

test('random and mutated bytes never throw anything but ProtocolError', () => {
  const valid = concat(encodeActivation(example));
  const mutated = fc
    .array(fc.tuple(fc.nat(valid.byteLength - 1), fc.nat(255)), { minLength: 1 })
    .map((edits) => {
      const copy = valid.slice();
      for (const [at, byte] of edits) copy[at] = byte;
      return copy;
    });
  const random = fc.uint8Array({ maxLength: 256 }).map((bytes) => {
    const copy = new Uint8Array(bytes);
    copy.set(valid.subarray(0, Math.min(4, copy.byteLength)));
    return copy;
  });
  fc.assert(
    fc.property(fc.oneof(mutated, random), (bytes) => {
      try {
        const { tensors } = decodeActivation(bytes);
        for (const t of tensors) expect(t.data.byteLength).toBe(tensorBytes(t.dtype, t.dims));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['more tokens to choose than there are', { picks: 3 }],
  ['more tokens to choose than anybody needs', { count: 1000, picks: 65 }],
  ['a temperature below 0', { sampling: { ...GREEDY, temperature: -1 } }],
  ['a temperature that is none', { sampling: { ...GREEDY, temperature: Number.NaN } }],
  ['a share above 1', { sampling: { ...GREEDY, topP: 1.5 } }],
  ['a penalty of 0', { sampling: { ...GREEDY, repetitionPenalty: 0 } }],
])('refuses a run of a decoder with %s', (_, wrong) => {
  const decode: Decode = { from: 0, keep: 0, count: 2, picks: 1, before: [], sampling: GREEDY, ...wrong };
  expect(() => encodeActivation({ ...example, decode })).toThrow(ProtocolError);
});

test("refuses a decoder's part outside any sequence", () => {
  const decode: Decode = { from: 0, keep: 0, count: 2, picks: 1, before: [], sampling: GREEDY };
  const frame = concat(encodeActivation({ ...example, sequence: 0, step: 0, decode }));
  expect(() => decodeActivation(frame)).toThrow(ProtocolError);
});

test('refuses further texts outside any sequence, and more than may run together', () => {
  const decode: Decode = { from: 0, keep: 1, count: 1, picks: 1, before: [], sampling: GREEDY };
  const run: JoinedRun = { origin: example.origin, request: example.request, sequence: 2, step: 1, decode };
  const first = { ...example, sequence: 1, step: 1, decode };
  const outside = concat(encodeActivation({ ...first, joined: [{ ...run, sequence: 0 }] }));
  expect(() => decodeActivation(outside)).toThrow(ProtocolError);
  const many = Array.from({ length: MAX_JOINED }, () => run);
  expect(() => encodeActivation({ ...first, joined: many })).toThrow(ProtocolError);
  expect(decodeActivation(concat(encodeActivation({ ...first, joined: many.slice(1) }))).joined).toHaveLength(
    MAX_JOINED - 1,
  );
});

test('a bit that changed on the way is noticed, in the header, the values and the padding', () => {
  const tensors = [{ dtype: 'float32', dims: [3], data: new Uint8Array(12).fill(7) }] as const;
  const sent = concat(encodeActivation({ ...example, tensors }));
  for (const at of [16, 24, sent.length - 12, sent.length - 1]) {
    const damaged = sent.slice();
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(() => decodeActivation(damaged)).toThrow(/expected the checksum [0-9a-f]{8}, got [0-9a-f]{8}/);
  }
});
