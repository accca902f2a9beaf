import { INT8, type Lie, oneBit, STALE } from '../../worker/lying-executor.ts';
import type { Section } from '../section.ts';
import { browserHops } from './browser-hops.ts';
import { browserRoom, browserRoomLine } from './browser-room.ts';
import { type Delay, detectionDelay } from './detection.ts';
import { type HonestHops, honestHops } from './honest-hops.ts';

const RATES = [0.01, 0.02, 0.05, 0.1];
const ROUNDS = 5;
const LIES: readonly (readonly [string, Lie])[] = [
  ['weights of another version', STALE],
  ['weights in int8', INT8],
  ['one bit: exponent', oneBit(30)],
  ['one bit: 21 of the fraction', oneBit(21)],
  ['one bit: 10 of the fraction', oneBit(10)],
  ['one bit: the last', oneBit(0)],
];
/** The rate for the kinds of lies, of which each needs a room. */
const KIND_RATE = 0.2;
const HONEST_HOPS = 10_000;

/** How long wrong devices go unnoticed, and whether honest ones are ever accused. */
export const audit: Section = async () => {
  const delays = new Map<number, (Delay | null)[]>();
  for (const rate of RATES) {
    const rounds: (Delay | null)[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await detectionDelay(STALE, rate, round + 1));
    delays.set(rate, rounds);
    console.error(`audit: ${rate * 100} % done`);
  }
  const kinds = new Map<string, Delay | null>();
  for (const [name, lie] of LIES) kinds.set(name, await detectionDelay(lie, KIND_RATE, 1));
  const honest = [await honestHops(HONEST_HOPS), ...(await browserHops())];
  const room = await browserRoom();
  const found =
    room.wrong !== null &&
    room.without &&
    [...delays.values()].flat().every(Boolean) &&
    [...kinds.values()].every(Boolean);
  const good = found && honest.every(({ alarms }) => alarms === 0);
  const text = [
    `A room of three, of which one computes with the weights of another version (digits, ${ROUNDS} rounds each)`,
    ...[...delays].map(([rate, rounds]) => delayLine(rate, rounds)),
    `Kinds of wrong, at ${KIND_RATE * 100} %`,
    ...[...kinds].map(([name, delay]) => `${name.padEnd(28)} ${delay ? kindLine(delay) : 'NOT FOUND'}`),
    browserRoomLine(room),
    'Honest devices',
    ...honest.map(honestLine),
  ].join('\n');
  return { text, good, data: { delays: [...delays], kinds: [...kinds], room, honest } };
};

function delayLine(rate: number, rounds: readonly (Delay | null)[]): string {
  const hops = rounds.flatMap((delay) => delay?.hops ?? []).sort((a, b) => a - b);
  const seconds = rounds.reduce((sum, delay) => sum + (delay?.ms ?? 0), 0) / 1000 / rounds.length;
  const missed = rounds.length - hops.length;
  const mean = hops.reduce((sum, each) => sum + each, 0) / hops.length;
  return (
    `${String(rate * 100).padStart(3)} %  found after ${mean.toFixed(0)} runs on average, ${hops[0]} to ${hops.at(-1)} ` +
    `(1 / rate: ${1 / rate}), ${seconds.toFixed(1)} s${missed > 0 ? `; NOT FOUND ${missed} times` : ''}`
  );
}

function kindLine({ hops, difference }: Delay): string {
  return `found after ${hops} runs, off by ${difference === null ? 'more than can be said' : difference.toExponential(1)}`;
}

function honestLine(found: HonestHops): string {
  const { what, hops, alarms, compared, equal, largest, largestSteps, tolerance } = found;
  const steps = largestSteps > 0 ? `, whole numbers by ${largestSteps}` : '';
  const seen = `${((100 * equal) / hops).toFixed(1)} % to the bit, largest difference ${largest.toExponential(1)}${steps}`;
  if (!compared) return `${what}: never compared; ${seen} in ${hops} runs`;
  const verdict = alarms === 0 ? 'good' : 'poor';
  return `${what}: ${alarms} false alarms in ${hops} runs; ${seen} of ${tolerance.toExponential(0)}  ${verdict}`;
}
