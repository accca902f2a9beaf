import { LinkClosedError } from '../errors.ts';
import type { PeerId } from '../ids.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import type { Mesh } from './mesh.ts';
import type { MeshOptions } from './mesh.types.ts';
import type { BinaryKind, LinkStats, Network, NetworkListener } from './network.ts';
import type { RendezvousListener } from './rendezvous.ts';
import type { WaySample } from './way-fit.ts';

/** What does not come is asked for again: the server may be busy. */
const AGAIN_MS = 1000;
/** Signals of a full room that come meanwhile; what is over that is sent again by whoever wants a link. */
const MOST_HELD = 2000;

type LoadMesh = () => Promise<Pick<typeof import('./mesh.ts'), 'Mesh'>>;
type News = (listener: RendezvousListener) => void;

/** A {@link Mesh} whose code comes with the first other device: alone in its room a page needs none of it. */
export class MeshLater implements Network {
  readonly me: PeerId;
  readonly #options: MeshOptions;
  readonly #load: LoadMesh;
  #listener: NetworkListener | undefined;
  #mesh: Mesh | undefined;
  /** The mesh's own ear at the meeting point. */
  #ear: RendezvousListener | undefined;
  /** What came before there was one. */
  #held: News[] = [];
  #loading = false;
  #closed = false;

  constructor(options: MeshOptions, load: LoadMesh = () => import('./mesh.ts')) {
    this.me = options.me;
    this.#options = options;
    this.#load = load;
  }

  listen(listener: NetworkListener): void {
    this.#listener = listener;
    this.#options.rendezvous.listen({
      welcome: (peers, iceServers) => {
        // It replaces all that was said before.
        this.#held = [];
        this.#hear((ear) => ear.welcome(peers, iceServers), peers.length > 0);
      },
      iceServers: (servers) => this.#hear((ear) => ear.iceServers(servers)),
      peerJoined: (peer) => this.#hear((ear) => ear.peerJoined(peer), true),
      peerLeft: (peer, why) => this.#hear((ear) => ear.peerLeft(peer, why)),
      signal: (from, text) => this.#hear((ear) => ear.signal(from, text), true),
      relay: (from, bytes) => this.#hear((ear) => ear.relay(from, bytes), true),
      lost: () => this.#hear((ear) => ear.lost()),
    });
  }

  peers(): readonly PeerId[] {
    return this.#mesh?.peers() ?? [];
  }

  sendControl(to: PeerId, message: ControlMessage): void {
    this.#mesh?.sendControl(to, message);
  }

  async send(
    to: PeerId,
    kind: BinaryKind,
    parts: readonly Uint8Array<ArrayBuffer>[],
    options?: { signal?: AbortSignal },
  ): Promise<void> {
    await this.#there.send(to, kind, parts, options);
  }

  async probe(to: PeerId, bytes: number): Promise<number> {
    return await this.#there.probe(to, bytes);
  }

  calibrate(to: PeerId, samples: readonly WaySample[]): void {
    this.#mesh?.calibrate(to, samples);
  }

  stats(peer: PeerId): LinkStats | undefined {
    return this.#mesh?.stats(peer);
  }

  close(reason: string): void {
    this.#closed = true;
    this.#held = [];
    this.#mesh?.close(reason);
  }

  get #there(): Mesh {
    if (this.#mesh) return this.#mesh;
    throw new LinkClosedError('There is no connection to that device.', { step: 'send to a device' });
  }

  #hear(news: News, needsMesh = false): void {
    if (this.#ear) {
      news(this.#ear);
      return;
    }
    if (this.#closed || this.#held.length >= MOST_HELD) return;
    this.#held.push(news);
    if (needsMesh) void this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    const loaded = await this.#load().catch(() => undefined);
    this.#loading = false;
    if (this.#closed || !this.#listener) return;
    if (!loaded) {
      this.#options.clock.setTimeout(() => void this.#fetch(), AGAIN_MS);
      return;
    }
    const { rendezvous } = this.#options;
    const mesh = new loaded.Mesh({
      ...this.#options,
      rendezvous: {
        listen: (ear) => {
          this.#ear = ear;
        },
        signal: (to, text) => rendezvous.signal(to, text),
        relay: (to, bytes) => rendezvous.relay(to, bytes),
        relayBufferedBytes: () => rendezvous.relayBufferedBytes(),
      },
    });
    this.#mesh = mesh;
    mesh.listen(this.#listener);
    for (const news of this.#held.splice(0)) this.#hear(news);
  }
}
