import type { Page } from 'playwright';

/** Counts answers (or tokens) of a page as they come, so that something can be done in the middle. */
export interface AnswerCount {
  readonly count: number;
  /** Resolves as soon as so many have come. */
  reached(count: number): Promise<void>;
}

/** `globalThis.labAnswered` in the page: its script calls it for each answer. */
export interface CountedWindow {
  readonly labAnswered: () => Promise<void>;
}

/** Begins to count; once for a page. */
export async function countAnswers(page: Page): Promise<AnswerCount> {
  let count = 0;
  const waiting: { readonly at: number; readonly go: () => void }[] = [];
  await page.exposeFunction('labAnswered', () => {
    count += 1;
    for (const { at, go } of waiting) if (at === count) go();
  });
  return {
    get count() {
      return count;
    },
    reached: (at) => (at <= count ? Promise.resolve() : new Promise((go) => void waiting.push({ at, go }))),
  };
}
