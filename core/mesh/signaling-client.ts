import type { PeerId, RoomId } from '../ids.ts';
import { parseFromServer } from '../protocol/parse-signaling.ts';
import type { FromServer, RefusalReason, ToServer } from '../protocol/signaling.ts';
import type { Clock } from './clock.ts';
import { addressTo, openEnvelope } from './envelope.ts';
import { InOrder } from './in-order.ts';
import { LastingSocket, type Socket } from './lasting-socket.ts';
import type { Rendezvous, RendezvousListener } from './rendezvous.ts';
import type { RoomSeal } from './seal.ts';

/** After any other the client tries again by itself. */
export type FinalRefusal = Exclude<RefusalReason, 'unavailable'>;

/** What happens at the door of the room, for the page. */
export interface DoorListener {
  /** `away` after a loss, until the server answers again. */
  state(state: 'connecting' | 'open' | 'away'): void;
  /** Inside; again after each reconnection. `others`: how many are inside besides. */
  entered(leader: PeerId, others: number): void;
  /** The leader is asked. */
  waiting(): void;
  /** The server takes this device for the leader. `askFirst`: as the leader before wished. */
  leading(askFirst: boolean): void;
  /** Final: the client has closed. `message` is a sentence for people. */
  refused(reason: FinalRefusal, message: string): void;
  /** To the leader: somebody waits. `card` is what it said of itself, foreign text, empty when unreadable. */
  knock(peer: PeerId, card: string): void;
  /** It no longer waits: it gave up or was let in. */
  knockGone(peer: PeerId): void;
}

export interface SignalingOptions {
  readonly room: RoomId;
  /** Made from the room's secret, for this peer. */
  readonly seal: RoomSeal;
  /** Proves to the server that this is the same device as before. */
  readonly key: string;
  /** Opens a WebSocket to the server's `/signal`. */
  readonly connect: () => Socket;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly door: DoorListener;
  /** Told of each message that was dropped because it broke the protocol; a ProtocolError. */
  readonly report: (error: unknown) => void;
}

/** So long a follower waits for the leader to open the room again after a restart of the server. */
const REOPENING_MS = 60_000;

/** One page's way into one room, through any number of connections. */
export class SignalingClient implements Rendezvous {
  readonly #options: SignalingOptions;
  readonly #socket: LastingSocket;
  #hello: (() => Promise<ToServer>) | undefined;
  #asksFirst = false;
  /** Under which this device leads. */
  #term: number | undefined;
  #listener: RendezvousListener | undefined;
  #early: ((listener: RendezvousListener) => void)[] = [];
  #isInside = false;
  #isOver = false;
  #wasInside = false;
  /** Since when the room has been missing, after we had been inside. */
  #missingSince: number | undefined;
  /** Counts connections: what was sealed for one is not sent over the next. */
  #connection = 0;
  #sealingBytes = 0;
  readonly #outgoing: InOrder;
  readonly #incoming: InOrder;

