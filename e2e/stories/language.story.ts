import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveShared, SHARED } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { type PotluckWindow, runsOn, stateOf, until } from '../session-page.ts';

const FOLDER = join(SHARED, 'models', 'stories260k');

interface Expected {
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
}

/** Types into the talk, as a person does, and presses Enter. */
async function say(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-input').press('Enter');
}

const lastAnswer = (page: Page) => page.getByTestId('chat-assistant').last();
/** Waits for the first words, which are none of those that say what it waits for. */
const begun = (page: Page) =>
  lastAnswer(page)
    .locator('.plain')
    .filter({ hasText: /\w+ \w+/ })
    .waitFor();

describe.skipIf(!haveShared('the story of a talk'))('a small language model on three devices', () => {
  let server: ProductServer;
  let room: Room;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 3 });
    const { page } = room.leader;
    await page.getByTestId('mode-everyone').click();
    await page.getByTestId('change-model').click();
    const files = readdirSync(FOLDER).filter((name) => /^(model\.onnx|tokenizer.*|config\.json)$/.test(name));
    await page.getByTestId('model-file').setInputFiles(files.map((name) => join(FOLDER, name)));
    for (const device of room.devices) {
      await until(device.page, 'stories260k runs on all three', (state) => {
        const { model, plan } = state;
        return (
          model.kind === 'ready' && model.card.blocks === plan?.blocks && plan.blocks > 50 && runsOn(3)(state)
        );
      });
    }
  });
  afterAll(async () => {
    await room?.close();
    await server?.stop();
  });

  it('writes token for token what the file says, asked from each device at the same time', async () => {
    const expected: readonly Expected[] = JSON.parse(
      readFileSync(join(FOLDER, 'expected_greedy.json'), 'utf8'),
    );
    const written = await Promise.all(
      expected.map(({ prompt, prompt_ids, ids }, at) =>
        room.devices[at % 3]?.page.evaluate(
          ([text, maxNewTokens]) =>
            (globalThis as unknown as PotluckWindow).potluck.write(text, { maxNewTokens }),
          [prompt, ids.length - prompt_ids.length] as const,
        ),
      ),
    );
    expect(written.map((text) => text && [...text.promptIds, ...text.ids])).toEqual(
      expected.map(({ ids }) => ids),
    );
  });

  it('streams an answer into the page while a follower has a talk of its own', async () => {
    const [leader, follower] = [room.leader.page, room.followers[0]?.page ?? room.leader.page];
    await say(leader, 'Once upon a time');
    await say(follower, 'The little dog');
    await begun(leader);
    expect(await lastAnswer(leader).getAttribute('data-status')).toMatch(/writing|done/);
    for (const page of [leader, follower]) {
      await page.locator('[data-testid="chat"][data-busy="false"]').waitFor({ timeout: 120_000 });
      expect(await lastAnswer(page).getByTestId('chat-pace').textContent()).toMatch(/\d+ tokens/);
      expect(await page.getByTestId('chat-user').count()).toBe(1);
    }
    expect(await leader.getByTestId('chat').textContent()).not.toContain('little dog');
  });

  it('stops when told to, goes on, and refuses a text that is too long', async () => {
    const page = room.followers[1]?.page ?? room.leader.page;
    await say(page, 'One day');
    await begun(page);
    await page.getByTestId('chat-stop').click();
    await page.locator('[data-testid="chat"][data-busy="false"]').waitFor();
    expect(await lastAnswer(page).getAttribute('data-status')).toBe('stopped');
    await page.getByTestId('chat-go-on').click();
    await begun(page);
    await page.getByTestId('chat-clear').click();
    await say(page, 'word '.repeat(600));
    await lastAnswer(page).filter({ hasText: 'at most 512' }).waitFor();
  });

  it('keeps nothing of talks that are over, and no page writes an error', async () => {
    for (const { page } of room.devices) await page.getByTestId('chat-clear').click();
    await until(room.leader.page, 'no device keeps a past', ({ devices }) =>
      devices.every(({ load }) => (load.sequences ?? 0) === 0),
    );
    for (const { watch } of room.devices) expect(watch.consoleErrors).toEqual([]);
    expect((await stateOf(room.leader.page))?.notices).toEqual([]);
  });
});
