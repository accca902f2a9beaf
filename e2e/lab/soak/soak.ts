import { seededRandom } from '../../../core/graph/seeded-random.ts';
import { processBytes } from '../../process-memory.ts';
import { openRoom } from '../../room.ts';
import { startProduct } from '../../server.ts';
import { runsOn, stateOf, until } from '../../session-page.ts';
import { Alarms } from './alarms.ts';
import { Crew, type Hand, megabytes } from './crew.ts';
import { drawDisturbance } from './disturbance.ts';
import type { SoakOptions } from './options.ts';
import { askOn, itemQuestions, textQuestions } from './questions.ts';
import { lineOf, Tally } from './tally.ts';

const TICK_MS = 1000;
const MINUTE_MS = 60_000;

/** Runs a soak; prints as it goes. */
export async function soak(options: SoakOptions): Promise<Tally> {
  const server = await startProduct();
  const tally = new Tally(tell);
  let crew: Crew | undefined;
  try {
    const room = await openRoom({ origin: server.origin, devices: options.devices });
    const asked = new Map<number, number>();
    crew = await Crew.of(room, (line, asker) => {
      const now = Date.now();
      tally.came({ line, asker, askedAt: asked.get(line) ?? now, at: now });
      asked.set(line, now);
    });
    const { page } = room.leader;
    await page.getByTestId('mode-everyone').click();
    await page.getByTestId('change-model').click();
    await page.locator('[data-model="bard"]').click();
    const { model } = await until(page, 'Bard runs on all', (state) => {
      return (
        state.model.kind === 'ready' && state.model.card.name === 'Bard' && runsOn(options.devices)(state)
      );
    });
    if (model.kind !== 'ready') throw new Error('There is no model.');
    const control = new AbortController();
    const setting = { crew, tally, signal: control.signal };
    const items = options.idle ? [] : await itemQuestions(model.card);
    const texts = textQuestions();
    const lines = options.idle
      ? []
      : [
          ...Array.from({ length: options.conversations }, (_, line) => askOn(setting, texts, line)),
          askOn(setting, items, options.conversations),
        ];
    await disturb(options, crew, tally, () => `server ${megabytes(processBytes(server.pid() ?? 0))} MB`);
    control.abort();
    await Promise.all(lines);
    return tally;
  } finally {
    await crew?.close();
    await server.stop();
  }
}

/** Lets things happen until the time is over, and prints every minute. */
async function disturb(
  options: SoakOptions,
  crew: Crew,
  tally: Tally,
  serverMemory: () => string,
): Promise<void> {
  const random = seededRandom(options.seed);
  const alarms = new Alarms(crew, tally);
  const begun = Date.now();
  let [next, printed] = [begun + options.every * 1000, begun];
  let struck: Struck | null = null;
  const recover = (): void => {
    if (struck) tell(`  recovered after ${tally.recovered(struck.at, struck.device) ?? '?'} ms`);
  };
  while (Date.now() - begun < options.minutes * MINUTE_MS) {
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    await alarms.read();
    if (Date.now() - printed >= MINUTE_MS) {
      printed += MINUTE_MS;
      console.log(lineOf((printed - begun) / MINUTE_MS, tally, `${crew.memory()}, ${serverMemory()}`));
    }
    if (options.every === 0 || Date.now() < next) continue;
    next = Date.now() + options.every * 1000;
    recover();
    struck = await strike(options, crew, random);
  }
  recover();
}

/** When something happened to a device, from which the room has to recover. */
interface Struck {
  readonly at: number;
  readonly device: number;
}

/** One disturbance; null for one that nobody has to recover from. */
async function strike(options: SoakOptions, crew: Crew, random: () => number): Promise<Struck | null> {
  const { alive } = crew;
  const leader = await leaderOf(crew);
  const victims = alive.filter((hand) => options.victims === 'all' || hand !== leader);
  const drawn = drawDisturbance(random, {
    alive: alive.length,
    missing: options.devices - alive.length,
    victims: victims.map(({ name }) => name),
  });
  if (drawn === null) return null;
  if (drawn.kind === 'rejoin') {
    tell(`device ${(await crew.rejoin()).name} comes in`);
    return null;
  }
  const hand = crew.hands[drawn.device];
  if (!hand) return null;
  const role = hand === leader ? 'the leader, ' : '';
  if (drawn.kind === 'kill') crew.kill(hand);
  else crew.freeze(hand, drawn.seconds);
  const seconds = drawn.kind === 'freeze' ? ` for ${drawn.seconds} s` : '';
  tell(`${drawn.kind} of ${role}device ${hand.name}${seconds}`);
  return { at: Date.now(), device: hand.name };
}

/** By what the first page says that answers. */
async function leaderOf(crew: Crew): Promise<Hand | undefined> {
  const states = crew.alive.map(async ({ device }) => (await stateOf(device.page))?.leader ?? null);
  return crew.find(await Promise.any(states));
}

function tell(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);
}
