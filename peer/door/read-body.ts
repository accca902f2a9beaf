import type { IncomingMessage } from 'node:http';
import { badRequest, DoorError } from './door-error.ts';

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
  let bytes = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += (chunk as Buffer).byteLength;
      if (bytes > mostBytes) throw tooLarge(mostBytes);
      take((chunk as Buffer).byteLength);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof DoorError) throw error;
    throw badRequest('The body broke off.');
  }
  return Buffer.concat(chunks);
}

function tooLarge(mostBytes: number): DoorError {
  return new DoorError(413, 'body_too_large', `The body may have ${mostBytes} bytes at most.`);
}
