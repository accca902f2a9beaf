import { LinkClosedError, ProtocolError } from '../errors.ts';
import { isPeerId, type PeerId } from '../ids.ts';
import type { ControlMessage } from '../protocol/messages.ts';
import { parseControl } from '../protocol/parse.ts';
import { parsePeerSignal } from '../protocol/parse-peer-signal.ts';
import type { IceServer } from '../protocol/signaling.ts';
import { controlText } from '../protocol/write-control.ts';
import { Conduct } from './conduct.ts';
import type { Link } from './link.ts';
import type { MeshOptions } from './mesh.types.ts';
import type { BinaryKind, LinkStats, Network, NetworkListener } from './network.ts';
import { Peering } from './peering.ts';
import { openRelayPacket } from './relay-wire.ts';
import type { WaySample } from './way-fit.ts';

/** One link to every other peer of the room, kept alive for as long as the room lists the peer. */
export class Mesh implements Network {
  readonly me: PeerId;
  readonly #options: MeshOptions;
  readonly #page: number;
  readonly #conduct: Conduct;
  /** In order of joining. */
  readonly #peerings = new Map<PeerId, Peering>();
  #iceServers: readonly IceServer[] = [];
  #listener: NetworkListener | undefined;
  #closed = false;

  /** Connects as soon as somebody listens. */
  constructor(options: MeshOptions) {
    this.me = options.me;
    this.#options = options;
    this.#page = options.random32() || 1;
    this.#conduct = new Conduct(options.clock);
  }

  peers(): readonly PeerId[] {
    return [...this.#peerings].filter(([, peering]) => peering.isUp).map(([peer]) => peer);
  }

  listen(listener: NetworkListener): void {
    if (this.#listener) throw new Error('a mesh has exactly one listener');
    this.#listener = listener;
    this.#options.rendezvous.listen({
      welcome: (peers, iceServers) => this.#welcome(peers, iceServers),
      iceServers: (servers) => {
        this.#iceServers = servers;
      },
      peerJoined: (peer) => this.#peering(peer)?.here(),
      peerLeft: (peer, why) => {
        this.#peerings.get(peer)?.left(why);
        this.#sweep();
      },
      signal: (from, text) =>
        this.#guard(from, () => {
          this.#conduct.signal(from);
          const signal = parsePeerSignal(text);
          this.#peering(from)?.signal(signal);
        }),
      relay: (from, bytes) =>
        this.#guard(from, () => {
          this.#conduct.relay(from, bytes.byteLength);
          const opened = openRelayPacket(bytes);
          if (opened) this.#peerings.get(from)?.relay(opened.session, opened.packet);
        }),
      lost: () => {
        for (const peering of this.#peerings.values()) peering.offline();
      },
    });
  }

  sendControl(to: PeerId, message: ControlMessage): void {
    const peering = this.#peerings.get(to);
    if (peering?.isUp) peering.link?.sendControl(controlText(message));
  }

  async send(
    to: PeerId,
    kind: BinaryKind,
    parts: readonly Uint8Array<ArrayBuffer>[],
    options: { signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.#link(to).send(kind, parts, options);
  }

  async probe(to: PeerId, bytes: number): Promise<number> {
    return await this.#link(to).probe(bytes);
  }

  calibrate(to: PeerId, samples: readonly WaySample[]): void {
    this.#peerings.get(to)?.link?.calibrate(samples);
  }

  stats(peer: PeerId): LinkStats | undefined {
    return this.#peerings.get(peer)?.link?.stats();
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const peering of this.#peerings.values()) peering.close(reason);
    this.#peerings.clear();
  }

  #link(to: PeerId): Link {
    const peering = this.#peerings.get(to);
    if (peering?.isUp && peering.link) return peering.link;
    throw new LinkClosedError('There is no connection to that device.', { step: 'send to a device' });
  }

  #welcome(peers: readonly PeerId[], iceServers: readonly IceServer[]): void {
    this.#iceServers = iceServers;
    for (const [peer, peering] of this.#peerings) if (!peers.includes(peer)) peering.left('away');
    this.#sweep();
    for (const peer of peers) this.#peering(peer)?.here();
  }

  #peering(peer: PeerId): Peering | undefined {
    if (this.#closed || peer === this.me || !isPeerId(peer)) return undefined;
    const known = this.#peerings.get(peer);
    if (known) return known;
    const peering: Peering = new Peering({
      ...this.#options,
      peer,
      page: this.#page,
      shunnedMs: () => this.#conduct.shunnedMs(peer),
      iceServers: () => this.#iceServers,
      listener: {
        up: () => this.#listener?.peerUp(peer),
        down: (reason) => {
          if (this.#closed) return;
          this.#sweep();
          this.#listener?.peerDown(peer, reason);
        },
        changed: () => {
          const stats = peering.link?.stats();
          if (stats) this.#listener?.linkChanged(peer, stats);
        },
        control: (text) =>
          this.#guard(peer, () => {
            this.#conduct.control(peer, text);
            const message = parseControl(text);
            this.#conduct.said(peer, message.type);
            this.#listener?.control(peer, message);
          }),
        binary: (kind, bytes) => this.#guard(peer, () => this.#listener?.binary(peer, kind, bytes)),
        broken: (error) => this.#expel(peer, error),
      },
    });
    this.#peerings.set(peer, peering);
    return peering;
  }

  /** Forgets those who left and whose link is closed. */
  #sweep(): void {
    for (const [peer, peering] of this.#peerings) if (peering.isOver) this.#peerings.delete(peer);
  }

  /** Whoever talks nonsense is shown out; anything else that goes wrong is our own mistake and goes on up. */
  #guard(peer: PeerId, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#expel(peer, error);
    }
  }

  /** Ends the link with a peer that broke the protocol, and makes none for a while. */
  #expel(peer: PeerId, error: ProtocolError): void {
    // What comes from it meanwhile is its own affair.
    if (this.#conduct.shunnedMs(peer) > 0) return;
    this.#conduct.offended(peer);
    // Its card is still known here; whatever goes wrong in the telling, it goes.
    try {
      this.#options.report(peer, error);
    } finally {
      this.#peerings.get(peer)?.expel(error.message);
    }
  }
}
