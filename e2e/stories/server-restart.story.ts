import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, launchDevice } from '../browser.ts';
import { countAnswers } from '../lab/faults/answer-count.ts';
import { answersOf, askStream } from '../lab/faults/ask-in-page.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, runsOn, until } from '../session-page.ts';

/** Enough that the stream outlasts the restart on any machine; it ends as soon as the server is back. */
const ITEMS = 400;

describe('the signaling server restarts in the middle of a stream', () => {
  let server: ProductServer;
  let room: Room;
  let newcomer: Device | undefined;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 3, direct: true });
    await room.leader.page.getByTestId('mode-everyone').click();
    await until(room.leader.page, 'digits runs on all three', runsOn(3));
  });
  afterAll(async () => {
    await newcomer?.close();
    await room?.close();
    await server?.stop();
  });

  it('and the stream goes on: every item has its answer, some while there is no server', async () => {
    const page = room.followers[1]?.page ?? room.leader.page;
    const count = await countAnswers(page);
    const asking = askStream(page, { requests: ITEMS, inFlight: 2, variants: [{}] });
    await count.reached(40);
    const began = count.count;
    await server.restart();
    const meanwhile = count.count - began;
    await asking;
    const answers = await answersOf(page);
    expect(answers.filter(({ failure }) => failure !== null)).toEqual([]);
    expect(answers.map(({ item }) => item).sort((a, b) => a - b)).toEqual([...Array(ITEMS).keys()]);
    console.log(`${meanwhile} items were answered during the restart`);
    expect(meanwhile).toBeGreaterThan(0);
  });

  it('and afterwards a new browser joins by the same link', async () => {
    for (const { page } of room.devices)
      await until(page, 'the server is back', (now) => now.server === 'open');
    newcomer = await launchDevice();
    await newcomer.page.goto(room.link);
    for (const { page } of [...room.devices, newcomer])
      await until(page, 'four in the room', readyDevices(4));
    await until(room.leader.page, 'the newcomer holds layers as well', runsOn(4));
  });
});
