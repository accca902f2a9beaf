import { expect, test } from 'vitest';
import type { PeerId } from '../ids.ts';
import { VirtualClock } from '../weights/virtual-clock.ts';
import type { MeshOptions } from './mesh.types.ts';
import { MeshLater } from './mesh-later.ts';
import type { NetworkListener } from './network.ts';
import type { RendezvousListener } from './rendezvous.ts';

const [ME, OTHER] = ['a', 'b'].map((x) => x.repeat(16) as PeerId) as [PeerId, PeerId];

/** A page that loads a mesh which only writes down what it hears. */
function page(loads: (attempt: number) => boolean = () => true) {
  const clock = new VirtualClock(() => new Promise((resolve) => setImmediate(resolve)));
  const heard: string[] = [];
  let door: RendezvousListener | undefined;
  let attempts = 0;
  class Mesh {
    readonly #options: MeshOptions;
    constructor(options: MeshOptions) {
      this.#options = options;
    }
    listen(): void {
      this.#options.rendezvous.listen({
        welcome: (peers) => void heard.push(`welcome ${peers.length}`),
        iceServers: (servers) => void heard.push(`${servers.length} ICE servers`),
        peerJoined: () => void heard.push('joined'),
        peerLeft: (_peer, why) => void heard.push(why),
        signal: (_from, text) => void heard.push(text),
        relay: (_from, bytes) => void heard.push(`relay ${bytes.byteLength}`),
        lost: () => void heard.push('lost'),
      });
    }
    peers(): readonly PeerId[] {
      return [OTHER];
    }
    close(): void {
      heard.push('closed');
    }
  }
  const options: MeshOptions = {
    me: ME,
    clock,
    dial: null,
    random32: () => 1,
    report: () => undefined,
    rendezvous: {
      listen: (listener) => {
        door = listener;
      },
      signal: () => undefined,
      relay: () => undefined,
      relayBufferedBytes: () => 0,
    },
  };
  const mesh = new MeshLater(options, async () => {
    attempts++;
    if (!loads(attempts)) throw new Error('the server is busy');
    return { Mesh } as unknown as typeof import('./mesh.ts');
  });
  mesh.listen({} as NetworkListener);
  if (!door) throw new Error('nobody listens at the meeting point');
  return { mesh, door, heard, clock, attempts: () => attempts };
}

test('a device alone loads nothing', async () => {
  const { mesh, door, heard, clock, attempts } = page();
  door.welcome([], []);
  door.lost();
  await clock.pass(10_000);
  expect([attempts(), mesh.peers(), heard]).toEqual([0, [], []]);
  await expect(mesh.send(OTHER, 'shard', [])).rejects.toThrow('no connection');
});

test('what came while it was loaded is heard then, in order, and what comes later at once', async () => {
  const { mesh, door, heard, clock } = page();
  door.welcome([], []);
  door.peerJoined(OTHER);
  door.signal(OTHER, 'offer');
  door.relay(OTHER, new Uint8Array(3));
  expect(heard).toEqual([]);
  await clock.pass(1);
  expect(heard).toEqual(['welcome 0', 'joined', 'offer', 'relay 3']);
  door.peerLeft(OTHER, 'away');
  expect(heard.at(-1)).toBe('away');
  expect(mesh.peers()).toEqual([OTHER]);
});

test('a new welcome takes the place of what was said before', async () => {
  const { door, heard, clock } = page();
  door.welcome([OTHER], []);
  door.signal(OTHER, 'old');
  door.lost();
  door.welcome([OTHER], []);
  await clock.pass(1);
  expect(heard).toEqual(['welcome 1']);
});

test('what could not be loaded is tried again', async () => {
  const { door, heard, clock, attempts } = page((attempt) => attempt > 2);
  door.welcome([OTHER], []);
  await clock.pass(5000);
  expect([attempts(), heard]).toEqual([3, ['welcome 1']]);
});

test('nothing begins after the end', async () => {
  const { mesh, door, heard, clock } = page();
  door.peerJoined(OTHER);
  mesh.close('left');
  await clock.pass(10_000);
  expect(heard).toEqual([]);
});
