import type { Page } from 'playwright';
import type { PotluckWindow } from '../../e2e/session-page.ts';

/** One text as it came: a clock that all pages of the machine share, in milliseconds since 1970. */
export interface WrittenText {
  readonly times: readonly number[];
  readonly ids: readonly number[];
}

/** What one page's run of one token took, as it saw it. */
export interface TimedRun {
  readonly latencyMs: number;
  readonly computeMs: number;
}

export interface TextOptions {
  readonly prompt: string;
  readonly newTokens: number;
}

/**
 * Has texts written at once in one page, always the likeliest word, without guesses, which would help some models more
 * than others. The others begin when the first has its first token, as what it has read need not be read again.
 */
function writeInPage(page: Page, options: TextOptions & { readonly count: number }): Promise<WrittenText[]> {
  return page.evaluate(async ({ prompt, newTokens, count }) => {
    const { potluck } = globalThis as unknown as PotluckWindow;
    const write = async (begun: () => void): Promise<WrittenText> => {
      const times: number[] = [];
      const onToken = (): void => {
        times.push(performance.timeOrigin + performance.now());
        begun();
      };
      const { ids } = await potluck.write(prompt, { maxNewTokens: newTokens, draft: false, onToken });
      return { times, ids };
    };
    const texts: Promise<WrittenText>[] = [];
    await new Promise<void>((begun) => texts.push(write(begun)));
    for (let at = 1; at < count; at++) texts.push(write(() => undefined));
    return Promise.all(texts);
  }, options);
}

/** So many texts at once, asked from one page after the other. */
export async function writeTexts(
  pages: readonly Page[],
  count: number,
  options: TextOptions,
): Promise<WrittenText[]> {
  const shares = pages.map((_, at) => Math.ceil((count - at) / pages.length));
  const texts = pages.map((page, at) => {
    const own = shares[at] ?? 0;
    return own > 0 ? writeInPage(page, { ...options, count: own }) : [];
  });
  return (await Promise.all(texts)).flat();
}

/** One text, and what each of its runs took. */
export function timeRuns(page: Page, options: TextOptions): Promise<{ gaps: number[]; runs: TimedRun[] }> {
  return page.evaluate(async ({ prompt, newTokens }) => {
    const { potluck } = globalThis as unknown as PotluckWindow;
    const times: number[] = [];
    const runs: TimedRun[] = [];
    await potluck.write(prompt, {
      maxNewTokens: newTokens,
      draft: false,
      onToken: () => void times.push(performance.now()),
      onRun: ({ latencyMs, stages }) => {
        runs.push({ latencyMs, computeMs: stages.reduce((sum, stage) => sum + stage.computeMs, 0) });
      },
    });
    return { gaps: times.slice(1).map((time, at) => time - (times[at] ?? time)), runs };
  }, options);
}
