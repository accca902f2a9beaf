import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Met } from './fault.ts';
import type { Published } from './published.ts';

/** Sends bytes [start, end) of a file, as far as the faults let it. `sent` hears of each chunk. */
export async function sendBody(
  response: ServerResponse,
  file: Published,
  start: number,
  end: number,
  met: Met,
  sent: (bytes: number) => void,
): Promise<void> {
  const slow = met.find('slow');
  const corrupt = met.find('corrupt');
  const stall = met.find('stall');
  const close = met.find('close');
  const limit =
    start +
    Math.min(stall?.afterBytes ?? Number.POSITIVE_INFINITY, close?.afterBytes ?? Number.POSITIVE_INFINITY);
  let at = start;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // An early first line lets the client see the head of an answer whose body never comes.
  response.flushHeaders();
  for await (const chunk of file.read(start, Math.min(end, limit))) {
    if (response.destroyed) return;
    const bytes = corrupt ? inverted(chunk, corrupt.at - at) : chunk;
    const room = response.write(bytes);
    sent(bytes.length);
    at += bytes.length;
    if (!room && !(await drained(response, gone.signal))) return;
    if (slow) await pause((bytes.length / slow.bytesPerSecond) * 1000);
  }
  if (at >= end) response.end();
  else if (!stall || (close && close.afterBytes <= stall.afterBytes)) {
    // What was written leaves first, so that the client gets exactly these bytes.
    await pause(20);
    response.destroy();
  }
}

/** False when the client has gone. */
function drained(response: ServerResponse, gone: AbortSignal): Promise<boolean> {
  return once(response, 'drain', { signal: gone }).then(
    () => true,
    () => false,
  );
}

/** A copy of `chunk` with byte `at` inverted, or the chunk itself when `at` lies elsewhere. */
function inverted(chunk: Uint8Array, at: number): Uint8Array {
  if (at < 0 || at >= chunk.length) return chunk;
  const copy = Uint8Array.from(chunk);
  copy[at] = ~(copy[at] ?? 0);
  return copy;
}
