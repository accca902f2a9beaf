import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawDigit } from '../draw.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { runsOn, until } from '../session-page.ts';

describe('first light: three browsers read one digit together', () => {
  let server: ProductServer;
  let room: Room;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 3 });
  });
  afterAll(async () => {
    await room?.close();
    await server?.stop();
  });

  it('the link in the QR code keeps its secret in the fragment', () => {
    const link = new URL(room.link);
    expect(link.origin).toBe(server.origin);
    expect(link.search).toBe('');
    // 128 bits take 22 characters of base64url.
    expect(link.hash.length).toBeGreaterThanOrEqual(1 + 22);
    expect(server.printed()).not.toContain(link.hash.slice(1));
  });

  it('every device holds a stage', async () => {
    await room.leader.page.getByTestId('mode-everyone').click();
    for (const { page } of room.devices) await until(page, 'a plan that runs on all three', runsOn(3));
  });

  it('a 3 drawn by the leader and a 7 drawn by a follower are recognised', async () => {
    for (const [device, digit] of [
      [room.leader, '3'],
      [room.followers[0], '7'],
    ] as const) {
      if (!device) throw new Error('There is no follower.');
      await drawDigit(device.page, digit);
      const label = device.page.getByTestId('answer-label').first();
      await expect.poll(() => label.textContent(), { timeout: 30_000 }).toBe(digit);
    }
  });

  it('each card shows a load above zero while requests run', async () => {
    const { page } = room.leader;
    const cards = page.getByTestId('device-card');
    expect(await cards.count()).toBe(3);
    await page.getByTestId('repeat').click();
    const highest = [0, 0, 0];
    const look = async (): Promise<number> => {
      for (const [i, card] of (await cards.all()).entries()) {
        highest[i] = Math.max(highest[i] ?? 0, Number(await card.getAttribute('data-busy')));
      }
      return Math.min(...highest);
    };
    await expect.poll(look, { timeout: 30_000 }).toBeGreaterThan(0);
  });

  it('no page writes an error or speaks to another host', () => {
    for (const { watch } of room.devices) {
      expect(watch.consoleErrors).toEqual([]);
      expect(watch.foreignRequests()).toEqual([]);
    }
  });
});
