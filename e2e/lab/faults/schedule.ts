import type { Page } from 'playwright';
import type { PeerId } from '../../../core/ids.ts';
import type { Device } from '../../browser.ts';
import type { Room } from '../../room.ts';
import type { ProductServer } from '../../server.ts';
import { stateOf } from '../../session-page.ts';
import type { Edge } from '../edges.ts';
import type { AnswerCount } from './answer-count.ts';
import type { Fault } from './fault.ts';
import { corrupt, freeze, kill, partition } from './inflict.ts';
import type { Fired } from './judge.ts';

/** Where faults come. */
export interface Scene {
  readonly room: Room;
  readonly edges: readonly Edge[];
  readonly server: ProductServer;
  /** Asks, and so tells who leads. */
  readonly asker: Page;
  readonly count: AnswerCount;
}

/** Lets each fault come in its time; the result tells which have come, once all is over. */
export async function schedule(
  scene: Scene,
  faults: readonly Fault[],
  over: Promise<void>,
): Promise<() => Promise<readonly Fired[]>> {
  const peers = await peersOf(scene);
  const fired: Fired[] = [];
  const running: Promise<void>[] = [];
  const failures: unknown[] = [];
  let isOver = false;
  void over
    .finally(() => {
      isOver = true;
    })
    .catch(() => undefined);
  for (const fault of [...faults].sort((a, b) => a.at - b.at)) {
    void scene.count.reached(fault.at).then(() => {
      if (!isOver)
        running.push(inflict(scene, peers, fault, fired).catch((error) => void failures.push(error)));
    });
  }
  return async () => {
    await Promise.all(running);
    if (failures.length > 0) throw failures[0];
    return fired;
  };
}

/** Browsers first, then peers without a page, as the faults number them. */
async function peersOf({ room, edges, asker }: Scene): Promise<readonly (PeerId | undefined)[]> {
  const own = room.devices.map(async ({ page }) => (await stateOf(page))?.me);
  const seen = (await stateOf(asker))?.devices ?? [];
  const others = edges.map(({ name }) => seen.find(({ card }) => card.name === name)?.card.peer);
  return [...(await Promise.all(own)), ...others];
}

async function inflict(
  { room, edges, server, asker }: Scene,
  peers: readonly (PeerId | undefined)[],
  fault: Fault,
  fired: Fired[],
): Promise<void> {
  const device = 'device' in fault ? await deviceOf(peers, asker, fault.device) : null;
  const note = (): void => {
    fired.push({ fault, device, moment: Date.now() });
  };
  if (fault.kind === 'server-restart' || device === null) {
    note();
    return server.restart();
  }
  const edge = edges[device - room.devices.length];
  if (edge) {
    if (fault.kind === 'freeze') edge.freeze(fault.seconds);
    else edge.kill();
    return note();
  }
  const whom = room.devices[device] ?? room.leader;
  if (whom.page === asker) throw new Error('The device that asks leads by now, so nothing may happen to it.');
  await bringAbout(fault, whom);
  note();
}

async function bringAbout(fault: Exclude<Fault, { kind: 'server-restart' }>, device: Device): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      return kill(device);
    case 'freeze':
      return freeze(device, fault.seconds);
    case 'partition':
      return partition(device, fault.seconds);
    case 'corrupt':
      return corrupt(device);
  }
}

/** Whoever leads now is found by what the asking page knows; the devices' own names were noted before. */
async function deviceOf(
  peers: readonly (PeerId | undefined)[],
  asker: Page,
  device: number | 'leader',
): Promise<number> {
  if (device !== 'leader') return device;
  const leader = (await stateOf(asker))?.leader;
  const found = leader ? peers.indexOf(leader) : -1;
  if (found < 0) throw new Error('The room has no leader at this moment.');
  return found;
}
