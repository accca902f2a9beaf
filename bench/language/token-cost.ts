import type { Device } from '../../e2e/browser.ts';
import { aligned } from '../../e2e/lab/report.ts';
import { haveShared } from '../../e2e/repository.ts';
import { stateOf } from '../../e2e/session-page.ts';
import type { LabRoom } from '../lab-room.ts';
import { connectRaw, type Hop, type RawChannels } from '../raw-channel.ts';
import type { Section } from '../section.ts';
import { type Spread, spread, spreadWords } from '../statistics.ts';
import { timeRuns } from './texts.ts';
import { promptOf, withWriterRoom } from './writer-room.ts';

/** Tokens of the prompt, and how often it is tried: the longest takes half a minute to read. */
const CASES = [
  { context: 8, rounds: 12 },
  { context: 200, rounds: 6 },
  { context: 1000, rounds: 2 },
];
const NEW_TOKENS = 24;
const PINGS = 8;
/** As long as the channels rest between two words: what has rested takes longer to wake. */
const REST_MS = 12;
const LIMIT = 1.1;
/** A word on its way home: a frame's header and four bytes. */
const WORD_BYTES = 128;
/** Of a frame beside its tensors: header, trail, what the decoder asks, sizes of the tensors. */
const FRAME_BYTES = 256;

interface Round {
  readonly tokenMs: number;
  readonly computeMs: number;
  readonly rawMs: number;
  readonly ratio: number;
}

/** What one word of one text costs, over what its stages compute and its bytes take on bare data channels. */
export const tokenCost: Section = async () => {
  if (!haveShared('the cost of a token: the tokeniser of the model is there')) {
    return { text: 'Cost of a token: skipped', good: true, data: null };
  }
  const costs = await withWriterRoom(2, measured);
  const rows = costs.map(({ context, rounds }) => {
    const over = (key: keyof Round): Spread => spread(rounds.map((round) => round[key]));
    const ratio = over('ratio');
    const good = ratio.median <= LIMIT;
    const times = [over('tokenMs'), over('computeMs'), over('rawMs')].map((value) => spreadWords(value, 1));
    return {
      good,
      cells: [String(context), ...times, spreadWords(ratio, 3), `<= ${LIMIT}`, good ? 'good' : 'poor'],
    };
  });
  const head = ['context', 'a word', 'stages compute', 'bare data channels', 'ratio', 'limit', ''];
  const text = [
    'One word of one text over two devices, 135M parameters in float32; milliseconds: median (p10 to p90)',
    aligned([head, ...rows.map(({ cells }) => cells)]),
  ].join('\n');
  return { text, good: rows.every((row) => row.good), data: costs };
};

interface Cost {
  readonly context: number;
  readonly rounds: readonly Round[];
}

async function measured(room: LabRoom): Promise<Cost[]> {
  const raw = await connectRaw(await hopsOf(room));
  try {
    const costs: Cost[] = [];
    for (const { context, rounds: count } of CASES) {
      const rounds: Round[] = [];
      for (let at = 0; at < count; at++) rounds.push(await roundOf(room, raw, context));
      costs.push({ context, rounds });
      console.error(`token-cost: measured at ${context} tokens`);
    }
    return costs;
  } finally {
    await raw.close();
  }
}

async function roundOf(room: LabRoom, raw: RawChannels, context: number): Promise<Round> {
  const { page } = room.leader;
  const { gaps, runs } = await timeRuns(page, { prompt: promptOf(context), newTokens: NEW_TOKENS });
  const pings: number[] = [];
  for (let at = 0; at < PINGS; at++) {
    await page.waitForTimeout(REST_MS);
    pings.push(await raw.ping());
  }
  const tokenMs = spread(gaps).median;
  const computeMs = spread(runs.slice(1).map((run) => run.computeMs)).median;
  const rawMs = spread(pings).median;
  return { tokenMs, computeMs, rawMs, ratio: tokenMs / (computeMs + rawMs) };
}

/** The way of a word: from the page that asks through all stages and home, as far as it leaves a device. */
async function hopsOf(room: LabRoom): Promise<Hop[]> {
  const plan = (await stateOf(room.leader.page))?.plan;
  if (!plan) throw new Error('There is no plan.');
  const holders = plan.stages.map(({ peer }) => room.deviceOf(peer));
  const way: Device[] = [room.leader, ...holders, room.leader];
  const bytes = [FRAME_BYTES, ...plan.stages.map(({ sendsBytes }) => FRAME_BYTES + sendsBytes)];
  bytes[bytes.length - 1] = WORD_BYTES;
  return bytes.flatMap((amount, at): Hop[] => {
    const [from, to] = [way[at], way[at + 1]];
    return from && to && from !== to ? [{ from: from.page, to: to.page, bytes: amount }] : [];
  });
}
