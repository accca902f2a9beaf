import type { IncomingMessage } from 'node:http';
import { badRequest, DoorError } from './door-error.ts';

/** Room is taken so many bytes at a time. */
const ROOM_BYTES = 64 * 1024;
/** A caller may send a body byte by byte, of which each takes a hundred times as much until it is put to others. */
const MOST_PARTS = 1024;

/**
 * Reads a whole body of at most so many bytes; `take` is asked for room before they are kept.
 * @throws DoorError 400 for one that breaks off, 413, 415 for a packed one, and what `take` throws.
 */
export async function readBody(
  request: IncomingMessage,
  mostBytes: number,
  take: (bytes: number) => void,
): Promise<Buffer<ArrayBuffer>> {
  const { headers } = request;
  const packed = headers['content-encoding'] ?? 'identity';
  if (packed !== 'identity') {
    throw new DoorError(415, 'unsupported_encoding', 'Bodies are taken as they are, not packed.');
  }
  const announced = Number(headers['content-length'] ?? 0);
  if (announced > mostBytes) throw tooLarge(mostBytes);
  const chunks: Buffer[] = [];
  let parts: Buffer[] = [];
  let [bytes, taken] = [0, 0];
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).byteLength;
      if (bytes > mostBytes) throw tooLarge(mostBytes);
      if (bytes > taken) {
        const more = Math.ceil((bytes - taken) / ROOM_BYTES) * ROOM_BYTES;
        take(more);
        taken += more;
      }
      if (parts.push(chunk as Buffer) < MOST_PARTS) continue;
      chunks.push(Buffer.concat(parts));
      parts = [];
    }
  } catch (error) {
    if (error instanceof DoorError) throw error;
    throw badRequest('The body broke off.');
  }
  return Buffer.concat([...chunks, ...parts]);
}

function tooLarge(mostBytes: number): DoorError {
  return new DoorError(413, 'body_too_large', `The body may have ${mostBytes} bytes at most.`);
}
