import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SessionState } from '../../core/session/state.ts';
import { type AnswerCount, countAnswers } from '../lab/faults/answer-count.ts';
import { answersOf, askStream, askTexts, takeOutputs } from '../lab/faults/ask-in-page.ts';
import { kill } from '../lab/faults/inflict.ts';
import { feedsFor } from '../lab/input.ts';
import { verify } from '../lab/verify.ts';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { everyHeir, runsOn, stateOf, until } from '../session-page.ts';

interface Expected {
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
}

const EXPECTED: readonly Expected[] = JSON.parse(
  readFileSync(join(ROOT, 'models/bard/expected_greedy.json'), 'utf8'),
);
const [ROMEO] = EXPECTED as [Expected];
const TOKENS = 64;
const ITEMS = 100;
const VARIANTS = 8;
const IN_FLIGHT = 4;
/** Answers by then, of tokens and of items: the middle. */
const [AT_TOKEN, AT_ITEM] = [20, 40];
/** From the kill to the next answer: far above what is wanted, for the busiest machine. */
const GENEROUS_MS = 30_000;

const VICTIMS = [
  ['a follower', 1],
  ['the leader', 0],
] as const;

describe('a browser is killed in the middle', () => {
  let server: ProductServer;
  let room: Room | undefined;

  beforeAll(async () => {
    server = await startProduct();
  });
  afterEach(async () => {
    await room?.close();
    room = undefined;
  });
  afterAll(() => server?.stop());

  /** A room of three in which the model runs on all; the last device asks. */
  async function open(bundled?: 'bard'): Promise<{ opened: Room; page: Page; state: SessionState }> {
    room = await openRoom({ origin: server.origin, devices: 3 });
    const { page: first } = room.leader;
    await first.getByTestId('mode-everyone').click();
    if (bundled) {
      await first.getByTestId('change-model').click();
      await first.locator(`[data-model="${bundled}"]`).click();
    }
    const page = room.followers[1]?.page ?? first;
    for (const device of room.devices)
      await until(device.page, 'the model runs on all three', (now) => {
        return (
          now.model.kind === 'ready' &&
          (now.model.card.name === 'Bard') === Boolean(bundled) &&
          runsOn(3)(now)
        );
      });
    // Weights that the leader alone has are lost with it; seconds later its card says that others have them, too.
    await until(page, 'everybody could take over', everyHeir);
    const state = await stateOf(page);
    if (!state) throw new Error('The page has no state.');
    return { opened: room, page, state };
  }

  it.each(VICTIMS)('%s, during an answer: every word comes, once, as without it', async (who, victim) => {
    const begun = Date.now();
    const { opened, page, state } = await open('bard');
    const count = await countAnswers(page);
    const text = { prompts: [ROMEO.prompt], maxNewTokens: TOKENS, temperature: 0, seed: 0 };
    await askTexts(page, text);
    const undisturbed = await answersOf(page);
    const expected = undisturbed.map(({ token }) => token);
    expect(expected).toHaveLength(TOKENS);
    expect(expected.slice(0, 61)).toEqual(ROMEO.ids.slice(ROMEO.prompt_ids.length).slice(0, 61));
    const fromNothing = (undisturbed[AT_TOKEN]?.at ?? 0) - begun;

    const asking = askTexts(page, text);
    const killed = await killAt(opened, victim, count, TOKENS + AT_TOKEN);
    await asking;
    const answers = await answersOf(page);
    expect(answers.map(({ failure }) => failure).filter(Boolean)).toEqual([]);
    expect(answers.map(({ token }) => token)).toEqual(expected);
    await tell(page, state, { who, what: 'token', killed, fromNothing });
    expect(recoveryOf(answers, killed)).toBeLessThan(GENEROUS_MS);
  });

  it.each(VICTIMS)('%s, during a stream: every item has its answer, once', async (who, victim) => {
    const begun = Date.now();
    const { opened, page, state } = await open();
    const count = await countAnswers(page);
    const { model } = state;
    if (model.kind !== 'ready') throw new Error('There is no model.');
    const variants = Array.from({ length: VARIANTS }, (_, seed) => feedsFor(model.card, seed));
    await askStream(page, { requests: VARIANTS, inFlight: 1, variants });
    const fromNothing = Date.now() - begun;
    const expected = await Promise.all(variants.map((_, item) => takeOutputs(page, item)));

    const asking = askStream(page, { requests: ITEMS, inFlight: IN_FLIGHT, variants });
    const killed = await killAt(opened, victim, count, VARIANTS + AT_ITEM);
    await asking;
    const answers = await answersOf(page);
    expect(answers.map(({ failure }) => failure).filter(Boolean)).toEqual([]);
    expect(answers.map(({ item }) => item).sort((a, b) => a - b)).toEqual([...Array(ITEMS).keys()]);
    for (const { item } of answers) {
      const check = verify(await takeOutputs(page, item), expected[item % VARIANTS] ?? []);
      expect(check.findings).toEqual([]);
    }
    await tell(page, state, { who, what: 'item', killed, fromNothing });
    expect(recoveryOf(answers, killed)).toBeLessThan(GENEROUS_MS);
  });
});

/** Kills a device's browser once so many answers have come; the moment. */
async function killAt(room: Room, victim: number, count: AnswerCount, at: number): Promise<number> {
  await count.reached(at);
  const device = room.devices[victim];
  if (!device) throw new Error(`There is no device ${victim}.`);
  kill(device);
  return Date.now();
}

/** From the kill to the first answer to something asked after it. */
function recoveryOf(answers: Awaited<ReturnType<typeof answersOf>>, killed: number): number {
  const next = answers.find(({ askedAt }) => askedAt >= killed);
  return (next?.at ?? Number.POSITIVE_INFINITY) - killed;
}

/** Prints how long it took, and what the page's log says of the parts. */
async function tell(
  page: Page,
  before: SessionState,
  { who, what, killed, fromNothing }: { who: string; what: string; killed: number; fromNothing: number },
): Promise<void> {
  const next = recoveryOf(await answersOf(page), killed).toFixed(0);
  const known = new Set(before.log.map(({ id }) => id));
  const lines = ((await stateOf(page))?.log ?? []).filter(({ id, at }) => !known.has(id) && at >= killed);
  console.log(
    [
      `${who} killed: the next ${what} after ${next} ms; opening a room anew took ${fromNothing.toFixed(0)} ms`,
      ...lines.reverse().map((line) => `  +${(line.at - killed).toFixed(0)} ms  ${line.what} ${line.more}`),
    ].join('\n'),
  );
}
