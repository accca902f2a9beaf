import type { Page } from 'playwright';
import type { PlanView } from '../core/session/state.ts';
import type { Tensor } from '../core/tensor/tensor.ts';
import type { PotluckWindow } from '../e2e/session-page.ts';

/** One answer; times in ms since the stream began. */
export interface StreamItem {
  readonly index: number;
  readonly askedAt: number;
  readonly doneAt: number;
  /** Whether it is the answer to this item's own input. */
  readonly right: boolean;
}

/** A plan that was in force while the stream ran. */
export interface PlanSeen {
  readonly at: number;
  readonly plan: PlanView;
}

export interface Streamed {
  /** In the order of the answers. */
  readonly items: readonly StreamItem[];
  /** What was asked and not answered, with the reason. */
  readonly failures: readonly string[];
  /** The first is the one at the beginning. */
  readonly plans: readonly PlanSeen[];
}

export interface StreamOptions {
  readonly inFlight: number;
  /** Ends after so many, or when so much time has passed. */
  readonly items?: number;
  readonly forMs?: number;
}

interface StreamWindow extends PotluckWindow {
  benchInputs?: { feeds: Parameters<PotluckWindow['potluck']['run']>[0]; answer: Float32Array }[];
  benchStream?: {
    items: StreamItem[];
    failures: string[];
    plans: PlanSeen[];
    ended: boolean;
  };
}

const POLL_MS = 50;
/** Without any answer for so long, a stream is stuck. */
const STUCK_MS = 120_000;

/** Puts some inputs into the page, and asks each once, alone, to know its answer. They are asked in turn. */
export async function setInputs(
  page: Page,
  inputs: readonly Readonly<Record<string, Tensor>>[],
): Promise<void> {
  await page.evaluate(async (given) => {
    const bench = globalThis as unknown as StreamWindow;
    bench.benchInputs = [];
    for (const feeds of given) {
      const { outputs } = await bench.potluck.run(feeds);
      const bytes = outputs[0]?.data.slice() ?? new Uint8Array();
      bench.benchInputs.push({ feeds, answer: new Float32Array(bytes.buffer) });
    }
  }, inputs);
}

/** Begins to ask, always `inFlight` at once. */
export async function beginStream(page: Page, options: StreamOptions): Promise<void> {
  const { inFlight, items = Number.MAX_SAFE_INTEGER, forMs = Number.MAX_SAFE_INTEGER } = options;
  await page.evaluate(
    ({ inFlight, items, forMs }) => {
      const bench = globalThis as unknown as StreamWindow;
      const { potluck, benchInputs = [] } = bench;
      const stream: NonNullable<StreamWindow['benchStream']> = {
        items: [],
        failures: [],
        plans: [],
        ended: false,
      };
      bench.benchStream = stream;
      const startedAt = performance.now();
      const now = (): number => performance.now() - startedAt;
      const look = (): void => {
        const { plan } = potluck.state();
        if (plan && plan.epoch !== stream.plans.at(-1)?.plan.epoch) stream.plans.push({ at: now(), plan });
      };
      look();
      const looking = setInterval(look, 20);
      const isClose = (bytes: Uint8Array | undefined, answer: Float32Array): boolean => {
        const values = new Float32Array(bytes?.slice().buffer ?? new ArrayBuffer(0));
        const scale = answer.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return (
          values.length === answer.length &&
          values.every((value, i) => Math.abs(value - (answer[i] ?? Number.NaN)) <= 1e-3 * scale)
        );
      };
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < items && now() < forMs) {
          const index = next++;
          const askedAt = now();
          const input = benchInputs[index % benchInputs.length];
          try {
            const { outputs } = await potluck.run(input?.feeds ?? {});
            const right = input !== undefined && isClose(outputs[0]?.data, input.answer);
            stream.items.push({ index, askedAt, doneAt: now(), right });
          } catch (error) {
            stream.failures.push(`item ${index}: ${error instanceof Error ? error.message : error}`);
          }
        }
      };
      void Promise.all(Array.from({ length: inFlight }, lane)).then(() => {
        clearInterval(looking);
        look();
        stream.ended = true;
      });
    },
    { inFlight, items, forMs },
  );
}

/** Waits until so many answers are there. @throws Error when none comes any more. */
export async function answered(page: Page, count: number): Promise<void> {
  await progress(page, (done) => done >= count);
}

/** Waits for the end of the stream. @throws Error when no answer comes any more. */
export async function endStream(page: Page): Promise<Streamed> {
  await progress(page, (_, ended) => ended);
  return page.evaluate(() => {
    const {
      items = [],
      failures = [],
      plans = [],
    } = (globalThis as unknown as StreamWindow).benchStream ?? {};
    return { items, failures, plans };
  });
}

/** A whole stream. */
export async function stream(page: Page, options: StreamOptions): Promise<Streamed> {
  await beginStream(page, options);
  return endStream(page);
}

async function progress(page: Page, wished: (done: number, ended: boolean) => boolean): Promise<void> {
  let last = { settled: -1, at: performance.now() };
  for (;;) {
    const seen = await page.evaluate(() => {
      const stream = (globalThis as unknown as StreamWindow).benchStream;
      return {
        done: stream?.items.length ?? 0,
        failed: stream?.failures.length ?? 0,
        ended: stream?.ended ?? true,
      };
    });
    if (wished(seen.done, seen.ended)) return;
    const settled = seen.done + seen.failed;
    if (settled !== last.settled) last = { settled, at: performance.now() };
    if (seen.ended || performance.now() - last.at > STUCK_MS) {
      throw new Error(`The stream stands still after ${seen.done} answers and ${seen.failed} failures.`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
