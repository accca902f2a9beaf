import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, launchDevice } from '../browser.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, stateOf, until } from '../session-page.ts';

describe('the leader asks first', () => {
  let server: ProductServer;
  let room: Room;
  const guests: Device[] = [];

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 1 });
    await room.leader.page.getByRole('switch', { name: /ask me/i }).check({ force: true });
    await until(room.leader.page, 'the leader asks first', ({ askFirst }) => askFirst);
  });
  afterAll(async () => {
    for (const guest of guests) await guest.close();
    await room?.close();
    await server?.stop();
  });

  async function knock(): Promise<Device> {
    const guest = await launchDevice();
    guests.push(guest);
    await guest.page.goto(room.link);
    await until(guest.page, 'the guest waits outside', ({ phase }) => phase.kind === 'knocking');
    await until(room.leader.page, 'the leader hears the knock', ({ knocking }) => knocking.length === 1);
    return guest;
  }

  it('a guest who is turned away reads so and was never in the room', async () => {
    const guest = await knock();
    await room.leader.page.getByTestId('knock-deny').click();
    const ended = guest.page.getByTestId('ended');
    await ended.waitFor();
    expect(await ended.getAttribute('data-reason')).toBe('denied');
    expect((await stateOf(room.leader.page))?.devices).toHaveLength(1);
  });

  it('a guest who is let in becomes a device of the room, and again without a knock after a reload', async () => {
    const guest = await knock();
    await room.leader.page.getByTestId('knock-admit').click();
    await until(guest.page, 'the guest is in', readyDevices(2));
    await until(room.leader.page, 'the leader sees two devices', readyDevices(2));
    await guest.page.reload();
    await until(guest.page, 'the guest is back', readyDevices(2));
    expect((await stateOf(room.leader.page))?.knocking).toEqual([]);
  });
});
