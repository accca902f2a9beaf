import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveShared, SHARED } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { runsOn, until } from '../session-page.ts';

/** What ../shared/models/README.md records for mobilenetv2-fp32: class and probability, best first. */
const RECORDED: Readonly<Record<string, readonly (readonly [index: number, probability: number])[]>> = {
  'kitten_224.png': [
    [281, 0.87],
    [285, 0.072],
    [282, 0.051],
    [283, 0.001],
    [753, 0.001],
  ],
  'pelican.jpeg': [
    [144, 1],
    [146, 0],
    [132, 0],
    [143, 0],
    [749, 0],
  ],
  'fish.png': [
    [0, 0.536],
    [389, 0.452],
    [758, 0.003],
    [391, 0.002],
    [397, 0.002],
  ],
};

/** Browsers decode JPEG and PNG a little differently from Pillow. */
const TOLERANCE = 0.02;

describe.skipIf(!haveShared('the story of the photographs'))(
  'photographs through mobilenetv2 in the page',
  () => {
    let server: ProductServer;
    let room: Room;

    beforeAll(async () => {
      server = await startProduct();
      room = await openRoom({ origin: server.origin, devices: 2 });
      const { page } = room.leader;
      await page.getByTestId('change-model').click();
      await page.getByTestId('model-file').setInputFiles(join(SHARED, 'models', 'mobilenetv2-fp32.onnx'));
      await page.getByTestId('mode-everyone').click();
      await until(page, 'mobilenetv2 runs on both', (state) => {
        return state.model.kind === 'ready' && state.model.card.nodes === 100 && runsOn(2)(state);
      });
    });
    afterAll(async () => {
      await room?.close();
      await server?.stop();
    });

    it.each(Object.entries(RECORDED))('%s gives the recorded top five', async (picture, recorded) => {
      const { page } = room.leader;
      await page.getByTestId('ask-file').setInputFiles(join(SHARED, 'data', 'images', picture));
      const line = page.locator(`[data-picture="${picture}"][data-done="true"]`);
      await line.waitFor({ timeout: 60_000 });
      const top = await line.getByTestId('top-entry').evaluateAll((entries) =>
        entries.map((entry) => ({
          index: Number(entry.getAttribute('data-index')),
          // The bar is drawn to a tenth of a percent, the words beside it to a whole one.
          probability:
            Number.parseFloat(entry.querySelector<HTMLElement>('.top-bar > *')?.style.width ?? '') / 100,
        })),
      );
      expect(top.map(({ index }) => index)).toEqual(recorded.map(([index]) => index));
      for (const [i, [, probability]] of recorded.entries()) {
        expect(Math.abs((top[i]?.probability ?? Number.NaN) - probability)).toBeLessThanOrEqual(TOLERANCE);
      }
    });

    it('no page writes an error', () => {
      for (const { watch } of room.devices) expect(watch.consoleErrors).toEqual([]);
    });
  },
);
