import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findHubModel } from '../../app/session/hub/catalogue.ts';
import { type Mirror, startMirror } from '../mirror/mirror.ts';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { runsOn, stateOf, until } from '../session-page.ts';

const ID = 'resnet-50';
/** What the hub redirects to, as it does to its CDN. */
const CDN = '/cdn/0f1e2d3c';

describe('a well-known model from a hub', () => {
  const { title, address } = findHubModel(ID, 'http://hub.test');
  const path = new URL(address).pathname;
  let server: ProductServer;
  let mirror: Mirror;
  let room: Room;

  beforeAll(async () => {
    server = await startProduct();
    // Any model will do: what is tried is the way to it.
    const model = readFileSync(join(ROOT, 'public/models/digits.onnx'));
    mirror = await startMirror({ files: { [path]: model, [CDN]: model } });
    const query = `?provider=wasm&threads=1&hub=${encodeURIComponent(mirror.origin)}`;
    room = await openRoom({ origin: server.origin, devices: 2, query });
  });
  afterAll(async () => {
    await room?.close();
    await mirror?.close();
    await server?.stop();
  });
  beforeEach(() => mirror.reset());

  const choose = async (): Promise<void> => {
    const { page } = room.leader;
    await page.getByTestId('change-model').click();
    const entry = page.locator(`[data-hub="${ID}"]`);
    expect(await entry.textContent()).toMatch(/MB/);
    await entry.click();
  };

  it('says what is wrong when the hub refuses, and the room goes on', async () => {
    const { page } = room.leader;
    mirror.fault(path, { kind: 'status', status: 403 });
    await choose();
    const { model } = await until(page, 'the refusal is told', ({ notices }) =>
      notices.some(({ message }) => /403/.test(message)),
    );
    expect(model.kind).toBe('ready');
  });

  it('comes by way of a redirect, each device its own part, and is cut like any other', async () => {
    const { page } = room.leader;
    mirror.fault(path, { kind: 'redirect', to: mirror.at(CDN) });
    await page.getByTestId('mode-everyone').click();
    await choose();
    await until(page, `${title} runs on both`, (state) => {
      return state.model.kind === 'ready' && state.model.card.name === title && runsOn(2)(state);
    });
    const ratio = mirror.counts.of(CDN).bytes / readFileSync(join(ROOT, 'public/models/digits.onnx')).length;
    expect(ratio).toBeGreaterThan(0.98);
    expect(ratio).toBeLessThan(1.02);
    expect((await stateOf(page))?.model).toMatchObject({ card: { source: 'url' } });
  });
});
