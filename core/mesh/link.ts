import { LinkClosedError, messageOf, ProtocolError } from '../errors.ts';
import {
  isMessageKind,
  type MessageKind,
  PACKET_HEADER_BYTES,
  type PacketHeader,
  type PacketKind,
  readPacketHeader,
  writeAcknowledged,
  writePacketHeader,
} from '../protocol/packet.ts';
import { LARGEST_MESSAGE } from '../protocol/reassembler.ts';
import type { Clock } from './clock.ts';
import {
  ACKNOWLEDGE_EVERY_BYTES,
  ACKNOWLEDGE_EVERY_PACKETS,
  BULK_HIGH_WATER_BYTES,
  HIGH_WATER_BYTES,
  PACKET_BYTES,
} from './flow.ts';
import { Heartbeat, SILENCE_MS, TICK_MS } from './heartbeat.ts';
import { Intake } from './intake.ts';
import type { BinaryKind, LinkStats } from './network.ts';
import { Patience } from './patience.ts';
import { PeerClock } from './peer-clock.ts';
import { Sender } from './sender.ts';
import { Timings } from './timings.ts';
import { TrafficLimits } from './traffic-limits.ts';
import { WayEstimate } from './way-estimate.ts';
import type { WaySample } from './way-fit.ts';
import type { Wire, WireKind } from './wire.ts';

export interface LinkListener {
  /** Usable for the first time. */
  up(): void;
  /** Control messages as JSON text, in the order they were sent. Foreign: the callee parses. */
  control(text: string): void;
  /** A whole message; the callee owns the bytes, whose offset in their buffer is a multiple of 8. */
  binary(kind: BinaryKind, bytes: Uint8Array<ArrayBuffer>): void;
  /** Round trip, delay, bandwidth or the wire in use changed. */
  changed(): void;
  /** A wire closed. Adding another one here keeps the link alive. */
  wireLost(kind: WireKind, reason: string): void;
  /** The other side broke the protocol; `closed` follows. */
  broken(error: ProtocolError): void;
  /** Called once; nothing follows. */
  closed(reason: string): void;
}

/** Wires close this much after a goodbye, so that it gets out: closing a data channel drops what it holds. */
const GOODBYE_FLUSH_MS = 200;
const MAX_GOODBYE_BYTES = 512;
/** Lower is better: a direct way costs nobody else anything. */
const PREFERENCE: Readonly<Record<WireKind, number>> = { direct: 0, memory: 0, relayed: 1 };
const FILLER: Uint8Array<ArrayBuffer> = new Uint8Array(PACKET_BYTES);

/**
 * All traffic with one peer, over whatever wires there are, the best one first. Packets are numbered, kept
 * until acknowledged, and sent again when their wire is lost, so each message arrives exactly once for as
 * long as the link lives. Memory: up to one window of packets kept for sending again.
 */
export class Link {
  readonly #clock: Clock;
  readonly #listener: LinkListener;
  readonly #wires: Wire[] = [];
  readonly #sender = new Sender();
  readonly #timings = new Timings();
  readonly #theirClock = new PeerClock();
  readonly #intake: Intake;
  readonly #heartbeat: Heartbeat;
  readonly #patience = new Patience();
  readonly #limits: TrafficLimits;
  readonly #encoder = new TextEncoder();
  /** Of what this side sends, over the wire in use. */
  #estimate = new WayEstimate();
  #usedAt = Number.NEGATIVE_INFINITY;
  #probedAt = Number.NEGATIVE_INFINITY;
  #bytesIn = 0;
  #bytesOut = 0;
  #bytesAtTick = 0;
  #unacknowledgedBytes = 0;
  #unacknowledgedPackets = 0;
  #up = false;
  #closed: string | undefined;
  #timer: number | undefined;
  /** Since when there has been no wire. */
  #wirelessSince: number | undefined;

