import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SessionState } from '../../core/session/state.ts';
import { findNatives, HOW_TO_INSTALL } from '../../peer/natives.ts';
import { askDigits } from '../ask.ts';
import { type Device, launchDevice } from '../browser.ts';
import { countAnswers } from '../lab/faults/answer-count.ts';
import { answersOf, askStream, takeOutputs } from '../lab/faults/ask-in-page.ts';
import { feedsFor } from '../lab/input.ts';
import { verify } from '../lab/verify.ts';
import { type PeerProcess, startPeer } from '../peer-process.ts';
import { decodeTerminalQr } from '../qr.ts';
import { ROOT } from '../repository.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { directlyLinked, readyDevices, runsOn, until } from '../session-page.ts';

const isMissing = await findNatives().then(
  () => false,
  () => true,
);

const ITEMS = 80;
const VARIANTS = 8;
const IN_FLIGHT = 4;
/** Answers by then: the middle. */
const AT_ITEM = 30;

describe.skipIf(isMissing)('a peer without a page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'potluck-peer-story-'));
  let server: ProductServer;
  let room: Room | undefined;
  let peer: PeerProcess | undefined;
  let phone: Device | undefined;

  beforeAll(async () => {
    server = await startProduct();
  });
  afterEach(async () => {
    await peer?.end('SIGKILL');
    await phone?.close();
    await room?.close();
    [peer, phone, room] = [undefined, undefined, undefined];
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('joins by the link, is planned like everybody, and nothing is lost when it is killed', async () => {
    room = await openRoom({ origin: server.origin, devices: 1 });
    const { page } = room.leader;
    await page.getByTestId('mode-everyone').click();
    peer = startPeer(room.link, '--name', 'Edge', '--store', folder);
    await until(page, 'two devices ready', readyDevices(2));
    await until(page, 'linked directly', directlyLinked);
    // Native code computes the same several times as fast, so nobody need ask for it.
    const state = await until(page, 'it holds most of the layers', (now) => {
      const [there, here] = [layersOf(now, 'Edge'), layersOf(now, 'Linux laptop')];
      return runsOn(2)(now) && there > here;
    });
    const card = state.devices.find(({ card }) => card.name === 'Edge')?.card;
    expect(card).toMatchObject({
      form: 'server',
      browser: 'Node',
      profile: { provider: 'cpu', runtime: 'node' },
    });
    console.log(
      `${layersOf(state, 'Edge')} layers on the peer, ${layersOf(state, 'Linux laptop')} on the page`,
    );
    await askDigits(page);

    const count = await countAnswers(page);
    const { model } = state;
    if (model.kind !== 'ready') throw new Error('There is no model.');
    const variants = Array.from({ length: VARIANTS }, (_, seed) => feedsFor(model.card, seed));
    await askStream(page, { requests: VARIANTS, inFlight: 1, variants });
    const expected = await Promise.all(variants.map((_, item) => takeOutputs(page, item)));
    const asking = askStream(page, { requests: ITEMS, inFlight: IN_FLIGHT, variants });
    await count.reached(VARIANTS + AT_ITEM);
    expect(await peer.end('SIGKILL')).toBe('SIGKILL');
    await asking;
    const answers = await answersOf(page);
    expect(answers.map(({ failure }) => failure).filter(Boolean)).toEqual([]);
    expect(answers.map(({ item }) => item).sort((a, b) => a - b)).toEqual([...Array(ITEMS).keys()]);
    for (const { item } of answers) {
      const check = verify(await takeOutputs(page, item), expected[item % VARIANTS] ?? []);
      expect(check.findings).toEqual([]);
    }
    await until(page, 'the page alone holds all', runsOn(1));
  });

  it('says goodbye when it is told to end', async () => {
    room = await openRoom({ origin: server.origin, devices: 1 });
    const { page } = room.leader;
    peer = startPeer(room.link, '--name', 'Edge', '--store', folder);
    await until(page, 'two devices ready', readyDevices(2));
    await peer.says(/Measured:/);
    expect(await peer.end('SIGTERM')).toBe(0);
    const state = await until(page, 'it is gone', ({ devices }) => devices.length === 1);
    expect(state.log.map(({ what }) => what)).toContain('Edge left.');
  });

  it('waits for a room that is not there yet, and not where it is told not to', async () => {
    const link = `${server.origin}/r/amber-fox-42#AAAAAAAAAAAAAAAAAAAAAA`;
    peer = startPeer(link, '--store', folder);
    await peer.says(/Trying again/);
    expect(await peer.end('SIGINT')).toBe(0);
    peer = startPeer(link, '--store', folder, '--once');
    expect(await peer.ended).toBe(1);
  });

  it('opens a room itself, which a browser joins by the code in the terminal', async () => {
    peer = startPeer(
      ...['--lead', '--server', server.origin, '--model', join(ROOT, 'public/models/digits.onnx')],
      ...['--mode', 'everyone', '--store', folder, '--once'],
    );
    await peer.says(/Scan the code/);
    const link = decodeTerminalQr(peer.printed());
    expect(peer.printed()).toContain(link);
    phone = await launchDevice({});
    const { page } = phone;
    await page.goto(link);
    const state = await until(page, 'the model runs on both', runsOn(2));
    expect(state.leader).not.toBe(state.me);
    expect(state.model).toMatchObject({ kind: 'ready', card: { name: 'digits' } });
    await until(page, 'linked directly', directlyLinked);
    await askDigits(page);
    // The last other device goes, and with it the reason to stay.
    await phone.close();
    phone = undefined;
    expect(await peer.ended).toBe(0);
  });
});

/** How many layers the plan gives to a device. */
function layersOf({ devices, plan }: SessionState, name: string): number {
  const peer = devices.find(({ card }) => card.name === name)?.card.peer;
  const own = (plan?.stages ?? []).filter((stage) => stage.peer === peer);
  return own.reduce((sum, { start, end }) => sum + end - start, 0);
}

// Said aloud: a machine without the packages has not tried it.
it.runIf(isMissing)('SKIPPED: the packages with native code are not installed', () => {
  console.warn(`SKIPPED: the stories of the peer need native packages. ${HOW_TO_INSTALL}`);
});
