import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { tooMany } from './door-error.ts';
import { readBody } from './read-body.ts';

const KB = 1024;
function bodyOf(chunks: Iterable<Buffer>): IncomingMessage {
  return Object.assign(Readable.from(chunks), { headers: {} }) as unknown as IncomingMessage;
}
function* singly(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at++) yield bytes.subarray(at, at + 1);
}
const bytes = Buffer.from(Uint8Array.from({ length: 100 * KB }, (_, at) => at % 251));

test('a body that comes byte by byte is the same, and each byte is not counted by itself', async () => {
  const taken: number[] = [];
  const read = await readBody(bodyOf(singly(bytes)), 200 * KB, (count) => taken.push(count));
  expect(read.equals(bytes)).toBe(true);
  expect(taken).toEqual([64 * KB, 64 * KB]);
});

test('room is taken before bytes are kept, and never for more than may come', async () => {
  const taken: number[] = [];
  const chunks = [bytes, bytes, bytes];
  const reading = readBody(bodyOf(chunks), 150 * KB, (count) => taken.push(count));
  await expect(reading).rejects.toMatchObject({ status: 413 });
  expect(taken).toEqual([128 * KB]);
  const full = readBody(bodyOf(chunks), 400 * KB, () => {
    throw tooMany('full');
  });
  await expect(full).rejects.toMatchObject({ status: 429 });
});
