import type { Page } from 'playwright';
import type { Tensor } from '../../../core/tensor/tensor.ts';
import type { PotluckWindow } from '../../session-page.ts';
import type { NamedTensor } from '../verify.ts';
import type { CountedWindow } from './answer-count.ts';

/** What came of one question, as the asking page saw it. Moments are epoch milliseconds. */
export interface PageAnswer {
  /** The number of the item; for tokens, of the text. */
  readonly item: number;
  /** Who asks one thing after the other: one of those in flight, or a text. */
  readonly line: number;
  readonly askedAt: number;
  readonly at: number;
  readonly latencyMs: number;
  /** Kept in the page until {@link takeOutputs}; a token is here at once. */
  readonly token: number | null;
  /** Why there is no answer, in the page's words; null where there is one. */
  readonly failure: string | null;
}

type Feeds = Readonly<Record<string, Tensor>>;

interface AskingWindow extends PotluckWindow, CountedWindow {
  labVariants?: readonly Feeds[];
  labAnswers?: PageAnswer[];
  labOutputs?: Map<number, readonly NamedTensor[]>;
}

/** Asks for so many items, `inFlight` at once, with these inputs in turn. Resolves when each has its answer or failed. */
export async function askStream(
  page: Page,
  given: { readonly requests: number; readonly inFlight: number; readonly variants: readonly Feeds[] },
): Promise<void> {
  await page.evaluate(async ({ requests, inFlight, variants }) => {
    const window = globalThis as unknown as AskingWindow;
    const answers: PageAnswer[] = [];
    const outputs = new Map<number, readonly NamedTensor[]>();
    Object.assign(window, { labAnswers: answers, labOutputs: outputs });
    const now = (): number => performance.timeOrigin + performance.now();
    let next = 0;
    const ask = async (line: number): Promise<void> => {
      while (next < requests) {
        const item = next++;
        const askedAt = now();
        let [latencyMs, failure]: [number, string | null] = [0, null];
        try {
          const answer = await window.potluck.run(variants[item % variants.length] ?? {});
          latencyMs = answer.latencyMs;
          outputs.set(item, answer.outputs);
        } catch (error) {
          failure = String(error);
        }
        answers.push({ item, line, askedAt, at: now(), latencyMs, token: null, failure });
        void window.labAnswered();
      }
    };
    await Promise.all(Array.from({ length: inFlight }, (_, line) => ask(line)));
  }, given);
}

/** Has these texts written at once, the likeliest word always or as told. Resolves when each is whole or failed. */
export async function askTexts(
  page: Page,
  given: {
    readonly prompts: readonly string[];
    readonly maxNewTokens: number;
    readonly temperature: number;
    readonly seed: number;
  },
): Promise<void> {
  await page.evaluate(async ({ prompts, ...how }) => {
    const window = globalThis as unknown as AskingWindow;
    const answers: PageAnswer[] = [];
    Object.assign(window, { labAnswers: answers });
    const now = (): number => performance.timeOrigin + performance.now();
    const write = async (prompt: string, item: number): Promise<void> => {
      let askedAt = now();
      const heard = (token: number | null, failure: string | null): void => {
        const at = now();
        answers.push({ item, line: item, askedAt, at, latencyMs: at - askedAt, token, failure });
        askedAt = at;
        void window.labAnswered();
      };
      // Without guesses each token is a run of its own, asked when the one before has come.
      const options = { ...how, draft: false, onToken: (token: number) => heard(token, null) };
      await window.potluck.write(prompt, options).catch((error) => heard(null, String(error)));
    };
    await Promise.all(prompts.map(write));
  }, given);
}

/** All answers so far. */
export function answersOf(page: Page): Promise<readonly PageAnswer[]> {
  return page.evaluate(() => (globalThis as unknown as AskingWindow).labAnswers ?? []);
}

/** The outputs of an item, which the page then forgets. */
export function takeOutputs(page: Page, item: number): Promise<readonly NamedTensor[]> {
  return page.evaluate((item) => {
    const { labOutputs } = globalThis as unknown as AskingWindow;
    const outputs = labOutputs?.get(item) ?? [];
    labOutputs?.delete(item);
    return outputs;
  }, item);
}
