import { randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';
import type { CrowdReport, CrowdTask } from './crowd.types.ts';

// A process of its own, told what to do and telling what came of it: pages without browsers, each of a class of its
// own address, as a proxy in front of the server would name it.

/** Newcomers stay so long before they say goodbye. */
const STAY_MS = 1000;
const TICK_MS = 10;
/** As links send them, with their seal. */
const PACKET_BYTES = 65_536;
const MOST_BUFFERED_BYTES = 1024 * 1024;

process.once('message', (task: CrowdTask) => {
  if (task.kind === 'idle') void idle(task);
  else if (task.kind === 'joins') void joins(task);
  else void relay(task);
});
// Its parent is gone.
process.once('disconnect', () => process.exit());

const tell = (report: CrowdReport): unknown => process.send?.(report);
const proofOf = (room: number): string => String(room).padStart(43, 'p');

/** Enters a room; resolves to the milliseconds until the welcome. @throws Error that says what came instead. */
function enter(
  url: string,
  room: number,
  opens: boolean,
  peer: string = randomBytes(8).toString('hex'),
): Promise<{ socket: WebSocket; ms: number }> {
  const startedAt = performance.now();
  const headers = { 'x-forwarded-for': `10.0.${room >> 8}.${room & 255}` };
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const me = { room: `bench-room-${room}`, peer, key: 'k'.repeat(32) };
  const hello = {
    ...me,
    proof: proofOf(room),
    ...(opens ? { type: 'open', askFirst: false } : { type: 'join', card: '' }),
  };
  return new Promise((resolve, reject) => {
    socket.once('open', () => socket.send(JSON.stringify(hello)));
    socket.once('message', (data) => {
      const { type, reason } = JSON.parse(String(data)) as { type: string; reason?: string };
      if (type === 'welcome') resolve({ socket, ms: performance.now() - startedAt });
      else reject(new Error(`${type} ${reason ?? ''}`));
    });
    socket.on('error', reject);
  });
}

async function idle(task: Extract<CrowdTask, { kind: 'idle' }>): Promise<void> {
  const { urls, firstRoom, rooms, peersPerRoom } = task;
  const at = (n: number): string => urls[n % urls.length] ?? '';
  for (let room = firstRoom; room < firstRoom + rooms; room++) {
    await enter(at(room), room, true);
    await Promise.all(
      Array.from({ length: peersPerRoom - 1 }, (_, n) => enter(at(room + n + 1), room, false)),
    );
  }
  tell({ kind: 'idle', peers: rooms * peersPerRoom });
}

async function joins({
  urls,
  rooms,
  perSecond,
  seconds,
}: Extract<CrowdTask, { kind: 'joins' }>): Promise<void> {
  const times: number[] = [];
  const failures: string[] = [];
  const under: Promise<void>[] = [];
  const startedAt = performance.now();
  const join = async (n: number): Promise<void> => {
    try {
      // Not always the same server for the same room.
      const url = urls[(n + Math.floor(n / rooms)) % urls.length] ?? '';
      const { socket, ms } = await enter(url, n % rooms, false);
      times.push(ms);
      setTimeout(() => socket.send(JSON.stringify({ type: 'leave' })), STAY_MS);
    } catch (error) {
      failures.push(String(error));
    }
  };
  for (let begun = 0; begun < perSecond * seconds; ) {
    // By the clock: a late tick makes up for what it missed.
    const due = Math.min(perSecond * seconds, ((performance.now() - startedAt) / 1000) * perSecond);
    for (; begun < due; begun++) under.push(join(begun));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(under);
  const took = (performance.now() - startedAt) / 1000;
  tell({ kind: 'joins', times, failures, seconds: took });
}

async function relay({ urls, bytes }: Extract<CrowdTask, { kind: 'relay' }>): Promise<void> {
  const peer = 'b'.repeat(16);
  // A room that no other crowd uses.
  const room = 65_535;
  const { socket: sender } = await enter(urls[0] ?? '', room, true);
  const { socket: recipient } = await enter(urls.at(-1) ?? '', room, false, peer);
  const packet = Buffer.alloc(PACKET_BYTES);
  packet.write(peer, 'hex');
  let got = 0;
  const all = new Promise<void>((resolve) =>
    recipient.on('message', (data: Buffer, isBinary) => {
      if (isBinary) got += data.length;
      if (got >= bytes) resolve();
    }),
  );
  const startedAt = performance.now();
  for (let sent = 0; sent < bytes; sent += PACKET_BYTES) {
    sender.send(packet);
    while (sender.bufferedAmount > MOST_BUFFERED_BYTES)
      await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await all;
  tell({ kind: 'relay', seconds: (performance.now() - startedAt) / 1000 });
}
