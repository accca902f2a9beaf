import { expect, test } from 'vitest';
import { concat } from '../graph/protobuf-writer.ts';
import type { Epoch, PeerId, RequestId } from '../ids.ts';
import { fromFloat32 } from '../tensor/tensor.ts';
import { type AuditFrame, decodeAuditFrame, encodeAuditFrame, isAuditFrame } from './audit-frame.ts';
import { encodePieceFrame } from './piece-frame.ts';

const frame: AuditFrame = {
  kind: 'made',
  ticket: 2 ** 32 - 1,
  holder: '00ab45ef01234567' as PeerId,
  activation: {
    epoch: 3 as Epoch,
    origin: 'f'.repeat(16) as PeerId,
    request: 7 as RequestId,
    sequence: 0,
    step: 0,
    microBatch: 0,
    microBatches: 1,
    stage: 2,
    trail: [],
    tensors: [fromFloat32([2], Float32Array.of(1, -2))],
  },
};

test('comes back as it was', () => {
  const message = concat(encodeAuditFrame(frame));
  expect(isAuditFrame(message)).toBe(true);
  expect(decodeAuditFrame(message)).toEqual(frame);
});

test('is told from a piece of weights', () => {
  const bytes = new Uint8Array(64);
  expect(isAuditFrame(concat(encodePieceFrame({ ticket: 1, bytes })))).toBe(false);
  expect(isAuditFrame(new Uint8Array(3))).toBe(false);
});

test('another kind, and damage, are refused', () => {
  const message = concat(encodeAuditFrame(frame));
  const other = message.slice();
  other[4] = 9;
  expect(() => decodeAuditFrame(other)).toThrow(/kind/);
  const cut = message.slice(0, 40);
  expect(() => decodeAuditFrame(cut)).toThrow(/malformed/);
  const flipped = message.slice();
  flipped[flipped.length - 1] = 1;
  expect(() => decodeAuditFrame(flipped)).toThrow(/malformed/);
});
