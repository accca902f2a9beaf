import type { RawData, WebSocket } from 'ws';
import { isPeerId } from '../core/ids.ts';
import { parseToServer } from '../core/protocol/parse-signaling.ts';
import type { FromServer, ToServer } from '../core/protocol/signaling.ts';
import { type Limits, TEXTS } from './limits.ts';
import type { Observer } from './observer.ts';
import { Recipient, type Sender } from './recipient.ts';
import type { RoomService } from './room-service.ts';
import { refuse, type Visitor } from './visitor.ts';

const MIB = 1024 * 1024;

/** Waits here for a slow recipient before its senders must wait too: a second at 64 Mbit/s. */
const HIGH_WATER_BYTES = 8 * MIB;

/** Of answers to a page that asks and does not read; relay packets for it stay below. */
const UNREAD_BYTES = 2 * HIGH_WATER_BYTES;

/** Senders go on early enough that the recipient does not run dry. */
const LOW_WATER_BYTES = 4 * MIB;

/** A page says who it is right after opening; a phone on a bad network needs a few round trips for that. */
const HELLO_MS = 10_000;

/** Often enough to keep an idle connection open in every home router and proxy, which give up after 30 to 60 s. */
const PING_MS = 10_000;

/** Two pings unanswered, and some time for the second. */
const SILENCE_MS = 25_000;

const PEER_ID_BYTES = 8;

/** Texts that wait while it is decided whether their page may come in. */
const MOST_HELD = 64;

/** "Service Restart" of the WebSocket registry. */
const GOING_DOWN = 1012;

/** A page that is closed and does not answer that is dropped. */
const CLOSING_MS = 5000;

/** One page: reads what it says, passes relay packets on, and makes it wait when a recipient is slow. */
export class Connection extends Recipient implements Sender {
  readonly #socket: WebSocket;
  readonly #rooms: RoomService;
  readonly #now: () => number;
  readonly #observer: Observer;
  readonly #openedAt: number;
  #heardAt: number;
  #pingedAt: number;
  #hasArrived = false;
  readonly #address: string;
  readonly #limits: Limits;
  /** Texts in the present {@link TEXTS} window, and when it began. */
  #texts = 0;
  #textsSince: number;
  /** What it says while its arrival is being decided on. */
  #held: string[] | undefined;
  #closing = false;
  /** Slow recipients that this one has to wait for; its socket is paused meanwhile. */
  readonly #waitsFor = new Set<Recipient>();
  /** When it came to the door, until it is answered. */
  #cameAt: number | undefined;

