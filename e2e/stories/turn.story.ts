import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LinkView } from '../../core/session/state.ts';
import { findNatives } from '../../peer/natives.ts';
import { askDigits } from '../ask.ts';
import { type Device, launchDevice } from '../browser.ts';
import { type RunningProgram, startProgram } from '../program.ts';
import { readRoomQr } from '../qr.ts';
import { readyDevices, runsOn, stateOf, until } from '../session-page.ts';
import { openTurnScene, programAt, type TurnScene, whyNoTurnScene } from '../turn-scene.ts';

const why = whyNoTurnScene();
const hasNatives = await findNatives().then(
  () => true,
  () => false,
);

/** A link has 8 s to become direct; the rest is for this machine. */
const RELAYED_WITHIN_MS = 20_000;
const [WITH_TURN, WITHOUT] = [8443, 8444];

describe.skipIf(why !== null)('two devices whose networks do not reach each other', () => {
  let scene: TurnScene;
  let coturn: RunningProgram;
  let server: RunningProgram;
  let left: Device;
  let right: Device;

  beforeAll(async () => {
    scene = await openTurnScene();
    coturn = await scene.startCoturn();
    server = await scene.startServer(WITH_TURN, scene.turnOptions);
    await scene.startServer(WITHOUT);
    const at = (place: keyof TurnScene['network'] & ('left' | 'right')): Promise<Device> =>
      launchDevice({ wrap: (browser, folder) => programAt(scene.network[place], browser, folder) });
    [left, right] = [await at('left'), await at('right')];
  });
  afterAll(async () => {
    await left?.close();
    await right?.close();
    await scene?.close();
  });

  /** Opens a room on the left and joins it on the right; the link of the room. */
  async function meet(port: number, kind: LinkView['kind'], withinMs: number): Promise<string> {
    await left.page.goto(`https://${scene.network.middle.address}:${port}/`);
    const link = await readRoomQr(left.page);
    await right.page.goto(link);
    for (const { page } of [left, right])
      await until(page, `the other one is ${kind}`, hasLink(kind), withinMs);
    return link;
  }

  async function bothAnswer(): Promise<void> {
    await until(left.page, 'both ready', readyDevices(2));
    await left.page.getByTestId('mode-everyone').click();
    await until(left.page, 'digits runs on both', runsOn(2));
    await askDigits(left.page);
    await askDigits(right.page);
  }

  let link: string;

  it('meet through coturn with the example of its configuration, and both screens say so', async () => {
    link = await meet(WITH_TURN, 'turn', RELAYED_WITHIN_MS);
    expect(await cardText(left.page, right.page)).toMatch(/through TURN/);
    expect(await cardText(right.page, left.page)).toMatch(/through TURN/);
    await expect.poll(() => left.page.getByText('2 devices, 1 through TURN').count()).toBe(1);
    // Names that the server signed, and nobody else.
    expect(coturn.printed()).toMatch(/user <\d{10}:[0-9a-f]{16}>.*ALLOCATE processed, success/);
  });

  it('hold a stage each, and the answer is right', async () => {
    await bothAnswer();
    expect((await stateOf(left.page))?.devices.map(({ link: { kind } }) => kind).sort()).toEqual([
      'self',
      'turn',
    ]);
  });

  it.runIf(hasNatives)('are joined by a peer without a page, through coturn as well', async () => {
    const inRight = ['netns', 'exec', scene.network.right.namespace];
    const trusting = ['env', `NODE_EXTRA_CA_CERTS=${scene.certificate}`];
    const command = [
      ...inRight,
      ...trusting,
      process.execPath,
      'peer/potluck-peer.mjs',
      link,
      '--name',
      'Edge',
    ];
    const peer = startProgram('The peer', 'ip', command);
    try {
      const { devices } = await until(left.page, 'the peer is reached through TURN', (state) =>
        state.devices.some(({ card, link: { kind } }) => card.name === 'Edge' && kind === 'turn'),
      );
      expect(devices).toHaveLength(3);
    } finally {
      await peer.end('SIGTERM');
    }
  });

  it('get nowhere else through coturn: not to itself, and to nothing private', async () => {
    const inside = ['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1'];
    for (const peer of inside) expect([peer, await scene.answerFor(peer)]).toEqual([peer, 'forbidden']);
    expect(await scene.answerFor(scene.network.right.address)).toBe('sends');
  });

  it('tell nobody the secret that both servers share', () => {
    const printed = server.printed();
    expect(printed).toMatch(/A device came to the door/);
    expect(printed).not.toContain(scene.secret);
    expect(printed).not.toMatch(/\d{10}:[0-9a-f]{16}/);
  });

  it('meet through the signaling server where it knows of no TURN server, and both screens say so', async () => {
    const before = coturn.printed().length;
    await meet(WITHOUT, 'relayed', RELAYED_WITHIN_MS);
    expect(await cardText(left.page, right.page)).toMatch(/relayed/);
    expect(await cardText(right.page, left.page)).toMatch(/relayed/);
    await bothAnswer();
    expect(coturn.printed().slice(before)).not.toMatch(/ALLOCATE processed, success/);
  });
});

const hasLink =
  (wished: LinkView['kind']) =>
  ({ devices }: { readonly devices: readonly { readonly link: LinkView }[] }): boolean =>
    devices.some(({ link: { kind } }) => kind === wished);

/** What the card of `other` says on this page. */
async function cardText(page: Page, other: Page): Promise<string> {
  const peer = (await stateOf(other))?.me;
  return (await page.locator(`[data-testid="device-card"][data-peer="${peer}"]`).textContent()) ?? '';
}

// Said aloud: a machine without root or coturn has not tried it.
it.runIf(why !== null)('SKIPPED: no network namespaces, or no coturn', () => {
  console.warn(`SKIPPED: the story of TURN: ${why}.`);
});
