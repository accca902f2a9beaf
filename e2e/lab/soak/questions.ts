import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../../core/graph/seeded-random.ts';
import type { ModelCard } from '../../../core/session/state.ts';
import { openModelFile, wholeModel } from '../../../tools/split/model-file.ts';
import { runWhole } from '../../../tools/split/runs.ts';
import { ROOT } from '../../repository.ts';
import { feedsFor } from '../input.ts';
import { verify } from '../verify.ts';
import { runItem, writeText } from './ask.ts';
import type { Crew, Hand } from './crew.ts';
import type { Tally } from './tally.ts';

interface Written {
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
}

/** A request that takes longer on a page that lives is lost. */
const PATIENCE_MS = 120_000;
/** Between two items of the stream, so that the texts are written as well. */
const PAUSE_MS = 100;
const VARIANTS = 4;

/** One question with its known answer: resolves to what is wrong with the one that came. */
export interface Question {
  readonly what: string;
  ask(
    hand: Hand,
    line: number,
  ): Promise<{ readonly kind: 'right' | 'wrong' | 'doubled'; readonly finding: string }>;
}

/** Texts that Bard is known to write. */
export function textQuestions(): readonly Question[] {
  const file = join(ROOT, 'models/bard/expected_greedy.json');
  const known: readonly Written[] = JSON.parse(readFileSync(file, 'utf8'));
  return known.map(({ prompt, prompt_ids, ids }) => ({
    what: `the text "${prompt}"`,
    ask: async ({ device }, line) => {
      const expected = ids.slice(prompt_ids.length);
      const written = await writeText(device.page, { line, prompt, maxNewTokens: expected.length });
      if (String(written.ids) !== String(expected)) return { kind: 'wrong', finding: String(written.ids) };
      if (String(written.told) !== String(expected))
        return { kind: 'doubled', finding: String(written.told) };
      return { kind: 'right', finding: '' };
    },
  }));
}

/** Single runs of the same model, with what the whole model gives in this process. */
export async function itemQuestions(card: ModelCard): Promise<readonly Question[]> {
  const file = await openModelFile(join(ROOT, 'public/models/bard/model.onnx'));
  const whole = await wholeModel(file);
  const questions: Question[] = [];
  for (let seed = 0; seed < VARIANTS; seed++) {
    const feeds = feedsFor(card, seed);
    const inputs = file.graph.inputs.flatMap(({ name }) => (feeds[name] ? [feeds[name]] : []));
    const results = await runWhole(whole, file.graph, inputs);
    const expected = file.graph.outputs.flatMap(({ name }, i) =>
      results[i] ? [{ name, ...results[i] }] : [],
    );
    questions.push({
      what: `item ${seed}`,
      ask: async ({ device }, line) => {
        const { ok, findings } = verify(await runItem(device.page, { line, feeds }), expected);
        return { kind: ok ? 'right' : 'wrong', finding: findings[0] ?? '' };
      },
    });
  }
  return questions;
}

/** Asks one question after the other, each from a living page drawn anew, until told to end. */
export async function askOn(
  setting: { readonly crew: Crew; readonly tally: Tally; readonly signal: AbortSignal },
  questions: readonly Question[],
  line: number,
): Promise<void> {
  const { crew, tally, signal } = setting;
  const random = seededRandom(line);
  for (let turn = line; !signal.aborted; turn++) {
    const question = questions[turn % questions.length];
    const hand = crew.alive[Math.floor(random() * crew.alive.length)];
    if (!question || !hand) return;
    const failed = (finding: string): void => {
      if (hand.isAlive) tally.answered('lost', `${question.what} from device ${hand.name}: ${finding}`);
      else tally.answered('died');
    };
    try {
      const answer = await inTime(question.ask(hand, line));
      if (answer === 'late') failed(`no answer after ${PATIENCE_MS / 1000} s`);
      else tally.answered(answer.kind, `${question.what} from device ${hand.name}: ${answer.finding}`);
    } catch (error) {
      failed(String(error).split('\n')[0] ?? '');
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), PATIENCE_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