  constructor(options: SignalingOptions) {
    this.#options = options;
    this.#outgoing = new InOrder(options.report);
    this.#incoming = new InOrder(options.report);
    this.#socket = new LastingSocket(options, {
      opened: () => this.#opened(),
      text: (text) => this.#hear(text),
      bytes: (bytes) => this.#hearPacket(bytes),
      lost: () => this.#lost(),
      quiet: () => this.#say({ type: 'ping' }),
    });
  }

  /** Opens the room, or takes it back; this device leads. */
  open(askFirst: boolean): void {
    this.#asksFirst = askFirst;
    this.#start(async () => this.#opening());
  }

  /** Joins the room. `card` is shown to the leader, if it asks first; only it can read it. */
  join(card: string): void {
    const { seal } = this.#options;
    this.#start(async () => {
      if (this.#term !== undefined) return this.#opening();
      return { type: 'join', ...this.#me(), card: await seal.sealCard(card) };
    });
  }

  /** This device leads from now on; the server hears it again after each reconnection. */
  lead(term: number): void {
    this.#term = term;
    if (this.#isInside) this.#say({ type: 'lead', term });
  }

  /** Another one leads. */
  yield(): void {
    this.#term = undefined;
    this.#say({ type: 'yield' });
  }

  admit(peer: PeerId): void {
    this.#say({ type: 'admit', peer });
  }

  deny(peer: PeerId): void {
    this.#say({ type: 'deny', peer });
  }

  askFirst(value: boolean): void {
    this.#asksFirst = value;
    this.#say({ type: 'ask-first', value });
  }

  /** Says goodbye and closes. */
  leave(): void {
    this.#say({ type: 'leave' });
    this.#end();
  }

  /** The network may be back, or the page is in front again: does not wait for the next attempt. */
  hurry(): void {
    if (this.#hello) this.#socket.hurry();
  }

  listen(listener: RendezvousListener): void {
    this.#listener = listener;
    for (const what of this.#early.splice(0)) what(listener);
  }

  signal(to: PeerId, text: string): void {
    if (!this.#isInside) return;
    const sealed = this.#options.seal.sealText(to, text);
    this.#send(
      sealed.then((value) => JSON.stringify({ type: 'signal', to, sealed: value } satisfies ToServer)),
    );
  }

  relay(to: PeerId, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isInside) return;
    const size = bytes.byteLength;
    this.#sealingBytes += size;
    const sealed = this.#options.seal.sealPacket(to, bytes);
    this.#send(
      sealed.then((packet) => addressTo(to, packet)),
      () => {
        this.#sealingBytes -= size;
      },
    );
  }

  relayBufferedBytes(): number {
    return this.#sealingBytes + this.#socket.bufferedBytes();
  }

  #me(): { room: RoomId; peer: PeerId; key: string; proof: string } {
    const { room, seal, key } = this.#options;
    return { room, peer: seal.me, key, proof: seal.proof };
  }

  #opening(): ToServer {
    return { type: 'open', ...this.#me(), askFirst: this.#asksFirst };
  }

  #start(hello: () => Promise<ToServer>): void {
    if (this.#hello) throw new Error('a signaling client enters one room, once');
    this.#hello = hello;
    this.#options.door.state('connecting');
    this.#socket.connect();
  }

  #opened(): void {
    this.#connection++;
    if (this.#hello) this.#send(this.#hello().then((hello) => JSON.stringify(hello)));
  }

  #lost(): void {
    this.#isInside = false;
    this.#connection++;
    const isOver = this.#isOver;
    this.#inTurn(
      Promise.resolve(() => {
        if (!isOver) this.#options.door.state('away');
        this.#tell((listener) => listener.lost());
      }),
    );
  }

  #say(message: ToServer): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Sends in the order of calls, over the connection there is now or not at all. */
  #send(data: Promise<string | Uint8Array<ArrayBuffer>>, done?: () => void): void {
    const connection = this.#connection;
    const send = (ready: string | Uint8Array<ArrayBuffer>): void => {
      if (connection === this.#connection) this.#socket.send(ready);
    };
    this.#outgoing.add(data, send, done);
  }

  #hear(text: string): void {
    let message: FromServer;
    try {
      message = parseFromServer(text);
    } catch (error) {
      this.#options.report(error);
      return;
    }
    // What concerns the connection cannot wait for packets that are still being opened.
    if (message.type === 'welcome') this.#welcomed();
    if (message.type === 'refused' && this.#isWorthRetrying(message.reason)) {
      this.#socket.retry();
      return;
    }
    if (message.type === 'refused') this.#end();
    this.#inTurn(this.#read(message));
  }

  #hearPacket(bytes: Uint8Array<ArrayBuffer>): void {
    const envelope = openEnvelope(bytes);
    if (!envelope) return;
    const { from } = envelope;
    const opened = this.#options.seal.openPacket(from, envelope.packet);
    this.#inTurn(opened.then((packet) => () => this.#tell((listener) => listener.relay(from, packet))));
  }

  #welcomed(): void {
    this.#isInside = true;
    this.#wasInside = true;
    this.#missingSince = undefined;
    this.#socket.useful();
    if (this.#term !== undefined) this.#say({ type: 'lead', term: this.#term });
  }

  /** After a restart the server knows no rooms until their leaders are back, and all pages come at once. */
  #isWorthRetrying(reason: RefusalReason): boolean {
    if (!isFinal(reason)) return true;
    // Others behind the same address came too often, or words piled up: a member is not lost for that.
    if (reason === 'too-many') return this.#wasInside;
    if (reason !== 'no-such-room' || !this.#wasInside) return false;
    const now = this.#options.clock.now();
    this.#missingSince ??= now;
    return now - this.#missingSince < REOPENING_MS;
  }

  #end(): void {
    this.#isOver = true;
    this.#socket.close();
  }

  /** Unseals at once, in order of arrival; what comes of it is told when its turn comes. */
  async #read(message: FromServer): Promise<() => void> {
    const { door, seal } = this.#options;
    switch (message.type) {
      case 'welcome':
        return () => {
          door.state('open');
          door.entered(message.leader, message.peers.length);
          this.#tell((listener) => listener.welcome(message.peers, message.iceServers));
        };
      case 'ice-servers':
        return () => this.#tell((listener) => listener.iceServers(message.iceServers));
      case 'wait':
        return () => {
          door.state('open');
          door.waiting();
        };
      case 'leading':
        return () => {
          this.#asksFirst = message.askFirst;
          door.leading(message.askFirst);
        };
      case 'refused': {
        const { reason } = message;
        return () => isFinal(reason) && door.refused(reason, message.message);
      }
      case 'knock': {
        const card = await seal.openCard(message.peer, message.card).catch((error: unknown) => {
          this.#options.report(error);
          return '';
        });
        return () => door.knock(message.peer, card);
      }
      case 'knock-gone':
        return () => door.knockGone(message.peer);
      case 'peer-joined':
        return () => this.#tell((listener) => listener.peerJoined(message.peer));
      case 'peer-left':
        return () => this.#tell((listener) => listener.peerLeft(message.peer, message.why));
      case 'signal': {
        const text = await seal.openText(message.from, message.sealed);
        return () => this.#tell((listener) => listener.signal(message.from, text));
      }
      case 'pong':
        return () => undefined;
    }
  }

  /** Unsealing takes longer for some than for others; this keeps the order of arrival. */
  #inTurn(event: Promise<() => void>): void {
    this.#incoming.add(event, (happen) => happen());
  }

  #tell(what: (listener: RendezvousListener) => void): void {
    if (this.#listener) what(this.#listener);
    else this.#early.push(what);
  }
}

function isFinal(reason: RefusalReason): reason is FinalRefusal {
  return reason !== 'unavailable';
}