  constructor(clock: Clock, listener: LinkListener) {
    this.#clock = clock;
    this.#listener = listener;
    this.#heartbeat = new Heartbeat(clock.now());
    this.#limits = new TrafficLimits(clock.now());
    this.#intake = new Intake({
      control: (text) => this.#deliver(() => listener.control(text)),
      binary: (kind, bytes) => this.#deliver(() => listener.binary(kind, bytes)),
      whole: (message) => this.#sender.receipt(message, Timings.receipt(clock.now())),
      receipt: (message, bytes) => this.#answered(message, bytes),
    });
    this.#tick();
  }

  get isUp(): boolean {
    return this.#up && this.#closed === undefined;
  }

  get hasWires(): boolean {
    return this.#wires.length > 0;
  }

  has(kind: WireKind): boolean {
    return this.#wires.some((wire) => wire.kind === kind);
  }

  stats(): LinkStats {
    const { way, steadyMsPerByte } = this.#estimate;
    const wire = this.#up ? this.#best() : undefined;
    return {
      kind: wire?.throughTurn ? 'turn' : (wire?.kind ?? 'connecting'),
      rttMs: this.#heartbeat.rttMs,
      delayMs: way ? way.delayMs : null,
      mbitPerSec: way ? 8 / (way.msPerByte * 1000) : null,
      steadyMbitPerSec: steadyMsPerByte === undefined ? null : 8 / (steadyMsPerByte * 1000),
      clock: this.#theirClock.offset(this.#clock.now()),
      heardAt: this.#heartbeat.heardAt,
      usedAt: this.#isAtWork() ? this.#clock.now() : this.#usedAt,
      probedAt: this.#probedAt,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
    };
  }

  /** The link owns the wire from now on. A direct wire is proof enough of a way; a relay must be heard first. */
  addWire(wire: Wire): void {
    if (this.#closed !== undefined) {
      wire.close('the link is closed');
      return;
    }
    if (wire.maxPacketBytes < PACKET_BYTES)
      throw new RangeError(`a wire takes packets of ${PACKET_BYTES} bytes`);
    const before = this.#best();
    this.#wires.push(wire);
    this.#wirelessSince = undefined;
    if (wire.kind !== 'relayed') this.#nowUp();
    wire.listen({
      packet: (bytes) => this.#packet(wire, bytes),
      drained: () => this.#pump(),
      closed: (reason) => this.#wireClosed(wire, reason),
    });
    if (this.#best() !== before) this.#switched();
  }

  /** Closes the wires of one kind, as when the server no longer reaches the peer. */
  dropWires(kind: WireKind, reason: string): void {
    for (const wire of this.#wires.filter((w) => w.kind === kind)) wire.close(reason);
  }

  /** Somebody says the peer is gone: judge by a shorter silence. */
  suspect(): void {
    this.#heartbeat.suspect(this.#clock.now());
  }

  /**
   * A closed link drops the message: `closed` has told. It closes when the peer has long taken none.
   * @throws RangeError above 1 MiB.
   */
  sendControl(text: string): void {
    if (this.#closed !== undefined) return;
    this.#sender.control(this.#encoder.encode(text));
    this.#pump();
    if (this.#sender.isOverfull) this.#end('the device takes no messages', 0);
  }

  /**
   * Sends one message made of `parts`; resolves when the last slice was handed to a wire.
   * @throws LinkClosedError when the link closes first; RequestFailedError when the message is too large; the
   * signal's reason on abort.
   */
  send(
    kind: BinaryKind,
    parts: readonly Uint8Array<ArrayBuffer>[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError());
    const sent = this.#sender.binary(kind, parts, {
      signal,
      timed: this.#timed(kind, parts),
      pump: () => this.#pump(),
    });
    this.#pump();
    return sent;
  }

  /**
   * Sends filler as if it were an activation: the milliseconds until it was whole at the other side. It counts only
   * when it is given to {@link calibrate}.
   * @throws LinkClosedError, also when the wire changes meanwhile.
   */
  probe(bytes: number): Promise<number> {
    if (this.#closed !== undefined) return Promise.reject(this.#closedError());
    if (!(bytes >= 1 && bytes <= LARGEST_MESSAGE.probe)) {
      return Promise.reject(new RangeError(`a probe has 1 to ${LARGEST_MESSAGE.probe} bytes, not ${bytes}`));
    }
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let left = bytes; left > 0; left -= FILLER.byteLength) parts.push(FILLER.subarray(0, left));
    const sentAt = this.#clock.now();
    const result = this.#timings.probe(this.#sender.probe(parts), bytes, sentAt);
    this.#pump();
    return result;
  }

  /** What probes of several sizes took, at rest. */
  calibrate(samples: readonly WaySample[]): void {
    if (this.#closed !== undefined) return;
    this.#estimate.probed(this.#clock.now(), samples);
    this.#listener.changed();
  }

  /** Says goodbye, if there is a way to, and closes. */
  close(reason: string): void {
    if (this.#closed !== undefined) return;
    const words = this.#encoder.encode(reason).subarray(0, MAX_GOODBYE_BYTES);
    for (const wire of [...this.#wires]) this.#sendBare(wire, 'goodbye', words);
    this.#end(reason, GOODBYE_FLUSH_MS);
  }

  #best(): Wire | undefined {
    return this.#wires.reduce<Wire | undefined>(
      (best, wire) => (best && PREFERENCE[best.kind] < PREFERENCE[wire.kind] ? best : wire),
      undefined,
    );
  }

  #nowUp(): void {
    if (this.#up) return;
    this.#up = true;
    this.#listener.up();
  }

  /** Another wire is the best one now. */
  #switched(): void {
    this.#heartbeat.changed(this.#clock.now());
    this.#patience.begin(this.#clock.now());
    this.#estimate = new WayEstimate();
    this.#timings.forget(wireChanged());
    if (this.#up) this.#listener.changed();
    this.#beat();
    this.#pump();
  }

  #wireClosed(wire: Wire, reason: string): void {
    const index = this.#wires.indexOf(wire);
    if (index < 0) return;
    const wasBest = this.#best() === wire;
    this.#wires.splice(index, 1);
    if (this.#closed !== undefined) return;
    this.#sender.lose(wire);
    if (!this.hasWires) this.#wirelessSince = this.#clock.now();
    this.#listener.wireLost(wire.kind, reason);
    if (wasBest && this.#closed === undefined) this.#switched();
  }

  #packet(wire: Wire, bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#closed !== undefined) return;
    this.#bytesIn += bytes.byteLength;
    try {
      const header = readPacketHeader(bytes);
      this.#limits.packet(bytes.byteLength, !isMessageKind(header.kind), this.#clock.now());
      this.#sender.acknowledge(header.acknowledged);
      if (wire === this.#best()) this.#heartbeat.heard(this.#clock.now());
      this.#nowUp();
      const { kind } = header;
      if (isMessageKind(kind)) this.#numbered(wire, { ...header, kind }, bytes);
      else this.#bare(wire, kind, bytes.subarray(PACKET_HEADER_BYTES));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#broken(error);
    }
    this.#pump();
    // Receipts and pieces that are refused are answers to what it sends.
    if (this.#sender.isOverfull) this.#end('the device takes no messages', 0);
  }

  #broken(error: ProtocolError): void {
    this.#listener.broken(error);
    this.close(error.message);
  }

  #numbered(wire: Wire, header: PacketHeader & { kind: MessageKind }, bytes: Uint8Array<ArrayBuffer>): void {
    this.#unacknowledgedBytes += bytes.byteLength;
    this.#unacknowledgedPackets += 1;
    if (header.kind === 'probe') this.#probedAt = this.#clock.now();
    else this.#noteUse(header.kind);
    this.#intake.take(header, bytes);
    const due =
      this.#unacknowledgedBytes >= ACKNOWLEDGE_EVERY_BYTES ||
      this.#unacknowledgedPackets >= ACKNOWLEDGE_EVERY_PACKETS;
    if (due) this.#sendBare(wire, 'ack');
  }

  #bare(wire: Wire, kind: PacketKind, payload: Uint8Array<ArrayBuffer>): void {
    if (kind === 'ping') {
      // Only a peer that pings and does not read gets this far: what is pumped stops at half of it.
      if (wire.bufferedBytes() < 2 * HIGH_WATER_BYTES)
        this.#sendBare(wire, 'pong', PeerClock.echo(payload, this.#clock.now()));
    } else if (kind === 'pong') {
      this.#theirClock.heard(this.#clock.now(), payload);
      if (this.#heartbeat.pong(this.#clock.now(), payload)) this.#listener.changed();
    } else if (kind === 'goodbye') {
      this.#end(new TextDecoder().decode(payload.subarray(0, MAX_GOODBYE_BYTES)) || 'goodbye', 0);
    }
  }

  #deliver(hand: () => void): void {
    if (this.#closed === undefined) hand();
  }

  /**
   * Whoever hears the number of an activation that is to be timed; undefined when it is not. Behind other messages it would tell
   * of our queue; what is in the wire's buffer only counts as if it were part of it.
   */
  #timed(kind: BinaryKind, parts: readonly Uint8Array[]): ((message: number) => void) | undefined {
    if (kind !== 'activation' || !this.#sender.isDrained) return undefined;
    const now = this.#clock.now();
    const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
    if (!this.#timings.due(bytes, now)) return undefined;
    const ahead = this.#best()?.bufferedBytes() ?? 0;
    return (message) => this.#timings.sent(message, bytes, ahead, now);
  }

  /** Messages that somebody waits for; the rest is small. */
  #noteUse(kind: PacketKind): void {
    if (kind === 'activation' || kind === 'shard') this.#usedAt = this.#clock.now();
  }

  #isAtWork(): boolean {
    return !this.#sender.isDrained || (this.#best()?.bufferedBytes() ?? 0) > 0;
  }

  #answered(message: number, receipt: Uint8Array<ArrayBuffer>): void {
    const answer = this.#timings.answered(message, receipt);
    if (!answer) return;
    const now = this.#clock.now();
    const ms = this.#theirClock.passed(answer.sentAt, answer.theirs, now);
    if (answer.probe) answer.probe.resolve(ms ?? now - answer.sentAt);
    else if (ms !== undefined) {
      this.#estimate.used(now, { bytes: answer.bytes, ms }, this.#theirClock.tinyMs ?? 0);
      this.#listener.changed();
    }
  }

  /** Hands packets to the best wire until it holds enough, the window is full, or nothing is left. */
  #pump(): void {
    while (this.#closed === undefined) {
      const wire = this.#best();
      if (!wire) return;
      const buffered = wire.bufferedBytes();
      if (buffered >= HIGH_WATER_BYTES) return;
      const packet = this.#sender.next(buffered < BULK_HIGH_WATER_BYTES);
      if (!packet) return;
      packet.wire = wire;
      this.#noteUse(readPacketHeader(packet.bytes).kind);
      this.#put(wire, packet.bytes);
    }
  }

  /** A packet about the wire itself: not numbered, not kept. */
  #sendBare(wire: Wire, kind: PacketKind, payload: Uint8Array<ArrayBuffer> = new Uint8Array(0)): void {
    const packet = new Uint8Array(PACKET_HEADER_BYTES + payload.byteLength);
    const total = payload.byteLength;
    writePacketHeader(packet, { kind, sequence: 0, acknowledged: 0, message: 0, total, offset: 0 });
    packet.set(payload, PACKET_HEADER_BYTES);
    this.#put(wire, packet);
  }

  #put(wire: Wire, packet: Uint8Array<ArrayBuffer>): void {
    writeAcknowledged(packet, this.#intake.upTo);
    this.#unacknowledgedBytes = 0;
    this.#unacknowledgedPackets = 0;
    try {
      wire.send(packet);
      this.#bytesOut += packet.byteLength;
    } catch (error) {
      if (!(error instanceof LinkClosedError)) throw error;
      this.#wireClosed(wire, messageOf(error));
    }
  }

  #tick(): void {
    this.#beat();
    if (this.#closed !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#tick(), TICK_MS);
  }

  #beat(): void {
    const now = this.#clock.now();
    const wire = this.#best();
    if (!wire) {
      const waited = now - (this.#wirelessSince ?? now);
      if (this.#up && waited > SILENCE_MS) this.#end('no way to the device is left', 0);
      return;
    }
    const traffic = this.#bytesIn + this.#bytesOut;
    const busy = this.#sender.isBusy || traffic - this.#bytesAtTick > PACKET_BYTES;
    this.#bytesAtTick = traffic;
    const verdict = this.#heartbeat.tick(now, busy);
    // Before it is heard there is nobody to be patient with.
    const patience = this.#patience.look(this.#up ? this.#sender.awaited : undefined, now);
    if (patience === 'link') this.#broken(takesNothing());
    else if (patience === 'again') for (const each of this.#wires) this.#sender.lose(each);
    if (patience !== 'nothing') {
      this.#pump();
      return;
    }
    if (verdict === 'silent' && this.#up) {
      wire.close('silent');
      if (!this.hasWires) this.#end('the device fell silent', 0);
    } else if (verdict !== 'nothing') {
      this.#sendBare(wire, 'ping', this.#heartbeat.ping(now, wire.bufferedBytes()));
    }
  }

  #end(reason: string, flushMs: number): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    const wires = this.#wires.splice(0);
    if (flushMs > 0) this.#clock.setTimeout(() => closeAll(wires, reason), flushMs);
    else closeAll(wires, reason);
    const error = this.#closedError();
    this.#timings.forget(error);
    this.#sender.close(error);
    this.#listener.closed(reason);
  }

  #closedError(): LinkClosedError {
    return new LinkClosedError(`The connection to the device is closed: ${this.#closed}.`, {
      step: 'send to a device',
      expected: 'an open connection',
      actual: this.#closed ?? 'open',
    });
  }
}

function takesNothing(): ProtocolError {
  return new ProtocolError('The device answers, and takes nothing of what it is sent.', {
    step: 'send to a device',
    expected: 'that it takes what it is sent',
    actual: 'nothing taken',
  });
}

function wireChanged(): LinkClosedError {
  return new LinkClosedError('The way to the device changed.', { step: 'measure a link' });
}

function closeAll(wires: readonly Wire[], reason: string): void {
  for (const wire of wires) wire.close(reason);
}
