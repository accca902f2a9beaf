import { LinkClosedError, messageOf } from '../errors.ts';
import type { IceServer } from '../protocol/signaling.ts';
import type { Clock } from './clock.ts';
import type { Dial, DialListener, Dialling } from './dial.ts';
import { LOW_WATER_BYTES, PACKET_BYTES } from './flow.ts';
import { type GetStats, TurnWatch } from './turn-watch.ts';
import type { Wire, WireListener } from './wire.ts';
import { WireInbox } from './wire-inbox.ts';

/** What we need of a simple-peer instance; the package itself would bring Node's types into this floor. */
export interface SimplePeerLike {
  on(event: 'connect' | 'close', listener: () => void): unknown;
  on(event: 'signal' | 'data', listener: (data: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** Public in simple-peer 9, though its types leave it out. */
  getStats?: GetStats;
  signal(data: string): void;
  send(data: Uint8Array<ArrayBuffer>): void;
  destroy(): void;
}

/** Options for the constructor of simple-peer, whose own types want mutable arrays. */
export interface SimplePeerOptions {
  initiator: boolean;
  trickle: boolean;
  /** Each packet stays one chunk; a byte stream may join them. */
  objectMode: boolean;
  channelConfig: { ordered: boolean };
  config: { iceServers: { urls: string | string[]; username?: string; credential?: string }[] };
}

/** The private data channel: the only way to its counters in simple-peer 9; used in this file alone. */
interface Channel {
  readonly bufferedAmount: number;
  bufferedAmountLowThreshold: number;
  addEventListener(type: 'bufferedamountlow', listener: () => void): void;
}

/** Attempts over RTC. `make` is `(options) => new SimplePeer(options)`, given by whoever has the package. */
export function simplePeerDial(make: (options: SimplePeerOptions) => SimplePeerLike, clock: Clock): Dial {
  return ({ initiator, iceServers }, listener) => {
    try {
      const peer = make(optionsFor(initiator, iceServers));
      const mayUseTurn = iceServers.some(({ urls }) => [urls].flat().some((url) => /^turns?:/.test(url)));
      // The other side has the same servers: without one there is nothing to watch.
      const tells = mayUseTurn && peer.getStats !== undefined;
      const watch = tells ? new TurnWatch((tell) => peer.getStats?.(tell), clock) : undefined;
      return new SimplePeerDialling(peer, listener, watch);
    } catch (error) {
      // Without RTC (switched off, or refused by a policy) the constructor throws.
      queueMicrotask(() => listener.failed(messageOf(error)));
      return { signal: () => undefined, abandon: () => undefined };
    }
  };
}

function optionsFor(initiator: boolean, iceServers: readonly IceServer[]): SimplePeerOptions {
  return {
    initiator,
    trickle: true,
    objectMode: true,
    // Links number their packets, so one lost datagram need not hold up the others.
    channelConfig: { ordered: false },
    config: {
      iceServers: iceServers.map(({ urls, ...rest }) => ({
        ...rest,
        urls: typeof urls === 'string' ? urls : [...urls],
      })),
    },
  };
}

class SimplePeerDialling implements Dialling {
  readonly #peer: SimplePeerLike;
  readonly #wire: SimplePeerWire;
  #over = false;

  constructor(peer: SimplePeerLike, listener: DialListener, watch: TurnWatch | undefined) {
    this.#peer = peer;
    this.#wire = new SimplePeerWire(peer, watch);
    let connected = false;
    let reason = 'the connection closed';
    peer.on('signal', (data) => {
      if (!this.#over) listener.signal(JSON.stringify(data));
    });
    peer.on('connect', () => {
      if (this.#over) return;
      this.#wire.opened();
      const tell = (): void => {
        if (this.#over) return;
        connected = true;
        listener.connected(this.#wire);
      };
      if (watch) watch.start(tell);
      else tell();
    });
    peer.on('data', (chunk) => this.#wire.arrived(chunk));
    peer.on('error', (error) => {
      reason = messageOf(error);
    });
    peer.on('close', () => {
      this.#wire.ended(reason);
      if (!connected && !this.#over) listener.failed(reason);
      this.#over = true;
    });
  }

  signal(text: string): void {
    if (this.#over) return;
    try {
      this.#peer.signal(text);
    } catch {
      // A description that RTC refuses ends the attempt by way of `close`.
      this.#peer.destroy();
    }
  }

  abandon(): void {
    this.#over = true;
    this.#wire.close('abandoned');
  }
}

class SimplePeerWire implements Wire {
  readonly kind = 'direct';
  readonly maxPacketBytes: number = PACKET_BYTES;
  readonly #peer: SimplePeerLike;
  readonly #inbox = new WireInbox();
  readonly #watch: TurnWatch | undefined;

  constructor(peer: SimplePeerLike, watch: TurnWatch | undefined) {
    this.#peer = peer;
    this.#watch = watch;
  }

  get throughTurn(): boolean {
    return this.#watch?.isThrough ?? false;
  }

  bufferedBytes(): number {
    return this.#channel()?.bufferedAmount ?? 0;
  }

  listen(listener: WireListener): void {
    this.#inbox.listen(listener);
  }

  send(packet: Uint8Array<ArrayBuffer>): void {
    if (this.#inbox.isClosed) throw new LinkClosedError('The wire is closed.', { step: 'send a packet' });
    try {
      this.#peer.send(packet);
    } catch (cause) {
      // A channel that is closing, or whose queue is full, throws although nobody told us yet.
      this.close(messageOf(cause));
      throw new LinkClosedError('The data channel refused a packet.', { step: 'send a packet' }, { cause });
    }
  }

  close(reason: string): void {
    this.#watch?.stop();
    if (this.#inbox.close(reason)) this.#peer.destroy();
  }

  /** The channel exists from now on. */
  opened(): void {
    const channel = this.#channel();
    if (!channel) return;
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
    channel.addEventListener('bufferedamountlow', () => this.#inbox.drained());
  }

  /** simple-peer wraps each ArrayBuffer in a Buffer; a plain view of the same bytes is no copy. */
  arrived(chunk: unknown): void {
    if (chunk instanceof Uint8Array && chunk.buffer instanceof ArrayBuffer) {
      this.#inbox.packet(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    } else {
      this.close('a packet was not binary');
    }
  }

  ended(reason: string): void {
    this.#watch?.stop();
    this.#inbox.close(reason);
  }

  #channel(): Channel | null {
    const { _channel = null } = this.#peer as SimplePeerLike & { readonly _channel?: Channel | null };
    return _channel;
  }
}
