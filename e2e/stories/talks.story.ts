import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { type PotluckWindow, runsOn, stateOf, until } from '../session-page.ts';

interface Expected {
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
}

const EXPECTED: readonly Expected[] = JSON.parse(
  readFileSync(join(ROOT, 'models/bard/expected_greedy.json'), 'utf8'),
);
const [ROMEO, LORD] = EXPECTED as [Expected, Expected];
/** Texts that are written at once in a room; whoever comes after them waits. */
const AT_ONCE = 8;
/** Tokens that still fit behind any of the prompts. */
const LONG = 240;

/** Has a text written by the page's own program interface; the tokens without the prompt. */
function written(page: Page, prompt: string, maxNewTokens: number): Promise<readonly number[]> {
  return page.evaluate(
    async ([text, most]) => {
      const { potluck } = globalThis as unknown as PotluckWindow;
      return (await potluck.write(text, { maxNewTokens: most })).ids;
    },
    [prompt, maxNewTokens] as const,
  );
}

const answerOf = ({ prompt_ids, ids }: Expected): readonly number[] => ids.slice(prompt_ids.length);
const lastAnswer = (page: Page) => page.getByTestId('chat-assistant').last();
const bard = (holders: number) => (state: Parameters<Parameters<typeof until>[2]>[0]) =>
  state.model.kind === 'ready' && state.model.card.name === 'Bard' && runsOn(holders)(state);

describe('Bard, which came with the page, on three devices', () => {
  let server: ProductServer;
  let room: Room;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 3 });
    const { page } = room.leader;
    await page.getByTestId('mode-everyone').click();
    await page.getByTestId('change-model').click();
    await page.locator('[data-model="bard"]').click();
    for (const device of room.devices) await until(device.page, 'Bard runs on all three', bard(3));
  });
  afterAll(async () => {
    await room?.close();
    await server?.stop();
  });

  it('writes on after a line that is typed, and shows each word as it comes', async () => {
    const { page } = room.leader;
    await page.getByTestId('chat-input').fill('ROMEO:');
    await page.getByTestId('chat-input').press('Enter');
    const lengths = new Set<number>();
    await expect
      .poll(async () => {
        lengths.add((await lastAnswer(page).locator('.plain').textContent())?.length ?? 0);
        return lengths.size;
      })
      .toBeGreaterThan(3);
    expect(await lastAnswer(page).getAttribute('data-status')).toBe('writing');
    await page.getByTestId('chat-stop').click();
    await page.locator('[data-testid="chat"][data-busy="false"]').waitFor();
  });

  it('begins with what is offered to begin with', async () => {
    const page = room.followers[0]?.page ?? room.leader.page;
    await page.getByRole('list', { name: 'Beginnings to try' }).getByRole('button').first().click();
    await lastAnswer(page).locator('.plain').filter({ hasText: /\w+/ }).waitFor();
    await page.getByTestId('chat-stop').click();
    await page.locator('[data-testid="chat"][data-busy="false"]').waitFor();
  });

  it('gives two who ask at once their own whole answers, though a third reloads in the middle', async () => {
    const [first, second] = [room.leader.page, room.followers[0]?.page ?? room.leader.page];
    const third = room.followers[1]?.page ?? room.leader.page;
    const ask = () => Promise.all([written(first, ROMEO.prompt, LONG), written(second, LORD.prompt, LONG)]);
    const undisturbed = await ask();
    expect(undisturbed.map((ids) => ids.slice(0, 61))).toEqual([
      answerOf(ROMEO).slice(0, 61),
      answerOf(LORD).slice(0, 61),
    ]);
    const disturbed = ask();
    let over = false;
    void disturbed.finally(() => {
      over = true;
    });
    await third.waitForTimeout(200);
    expect(over).toBe(false);
    await third.reload();
    expect(await disturbed).toEqual(undisturbed);
    for (const device of room.devices) await until(device.page, 'all three are back', bard(3));
  });

  it('tells who comes ninth that they are first in line, and lets them go', async () => {
    const { page } = room.leader;
    const waiting = room.followers[0]?.page ?? page;
    await waiting.getByTestId('chat-clear').click();
    const texts = Promise.all(Array.from({ length: AT_ONCE }, () => written(page, LORD.prompt, 61)));
    await waiting.getByTestId('chat-input').fill('My lord,');
    await waiting.getByTestId('chat-input').press('Enter');
    await waiting.getByTestId('chat-place').filter({ hasText: 'You are 1st in line.' }).waitFor();
    await waiting.getByTestId('chat-stop').click();
    await waiting.locator('[data-testid="chat"][data-busy="false"]').waitFor();
    expect(await lastAnswer(waiting).getAttribute('data-status')).toBe('stopped');
    for (const text of await texts) expect(text).toEqual(answerOf(LORD));
  });

  it('sends nothing for an empty text, and says so to a program', async () => {
    const { page } = room.leader;
    await page.getByTestId('chat-input').fill('  ');
    expect(await page.getByTestId('chat-send').isDisabled()).toBe(true);
    await expect(written(page, '', 4)).rejects.toThrow('The prompt is empty.');
    await expect(written(page, 'word '.repeat(300), 4)).rejects.toThrow(/at most 256/);
  });

  it('keeps nothing of talks that are over, and no page writes an error', async () => {
    for (const { page } of room.devices) {
      const clear = page.getByTestId('chat-clear');
      if (await clear.isEnabled()) await clear.click();
    }
    await until(room.leader.page, 'no device keeps a past', ({ devices }) =>
      devices.every(({ load }) => (load.sequences ?? 0) === 0),
    );
    for (const { watch } of room.devices) expect(watch.consoleErrors).toEqual([]);
    const notices = (await stateOf(room.leader.page))?.notices ?? [];
    expect(notices.filter(({ tone }) => tone === 'bad')).toEqual([]);
  });
});
