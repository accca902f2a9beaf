import { FetchError } from '../errors.ts';
import type { OriginCard } from '../protocol/origin-card.ts';
import type { Origin } from './origin.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What goes wrong with a request after `after` of its bytes. */
export type OriginFault =
  | {
      readonly kind: 'break';
      readonly after: number;
      readonly retry: boolean;
      readonly retryAfterMs?: number;
    }
  /** Ends as if that were all. */
  | { readonly kind: 'short'; readonly after: number }
  /** One byte is another. */
  | { readonly kind: 'damage'; readonly after: number };

export interface MemoryOriginOptions {
  /** By their names on the card. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly clock: VirtualClock;
  readonly chunkBytes?: number;
  readonly msPerChunk?: number;
  /** Of the nth request, from 1, for these bytes. */
  readonly disturb?: (nth: number, offset: number, length: number) => OriginFault | undefined;
}

/** Files in memory that are fetched like those of a server: slowly, and with faults. */
export class MemoryOrigin implements Origin {
  readonly card: OriginCard;
  readonly #options: MemoryOriginOptions;
  requests = 0;
  sentBytes = 0;
  /** Requests that are under way, and the most that ever were. */
  open = 0;
  mostOpen = 0;

  constructor(options: MemoryOriginOptions) {
    this.#options = options;
    const files = [...options.files].map(([name, { byteLength }]) => ({
      name,
      bytes: byteLength,
      validator: '"1"',
    }));
    this.card = { url: 'https://hub.test/model.onnx', files };
  }

  async *read(
    file: string,
    offset: number,
    length: number,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const { files, clock, chunkBytes = 1000, msPerChunk = 1, disturb } = this.#options;
    const bytes = files.get(file);
    if (!bytes || offset + length > bytes.byteLength) throw new RangeError(`${file}: ${offset}+${length}`);
    const fault = disturb?.(++this.requests, offset, length);
    const end = fault && fault.kind !== 'damage' ? Math.min(fault.after, length) : length;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    try {
      for (let at = 0; at < end; at += chunkBytes) {
        await clock.wait(msPerChunk, signal);
        const chunk = bytes.slice(offset + at, offset + Math.min(at + chunkBytes, end));
        if (fault?.kind === 'damage') damage(chunk, fault.after - at);
        this.sentBytes += chunk.byteLength;
        yield chunk;
      }
      if (fault?.kind !== 'break') return;
      await clock.wait(msPerChunk, signal);
      const { retry, retryAfterMs } = fault;
      throw new FetchError('hub.test broke off.', {
        step: 'fetch',
        retry,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    } finally {
      this.open -= 1;
    }
  }
}

function damage(chunk: Uint8Array<ArrayBuffer>, at: number): void {
  const byte = chunk[at];
  if (byte !== undefined) chunk[at] = byte ^ 1;
}
