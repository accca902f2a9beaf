import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { ROOT } from './repository.ts';
import type { PotluckWindow } from './session-page.ts';

interface SelfTest {
  readonly input: { readonly dims: readonly number[] };
  readonly logits: readonly (readonly number[])[];
}

const SELF_TEST = JSON.parse(
  readFileSync(join(ROOT, 'public', 'models', 'digits.selftest.json'), 'utf8'),
) as SelfTest;

/** Between runtimes float32 sums differ in their last bits only. */
const TOLERANCE = 1e-3;

/**
 * Asks the digits network a question with a known answer.
 * @throws Error when the answer is another one.
 */
export async function askDigits(page: Page): Promise<void> {
  const { dims } = SELF_TEST.input;
  const values = Float32Array.from(
    { length: dims.reduce((product, dim) => product * dim, 1) },
    // The formula that made the known answer; see models/digits/README.md.
    (_, i) => ((i * 7919 + 104729) % 256) / 255,
  );
  const logits = await page.evaluate(
    async ({ data, dims }) => {
      const { potluck } = globalThis as unknown as PotluckWindow;
      const state = potluck.state();
      const input = state.model.kind === 'ready' ? state.model.card.inputs[0]?.name : undefined;
      if (input === undefined) throw new Error('No model is open.');
      const { outputs } = await potluck.run({ [input]: { dtype: 'float32', dims, data } });
      const bytes = outputs[0]?.data.slice() ?? new Uint8Array();
      return [...new Float32Array(bytes.buffer)];
    },
    { data: new Uint8Array(values.buffer), dims: [...dims] },
  );
  const known = SELF_TEST.logits.flat();
  const scale = Math.max(...known.map(Math.abs));
  const worst = Math.max(...known.map((value, i) => Math.abs(value - (logits[i] ?? Number.NaN))));
  if (logits.length !== known.length || !(worst / scale <= TOLERANCE)) {
    throw new Error(`The room answered [${logits}] instead of [${known}].`);
  }
}
