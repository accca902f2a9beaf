import { haveShared } from '../../e2e/repository.ts';
import type { LabRoom } from '../lab-room.ts';
import type { Section } from '../section.ts';
import { type Spread, spread } from '../statistics.ts';
import { openTransformersTab, type TransformersTab } from '../transformers/tab.ts';
import { conversationTable } from './conversation-table.ts';
import { writeTexts } from './texts.ts';
import { rateTogether } from './together.ts';
import { hubOf135M, promptIds, promptOf, withWriterRoom } from './writer-room.ts';

/** Tokens of the prompt: a question, a page, a long document. */
const CONTEXTS = [8, 200, 1000];
const CONVERSATIONS = [1, 2, 4, 8];
const NEW_TOKENS = 40;
const ROUNDS = 3;
/** Of two stages with so many conversations over one stage with one, at a short context. */
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
  /** In the same round: of two stages over one with one conversation, and with as many. */
  readonly overOne: Spread;
  readonly overAsMany: Spread;
  readonly least: number | undefined;
  /** transformers.js, which writes one text at a time. */
  readonly rival: Spread | undefined;
}

type Sample = Map<string, number>;
const keyOf = (context: number, conversations: number): string => `${context}/${conversations}`;

/** Many conversations through a chain of two, against one device alone with as many. */
export const conversations: Section = async () => {
  if (!haveShared('conversations: the tokeniser of the model is there')) {
    return { text: 'Conversations: skipped', good: true, data: null };
  }
  const rounds = await withRival((rival) =>
    withWriterRoom(1, (one) =>
      withWriterRoom(2, async (two) => {
        const done: Round[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          done.push({ two: await sampled(two), one: await sampled(one), rival: await rivalRates(rival) });
          console.error(`conversations: ${round + 1} of ${ROUNDS} rounds`);
        }
        return done;
      }),
    ),
  );
  const rates = CONTEXTS.flatMap((context) =>
    CONVERSATIONS.map((count): ConversationRates => {
      const of = (sample: Sample, conversations = count): number =>
        sample.get(keyOf(context, conversations)) ?? Number.NaN;
      return {
        context,
        conversations: count,
        one: spread(rounds.map(({ one }) => of(one))),
        two: spread(rounds.map(({ two }) => of(two))),
        overOne: spread(rounds.map(({ one, two }) => of(two) / of(one, 1))),
        overAsMany: spread(rounds.map(({ one, two }) => of(two) / of(one))),
        least: context === CONTEXTS[0] ? LEAST.get(count) : undefined,
        rival: count === 1 ? spread(rounds.map(({ rival }) => of(rival))) : undefined,
      };
    }),
  );
  const good = rates.every(({ overOne, least }) => least === undefined || overOne.median >= least);
  return { text: conversationTable(rates), good, data: rates };
};

/** Each by {@link keyOf}. */
interface Round {
  readonly one: Sample;
  readonly two: Sample;
  readonly rival: Sample;
}

async function withRival<T>(use: (tab: TransformersTab) => Promise<T>): Promise<T> {
  const tab = await openTransformersTab(await hubOf135M());
  try {
    await tab.load();
    await tab.generate({ promptIds: promptIds(8), newTokens: NEW_TOKENS });
    return await use(tab);
  } finally {
    await tab.close();
  }
}

async function rivalRates(tab: TransformersTab): Promise<Sample> {
  const sample: Sample = new Map();
  for (const context of CONTEXTS) {
    const written = await tab.generate({ promptIds: promptIds(context), newTokens: NEW_TOKENS });
    sample.set(keyOf(context, 1), rateTogether([written]));
  }
  return sample;
}

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
