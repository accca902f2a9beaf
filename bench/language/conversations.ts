import { haveShared } from '../../e2e/repository.ts';
import type { LabRoom } from '../lab-room.ts';
import type { Section } from '../section.ts';
import { type Spread, spread } from '../statistics.ts';
import { openTransformersTab, type TransformersTab } from '../transformers/tab.ts';
import { conversationTable } from './conversation-table.ts';
import { writeTexts } from './texts.ts';
import { rateTogether } from './together.ts';
import { hubOf135M, promptIds, promptOf, withWriterRoom } from './writer-room.ts';

interface Case {
  /** Tokens of the prompt. */
  readonly context: number;
  readonly conversations: readonly number[];
  readonly rounds: number;
}
/** A question, a page, and a long document, which takes half a minute to read. */
const CASES: readonly Case[] = [
  { context: 8, conversations: [1, 2, 4, 8], rounds: 5 },
  { context: 200, conversations: [1, 4, 8], rounds: 2 },
  { context: 1000, conversations: [1, 4], rounds: 1 },
];
const SHORTEST = 8;
const NEW_TOKENS = 40;
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

/** Tokens per second by the number of conversations. */
type Sample = ReadonlyMap<number, number>;

/** Many conversations through a chain of two, against one device alone with as many. */
export const conversations: Section = async () => {
  if (!haveShared('conversations: the tokeniser of the model is there')) {
    return { text: 'Conversations: skipped', good: true, data: null };
  }
  const rounds = await withRival((rival) =>
    withWriterRoom(1, (one) =>
      withWriterRoom(2, async (two) => {
        const done: Round[] = [];
        for (const each of CASES) {
          for (let round = 0; round < each.rounds; round++) {
            done.push({
              ...each,
              two: await sampled(two, each),
              one: await sampled(one, each),
              rival: await rivalRate(rival, each),
            });
          }
          console.error(`conversations: measured at ${each.context} tokens`);
        }
        return done;
      }),
    ),
  );
  const rates = CASES.flatMap(({ context, conversations: counts }) => {
    const own = rounds.filter((round) => round.context === context);
    return counts.map((count): ConversationRates => {
      const over = (value: (round: Round) => number): Spread => spread(own.map(value));
      const of = (sample: Sample, conversations = count): number => sample.get(conversations) ?? Number.NaN;
      return {
        context,
        conversations: count,
        one: over(({ one }) => of(one)),
        two: over(({ two }) => of(two)),
        overOne: over(({ one, two }) => of(two) / of(one, 1)),
        overAsMany: over(({ one, two }) => of(two) / of(one)),
        least: context === SHORTEST ? LEAST.get(count) : undefined,
        rival: count === 1 ? over(({ rival }) => rival) : undefined,
      };
    });
  });
  const good = rates.every(({ overOne, least }) => least === undefined || overOne.median >= least);
  return { text: conversationTable(rates), good, data: rates };
};

interface Round extends Case {
  readonly one: Sample;
  readonly two: Sample;
  readonly rival: number;
}

async function withRival<T>(use: (tab: TransformersTab) => Promise<T>): Promise<T> {
  const tab = await openTransformersTab(await hubOf135M());
  try {
    await tab.load();
    await tab.generate({ promptIds: promptIds(SHORTEST), newTokens: NEW_TOKENS });
    return await use(tab);
  } finally {
    await tab.close();
  }
}

async function rivalRate(tab: TransformersTab, { context }: Case): Promise<number> {
  return rateTogether([await tab.generate({ promptIds: promptIds(context), newTokens: NEW_TOKENS })]);
}

/** Every number of conversations once, asked from each device in turn. */
async function sampled({ devices }: LabRoom, { context, conversations: counts }: Case): Promise<Sample> {
  const pages = devices.map(({ page }) => page);
  const options = { prompt: promptOf(context), newTokens: NEW_TOKENS };
  const sample = new Map<number, number>();
  for (const count of counts) sample.set(count, rateTogether(await writeTexts(pages, count, options)));
  return sample;
}
