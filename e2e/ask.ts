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

/** The question of the digits network whose answer is known, as float32. */
export const DIGITS_QUESTION: { readonly data: Uint8Array<ArrayBuffer>; readonly dims: readonly number[] } = {
  data: new Uint8Array(
    Float32Array.from(
      { length: SELF_TEST.input.dims.reduce((product, dim) => product * dim, 1) },
      // The formula that made the known answer; see models/digits/README.md.
      (_, i) => ((i * 7919 + 104729) % 256) / 255,
    ).buffer,
  ),
  dims: SELF_TEST.input.dims,
};

/** @throws Error when this is not the answer to {@link DIGITS_QUESTION}. */
export function checkDigits(logits: readonly number[]): void {
  const known = SELF_TEST.logits.flat();
  const scale = Math.max(...known.map(Math.abs));
  const worst = Math.max(...known.map((value, i) => Math.abs(value - (logits[i] ?? Number.NaN))));
  if (logits.length !== known.length || !(worst / scale <= TOLERANCE)) {
    throw new Error(`The room answered [${logits}] instead of [${known}].`);
  }
}

/**
 * Asks the digits network a question with a known answer.
 * @throws Error when the answer is another one.
 */
export async function askDigits(page: Page): Promise<void> {
  const { data, dims } = DIGITS_QUESTION;
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
    { data, dims: [...dims] },
  );
  checkDigits(logits);
}