  constructor(
    socket: WebSocket,
    rooms: RoomService,
    now: () => number,
    observer: Observer,
    counted: { readonly address: string; readonly limits: Limits },
  ) {
    super();
    this.#socket = socket;
    this.#address = counted.address;
    this.#limits = counted.limits;
    this.#rooms = rooms;
    this.#now = now;
    this.#observer = observer;
    this.#openedAt = this.#heardAt = this.#pingedAt = this.#textsSince = now();
    socket.on('message', (data, isBinary) => this.#hear(data, isBinary));
    socket.on('pong', () => this.#alive());
    // A frame that is too large, or not a WebSocket frame at all; `close` follows.
    socket.on('error', () => undefined);
  }

  send(message: FromServer): void {
    this.#observe(message);
    const text = JSON.stringify(message);
    if (message.type === 'refused' && message.reason === 'wrong-secret') void this.#answerGuess(text);
    else this.#write(text);
  }

  close(): void {
    if (!this.#closing) this.#hangUp();
    this.#closing = true;
  }

  /** The server goes down: the page comes back by itself, to another server where there is one. */
  dismiss(): void {
    if (!this.#closing) this.#hangUp(GOING_DOWN);
    this.#closing = true;
  }

  relay(packet: Buffer, taken?: () => void): void {
    this.#write(packet, taken);
  }

  isSlow(limit: number): boolean {
    return this.#socket.bufferedAmount > limit;
  }

  goOn(recipient: Recipient): void {
    this.#waitsFor.delete(recipient);
    // Unless it waits for another too.
    if (this.#waitsFor.size > 0) return;
    this.#alive();
    this.#socket.resume();
  }

  /** Whoever guesses secrets waits for each answer. */
  async #answerGuess(text: string): Promise<void> {
    this.#closing = true;
    const wait = await this.#limits.guessed(this.#address);
    const answer = (): void => {
      this.#write(text);
      this.#hangUp();
    };
    if (wait === 0) answer();
    else setTimeout(answer, wait).unref();
  }

  #hangUp(code?: number): void {
    this.#socket.close(code);
    setTimeout(() => this.#socket.terminate(), CLOSING_MS).unref();
  }

  /** The socket closed. */
  closed(): void {
    this.#rooms.closed(this);
    this.release();
    for (const slow of this.#waitsFor) slow.forget(this);
  }

  /** Pings, and drops what has been silent for too long. Called about once a second. */
  tick(): void {
    const now = this.#now();
    // While it has to wait we do not read, so its silence is ours.
    const isSilent = this.#waitsFor.size === 0 && now - this.#heardAt >= SILENCE_MS;
    const isStranger = !this.#hasArrived && !this.#closing && now - this.#openedAt >= HELLO_MS;
    if (isSilent || isStranger) this.#socket.terminate();
    else if (now - this.#pingedAt >= PING_MS) {
      this.#pingedAt = now;
      this.#socket.ping();
    }
  }

  #hear(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#closing) return;
    this.#alive();
    this.#observer.heard();
    // `nodebuffer` is how ws delivers unless told otherwise.
    if (!(data instanceof Buffer)) return;
    if (isBinary) this.#relay(data);
    else if (this.#isFlood()) refuse(this, 'too-many');
    else if (this.#held && this.#held.length >= MOST_HELD) refuse(this, 'too-many');
    else if (this.#held) this.#held.push(data.toString());
    else this.#obey(data.toString());
    // Answers that it does not read pile up as well.
    this.#waitForSlow(this, UNREAD_BYTES);
  }

  #obey(text: string): void {
    let message: ToServer;
    try {
      message = parseToServer(text);
    } catch {
      refuse(this, 'protocol');
      return;
    }
    if (message.type === 'open' || message.type === 'join') {
      this.#hasArrived = true;
      this.#cameAt = this.#now();
      void this.#arrive(message);
      return;
    }
    this.#rooms.hear(this, message);
    if (message.type === 'signal') this.#waitForSlow(this.#rooms.route(this, message.to)?.recipient);
  }

  async #arrive(message: Extract<ToServer, { type: 'open' | 'join' }>): Promise<void> {
    this.#held = [];
    const isProven = () => this.#rooms.isProven(message);
    const may = await this.#limits.mayArrive(this.#address, message, isProven);
    const held = this.#held;
    this.#held = undefined;
    // It may have gone meanwhile.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (may) this.#rooms.hear(this, message);
    else refuse(this, 'too-many');
    for (const text of held) if (!this.#closing) this.#obey(text);
  }

  #isFlood(): boolean {
    const now = this.#now();
    if (now - this.#textsSince >= TEXTS.ms) [this.#texts, this.#textsSince] = [0, now];
    this.#texts += 1;
    return this.#texts > TEXTS.most;
  }

  /** The packet's head names the recipient; it leaves with the sender's name there instead. */
  #relay(packet: Buffer): void {
    const to = packet.toString('hex', 0, PEER_ID_BYTES);
    const route = isPeerId(to) ? this.#rooms.route(this, to) : undefined;
    if (!(route?.recipient instanceof Recipient)) return;
    packet.write(route.sender, 'hex');
    route.recipient.relay(packet);
    this.#observer.relayed(packet.byteLength);
    this.#waitForSlow(route.recipient);
  }

  #write(data: string | Buffer, taken?: () => void): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(data, (error) => {
      if (error) return;
      taken?.();
      // The other side has taken something: a long queue may keep its pong back.
      this.#alive();
      if (this.#socket.bufferedAmount <= LOW_WATER_BYTES) this.release();
    });
  }

  /** Its answer at the door ends the time that it had to wait; the leader's time to decide is not ours. */
  #observe(message: FromServer): void {
    if (message.type === 'refused') this.#observer.refused(message.reason);
    if (message.type === 'welcome')
      this.#observer.joined(this.#cameAt === undefined ? undefined : this.#now() - this.#cameAt);
    if (message.type !== 'pong') this.#cameAt = undefined;
  }

  #alive(): void {
    this.#heardAt = this.#now();
  }

  #waitForSlow(recipient: Visitor | undefined, limit: number = HIGH_WATER_BYTES): void {
    if (!(recipient instanceof Recipient) || !recipient.isSlow(limit)) return;
    recipient.keepWaiting(this);
    this.#waitsFor.add(recipient);
    this.#socket.pause();
  }
}
