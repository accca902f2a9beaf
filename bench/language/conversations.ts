import { haveShared } from '../../e2e/repository.ts';
import type { LabRoom } from '../lab-room.ts';
import type { Section } from '../section.ts';
import { type Spread, spread } from '../statistics.ts';
import { conversationTable } from './conversation-table.ts';
import { writeTexts } from './texts.ts';
import { rateTogether } from './together.ts';
import { promptOf, withWriterRoom } from './writer-room.ts';

/** Tokens of the prompt: a question, a page, a long document. */
const CONTEXTS = [8];
const CONVERSATIONS = [1, 2, 4, 8];
const NEW_TOKENS = 40;
const ROUNDS = 1;
/** Of two stages over one, at so many conversations, at a short context. */
const LEAST: ReadonlyMap<number, number> = new Map([
  [4, 1.45],
  [8, 1.5],
]);

/** Tokens per second of all conversations together, on one stage and on two. */
export interface ConversationRates {
  readonly context: number;
  readonly conversations: number;
  readonly one: Spread;
  readonly two: Spread;
  /** Of two stages over one in the same round, with as many conversations. */
  readonly ratio: Spread;
  readonly least: number | undefined;
}

type Sample = Map<string, number>;
const keyOf = (context: number, conversations: number): string => `${context}/${conversations}`;

/** Many conversations through a chain of two, against one device alone with as many. */
export const conversations: Section = async () => {
  if (!haveShared('conversations: the tokeniser of the model is there')) {
    return { text: 'Conversations: skipped', good: true, data: null };
  }
  const rounds = await withWriterRoom(1, (one) =>
    withWriterRoom(2, async (two) => {
      const done: { one: Sample; two: Sample }[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        done.push({ two: await sampled(two), one: await sampled(one) });
        console.error(`conversations: ${round + 1} of ${ROUNDS} rounds`);
      }
      return done;
    }),
  );
  const rates = CONTEXTS.flatMap((context) =>
    CONVERSATIONS.map((count): ConversationRates => {
      const key = keyOf(context, count);
      const of = (sample: Sample): number => sample.get(key) ?? Number.NaN;
      return {
        context,
        conversations: count,
        one: spread(rounds.map(({ one }) => of(one))),
        two: spread(rounds.map(({ two }) => of(two))),
        ratio: spread(rounds.map(({ one, two }) => of(two) / of(one))),
        least: context === CONTEXTS[0] ? LEAST.get(count) : undefined,
      };
    }),
  );
  const good = rates.every(({ ratio, least }) => least === undefined || ratio.median >= least);
  return { text: conversationTable(rates), good, data: rates };
};

/** Everything once, asked from each device in turn. */
async function sampled({ devices }: LabRoom): Promise<Sample> {
  const pages = devices.map(({ page }) => page);
  const sample: Sample = new Map();
  for (const context of CONTEXTS) {
    const options = { prompt: promptOf(context), newTokens: NEW_TOKENS };
    for (const count of CONVERSATIONS) {
      sample.set(keyOf(context, count), rateTogether(await writeTexts(pages, count, options)));
    }
  }
  return sample;
}
