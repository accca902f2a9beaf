import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askDigits } from '../ask.ts';
import { type Device, launchDevice } from '../browser.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, runsOn, stateOf, until } from '../session-page.ts';

/** A link has 8 s to become direct; the rest is for this machine. */
const RELAYED_WITHIN_MS = 20_000;

describe('a device that no direct link reaches', () => {
  let server: ProductServer;
  let room: Room;
  let walled: Device;

  beforeAll(async () => {
    server = await startProduct();
    room = await openRoom({ origin: server.origin, devices: 1 });
    walled = await launchDevice();
    // As behind a wall: descriptions are exchanged, but no packet ever arrives.
    await walled.page.addInitScript(() => {
      RTCPeerConnection.prototype.addIceCandidate = async () => {};
      const set: (description: RTCSessionDescriptionInit) => Promise<void> =
        RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (
        this: RTCPeerConnection,
        { type, sdp = '' }: RTCSessionDescriptionInit,
      ) {
        return set.call(this, { type, sdp: sdp.replaceAll(/a=candidate:.*\r\n/g, '') });
      };
      Object.defineProperty(RTCPeerConnection.prototype, 'onicecandidate', {
        set: () => {},
        get: () => null,
      });
    });
  });
  afterAll(async () => {
    await walled?.close();
    await room?.close();
    await server?.stop();
  });

  it('joins through the relay and is shown as relayed on both screens', async () => {
    await walled.page.goto(room.link);
    for (const { page } of [room.leader, walled]) {
      await until(
        page,
        'the other device is relayed',
        ({ devices }) => devices.some(({ link }) => link.kind === 'relayed'),
        RELAYED_WITHIN_MS,
      );
    }
    await until(room.leader.page, 'both ready', readyDevices(2));
    const other = (await stateOf(walled.page))?.me;
    const card = room.leader.page.locator(`[data-testid="device-card"][data-peer="${other}"]`);
    expect(await card.textContent()).toMatch(/relayed/i);
  });

  it('holds a stage, and the answer is right', async () => {
    const { page } = room.leader;
    await page.getByTestId('mode-everyone').click();
    await until(page, 'digits runs on both', runsOn(2));
    await askDigits(page);
    await askDigits(walled.page);
    expect((await stateOf(page))?.devices.some(({ link }) => link.kind === 'relayed')).toBe(true);
  });
});
