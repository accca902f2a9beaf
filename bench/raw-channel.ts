import type { Page } from 'playwright';
import { accept, answer, closeEnds, offer, ping } from './raw-end.ts';

/** One direct transfer of a request's way: which page sends to which, and how many bytes. */
export interface Hop {
  readonly from: Page;
  readonly to: Page;
  readonly bytes: number;
}

/** Data channels with nothing of ours on them, between the very tabs that hold the stages. */
export interface RawChannels {
  /** Sends each hop's bytes as soon as the hop before has arrived whole; milliseconds for all of them. */
  ping(): Promise<number>;
  close(): Promise<void>;
}

/** As the product slices; sizes from 16 to 256 KiB measured alike (facts.md F). */
const SLICE_BYTES = 64 * 1024;

/** Two tabs of one machine connect within a second. */
const CONNECT_LIMIT_MS = 15_000;

/**
 * Connects the pages along the hops. The last hop must end where the first began, so that one clock measures
 * them all. Signals travel through this process.
 * @throws Error when two pages do not connect.
 */
export async function connectRaw(hops: readonly Hop[]): Promise<RawChannels> {
  const first = hops[0];
  if (!first || hops.at(-1)?.to !== first.from) throw new Error('The hops of a raw ping must form a ring.');
  for (const [index, hop] of hops.entries()) {
    const onward = hops[index + 1];
    const next = onward ? { index: index + 1, bytes: onward.bytes } : null;
    const offered = await hop.from.evaluate(offer, index);
    const receiving = { index, offer: offered, expected: hop.bytes, next, sliceBytes: SLICE_BYTES };
    const answered = await hop.to.evaluate(answer, receiving);
    await hop.from.evaluate(accept, { index, answer: answered, limitMs: CONNECT_LIMIT_MS });
  }
  return {
    ping: () => first.from.evaluate(ping, { bytes: first.bytes, sliceBytes: SLICE_BYTES }),
    close: async () => {
      for (const page of new Set(hops.map((hop) => hop.from))) await page.evaluate(closeEnds);
    },
  };
}
