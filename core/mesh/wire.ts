/** How packets reach the other side. */
export type WireKind = 'direct' | 'relayed' | 'memory';

export interface WireListener {
  /** One packet as it was sent. The callee owns the bytes. */
  packet(bytes: Uint8Array<ArrayBuffer>): void;
  /** `bufferedBytes` fell to the low-water mark. */
  drained(): void;
  /** Called once; nothing follows. */
  closed(reason: string): void;
}

/**
 * A reliable carrier of whole packets between two peers: an RTC data channel, the relay, memory.
 * Packets may overtake each other (the tensor channel is unordered), so a Link numbers them.
 * Every implementation passes `wireContract`.
 */
export interface Wire {
  readonly kind: WireKind;
  readonly maxPacketBytes: number;
  /** Of a direct one: true while its packets go through a TURN server, which may change at any time. */
  readonly throughTurn?: boolean;
  /** Bytes handed to `send` that have not left yet. */
  bufferedBytes(): number;
  /** The bytes may be reused as soon as this returns. @throws LinkClosedError after close. */
  send(packet: Uint8Array<ArrayBuffer>): void;
  /** Exactly one listener; packets that arrived earlier are delivered at once, in order. */
  listen(listener: WireListener): void;
  close(reason: string): void;
}
