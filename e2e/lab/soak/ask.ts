import type { Page } from 'playwright';
import type { Tensor } from '../../../core/tensor/tensor.ts';
import type { PotluckWindow } from '../../session-page.ts';
import type { NamedTensor } from '../verify.ts';

interface SoakWindow extends PotluckWindow {
  readonly soakHeard: (line: number) => Promise<void>;
}

/** Has a text written; every token is told as it comes, and they come back once more at the end. */
export function writeText(
  page: Page,
  given: { readonly line: number; readonly prompt: string; readonly maxNewTokens: number },
): Promise<{ readonly ids: readonly number[]; readonly told: readonly number[] }> {
  return page.evaluate(async ({ line, prompt, maxNewTokens }) => {
    const { potluck, soakHeard } = globalThis as unknown as SoakWindow;
    const told: number[] = [];
    const onToken = (token: number): void => {
      told.push(token);
      void soakHeard(line);
    };
    const { ids } = await potluck.write(prompt, { maxNewTokens, onToken });
    return { ids, told };
  }, given);
}

/** One item of the stream. */
export function runItem(
  page: Page,
  given: { readonly line: number; readonly feeds: Readonly<Record<string, Tensor>> },
): Promise<readonly NamedTensor[]> {
  return page.evaluate(async ({ line, feeds }) => {
    const { potluck, soakHeard } = globalThis as unknown as SoakWindow;
    const { outputs } = await potluck.run(feeds);
    void soakHeard(line);
    return outputs;
  }, given);
}
