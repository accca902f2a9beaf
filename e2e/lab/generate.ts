import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Page } from 'playwright';
import { stopTokensOf } from '../../app/session/language/open-language.ts';
import { Tokeniser } from '../../app/session/language/tokeniser.ts';
import { TEMPLATE, TOKENISER, TOKENISER_CONFIG } from '../../core/opening/language-files.ts';
import type { ModelCard } from '../../core/session/state.ts';
import type { Room } from '../room.ts';
import type { PotluckWindow } from '../session-page.ts';
import type { GenerateOptions } from './options.ts';
import type { ReferenceTab } from './reference-tab.ts';
import type { GeneratedText } from './report.ts';
import type { Verification } from './verify.ts';

export interface Generated {
  readonly split: readonly GeneratedText[];
  readonly whole: readonly GeneratedText[];
  readonly verify: Verification;
}

/** Files that a person picks together with a model that writes, as far as they lie beside it. */
export function languageFilesBeside(model: string): readonly string[] {
  return [TOKENISER, TOKENISER_CONFIG, TEMPLATE, 'config.json', 'generation_config.json']
    .map((name) => join(dirname(model), name))
    .filter((path) => existsSync(path));
}

/** Has all texts written at once, each by another device's page, and then each by the whole model in one tab. */
export async function generateTexts(
  room: Room,
  reference: ReferenceTab,
  model: string,
  card: ModelCard,
  options: GenerateOptions,
): Promise<Generated> {
  const { prompts, maxNewTokens, temperature, sampleSeed, conversations } = options;
  const tokeniser = tokeniserOf(model);
  const asked = Array.from({ length: conversations }, (_, at) => prompts[at % prompts.length] ?? '');
  const split = await Promise.all(
    asked.map(async (prompt, at) => {
      const { page } = room.devices[at % room.devices.length] ?? room.leader;
      const { promptIds, ids, firstMs, tokensPerSec } = await writeIn(page, prompt, options);
      return textOf(tokeniser, prompt, [...promptIds, ...ids], firstMs, tokensPerSec);
    }),
  );
  const whole: GeneratedText[] = [];
  const stopTokens = card.language ? [...stopTokensOf(card.language, tokeniser)] : [];
  for (const prompt of asked) {
    const promptIds = tokeniser.encode(prompt, { special: true });
    const { inputs, outputs, states = [], dims } = card;
    const { ids, firstMs, tokensPerSec } = await reference.write({
      card: { inputs, outputs, states, dims },
      promptIds,
      maxNewTokens,
      // As the page asks for it.
      sampling: {
        temperature: Math.fround(temperature),
        topK: 0,
        topP: 1,
        repetitionPenalty: 1,
        seed: sampleSeed,
      },
      stopTokens,
    });
    whole.push(textOf(tokeniser, prompt, [...promptIds, ...ids], firstMs, tokensPerSec));
  }
  return { split, whole, verify: compared(split, whole) };
}

/** Tokens of a prompt, as the model's own tokeniser reads it. */
export function promptTokensOf(model: string, prompt: string): number {
  return tokeniserOf(model).encode(prompt, { special: true }).length;
}

function tokeniserOf(model: string): Tokeniser {
  const read = (name: string): string | null => {
    const path = join(dirname(model), name);
    return existsSync(path) ? readFileSync(path, 'utf8') : null;
  };
  const tokeniser = read(TOKENISER);
  if (tokeniser === null) throw new Error(`--task generate needs ${TOKENISER} beside the model.`);
  return new Tokeniser({ tokeniser, config: read(TOKENISER_CONFIG), template: read(TEMPLATE) });
}

function writeIn(
  page: Page,
  prompt: string,
  { maxNewTokens, temperature, sampleSeed: seed }: GenerateOptions,
) {
  return page.evaluate(
    ({ prompt, ...given }) => (globalThis as unknown as PotluckWindow).potluck.write(prompt, given),
    { prompt, maxNewTokens, temperature, seed },
  );
}

function textOf(
  tokeniser: Tokeniser,
  prompt: string,
  ids: readonly number[],
  ttftMs: number,
  tokensPerSec: number,
): GeneratedText {
  return { prompt, ids, text: tokeniser.decode(ids), ttftMs, tokensPerSec };
}

/** Tokens are equal or they are not: there is no tolerance. */
function compared(split: readonly GeneratedText[], whole: readonly GeneratedText[]): Verification {
  const findings = split.flatMap(({ prompt, ids }, at) => {
    const other = whole[at]?.ids ?? [];
    const first = ids.findIndex((id, place) => id !== other[place]);
    if (first < 0 && ids.length === other.length) return [];
    const place = first < 0 ? ids.length : first;
    return [
      `"${prompt}" goes another way at token ${place}: ${ids[place] ?? 'its end'} against ${other[place] ?? 'its end'}`,
    ];
  });
  const ok = findings.length === 0;
  const difference = ok ? 0 : Number.POSITIVE_INFINITY;
  return { ok, maxAbsDiff: difference, maxRelDiff: difference, argmaxEqual: ok, findings };
}
