import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../errors.ts';
import { concat } from '../graph/protobuf-writer.ts';
import { decodePieceFrame, encodePieceFrame } from './piece-frame.ts';

test('a piece comes back as it went, under any ticket and from any place in a buffer', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff_ffff),
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.nat(9),
      (ticket, content, offset) => {
        const message = concat([
          new Uint8Array(offset),
          ...encodePieceFrame({ ticket, bytes: content.slice() }),
        ]);
        const { ticket: read, bytes } = decodePieceFrame(message.subarray(offset));
        expect(read).toBe(ticket);
        expect([...bytes]).toEqual([...content]);
      },
    ),
  );
});

test('neither side copies the bytes, and they stay aligned for every type of tensor', () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const parts = encodePieceFrame({ ticket: 7, bytes });
  expect(parts[1]).toBe(bytes);
  const message = concat(parts);
  const read = decodePieceFrame(message).bytes;
  expect(read.buffer).toBe(message.buffer);
  expect(read.byteOffset % 8).toBe(0);
});

test('the layout is the one that is drawn', () => {
  const [header] = encodePieceFrame({ ticket: 0x01020304, bytes: new Uint8Array(1) });
  expect([...(header ?? [])]).toEqual([4, 3, 2, 1, 0, 0, 0, 0]);
});

test.each([
  ['nothing', [], '0 bytes'],
  ['half a header', [1, 0, 0, 0], '4 bytes'],
  ['a header alone', [1, 0, 0, 0, 0, 0, 0, 0], '8 bytes'],
  ['what only later pages understand', [1, 0, 0, 0, 2, 0, 0, 0, 9], '2'],
])('%s is refused', (_, message, actual) => {
  const decode = (): unknown => decodePieceFrame(Uint8Array.from(message));
  expect(decode).toThrow(ProtocolError);
  expect(decode).toThrow(expect.objectContaining({ data: expect.objectContaining({ actual }) }));
});
